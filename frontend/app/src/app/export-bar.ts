import { ChangeDetectionStrategy, Component, inject, input, linkedSignal } from '@angular/core';
import type { Findings } from './findings';
import { Reader, type Photo } from './reader';
import { text } from './text';

/** The result as JSON, CSV or a picture; what writes them is loaded when it is first wanted. */
@Component({
  selector: 'app-export-bar',
  templateUrl: './export-bar.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { class: 'exports' },
})
export class ExportBar {
  readonly photo = input.required<Photo>();
  readonly findings = input.required<Findings>();

  private readonly reader = inject(Reader);
  protected readonly text = text.exports;
  /** what came of it, until another result is shown */
  protected readonly note = linkedSignal({ source: this.findings, computation: () => '' });

  protected async save(kind: 'json' | 'csv' | 'png' | 'zip'): Promise<void> {
    const { recognition, file } = this.photo();
    const manifest = this.reader.manifest();
    if (!recognition || !manifest) return;
    const read = { filename: file.name, recognition, findings: this.findings() };
    const exports = await import('./exports').catch(() => undefined);
    if (!exports) {
      this.note.set(text.exports.notLoaded);
      return;
    }
    try {
      const made =
        kind === 'zip'
          ? await exports.labelsOf([{ file, read }])
          : await exports.fileOf(kind, file, read, manifest);
      await exports.handOver(made);
      this.note.set('');
    } catch {
      this.note.set(text.exports.pngFailed);
    }
  }
}
