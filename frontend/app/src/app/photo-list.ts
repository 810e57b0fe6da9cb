import { ChangeDetectionStrategy, Component, computed, inject, signal } from '@angular/core';
import { page } from './page';
import { Reader, type Photo } from './reader';
import { summaryOf } from './summary';
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
      return recognition && findings
        ? [{ file, read: { filename: file.name, recognition, findings } }]
        : [];
    }),
  );

  protected readonly progress = computed(() =>
    text.list.progress(this.reader.finished(), this.items().length),
  );

  /** A line for each photo: its name, and what was found on it. */
  protected async copy(): Promise<void> {
    const lines = this.items()
      .filter(({ photo }) => photo.recognition)
      .map(({ photo, found }) => `${photo.file.name}\t${found}`);
    try {
      await navigator.clipboard.writeText(lines.join('\n'));
      this.note.set(text.exports.copied);
    } catch {
      this.note.set(text.exports.copyFailed);
    }
  }

  protected async save(kind: 'json' | 'csv' | 'zip'): Promise<void> {
    try {
      const { fileOfAll, handOver, labelsOf } = await import('./exports');
      const photos = this.reads();
      await handOver(
        kind === 'zip'
          ? await labelsOf(photos)
          : fileOfAll(
              kind,
              photos.map(({ read }) => read),
            ),
      );
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
    const [findings, manifest] = [this.reader.findingsOf(photo), this.reader.manifest()];
    if (findings && manifest) return summaryOf(findings, manifest).join(', ') || text.list.nothing;
    const isRead = photo.id === this.reader.reading();
    return isRead ? text.kinds[page.reading].reading : text.list.waiting;
  }
}
