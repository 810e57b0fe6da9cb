import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { linesOf } from './findings';
import { Reader, type Photo } from './reader';
import { text } from './text';

/** All photos with what was read on each; choosing one shows it. */
@Component({
  selector: 'app-photo-list',
  templateUrl: './photo-list.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class PhotoList {
  protected readonly reader = inject(Reader);
  protected readonly text = text.list;
  protected readonly items = computed(() =>
    this.reader.photos().map((photo) => ({
      photo,
      found: this.foundOn(photo),
      isShown: photo.id === this.reader.photo()?.id,
    })),
  );

  private foundOn(photo: Photo): string {
    if (photo.problem) return text.list.failed;
    const findings = this.reader.findingsOf(photo);
    if (findings) return linesOf(findings.numbers).join(', ') || text.list.nothing;
    return photo.id === this.reader.reading() ? text.list.reading : text.list.waiting;
  }
}
