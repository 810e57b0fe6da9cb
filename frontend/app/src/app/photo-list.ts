import { ChangeDetectionStrategy, Component, computed, inject, signal } from '@angular/core';
import { Reader, type Photo } from './reader';
import { text } from './text';

/** All photos with what was read on each; choosing one shows it. Their results can be kept together. */
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

  /** what came of keeping the results */
  protected readonly note = signal('');

  /** those that were read */
  protected readonly reads = computed(() =>
    this.reader.photos().flatMap((photo) => {
      const findings = this.reader.findingsOf(photo);
      const { file, recognition } = photo;
      return recognition && findings ? [{ filename: file.name, recognition, findings }] : [];
    }),
  );

  protected async save(kind: 'json' | 'csv'): Promise<void> {
    try {
      const { fileOfAll, handOver } = await import('./exports');
      handOver(fileOfAll(kind, this.reads()));
      this.note.set('');
    } catch {
      this.note.set(text.exports.notLoaded);
    }
  }

  /** The focus goes to the photo beside it, since its own button vanishes. */
  protected remove(id: number, { nextElementSibling, previousElementSibling }: Element): void {
    (nextElementSibling ?? previousElementSibling)?.querySelector('button')?.focus();
    this.reader.remove(id);
  }

  private foundOn(photo: Photo): string {
    if (photo.problem) return text.list.failed;
    const findings = this.reader.findingsOf(photo);
    if (findings) return findings.lines.join(', ') || text.list.nothing;
    return photo.id === this.reader.reading() ? text.list.reading : text.list.waiting;
  }
}
