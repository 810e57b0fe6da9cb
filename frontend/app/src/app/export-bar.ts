import { ChangeDetectionStrategy, Component, input, linkedSignal } from '@angular/core';
import type { Findings } from './findings';
import type { Photo } from './reader';
import { text } from './text';

/** The result as text, JSON, CSV or a picture; what writes them is loaded when it is first wanted. */
@Component({
  selector: 'app-export-bar',
  templateUrl: './export-bar.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { class: 'exports' },
})
export class ExportBar {
  readonly photo = input.required<Photo>();
  readonly findings = input.required<Findings>();

  protected readonly text = text.exports;
  /** what came of it, until another result is shown */
  protected readonly note = linkedSignal({ source: this.findings, computation: () => '' });

  protected async copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.findings().lines.join('\n'));
      this.note.set(text.exports.copied);
    } catch {
      this.note.set(text.exports.copyFailed);
    }
  }

  protected async save(kind: 'json' | 'csv' | 'png'): Promise<void> {
    const { recognition, file } = this.photo();
    if (!recognition) return;
    const read = { filename: file.name, recognition, findings: this.findings() };
    const exports = await import('./exports').catch(() => undefined);
    if (!exports) {
      this.note.set(text.exports.notLoaded);
      return;
    }
    try {
      exports.handOver(await exports.fileOf(kind, file, read));
      this.note.set('');
    } catch {
      this.note.set(text.exports.pngFailed);
    }
  }
}
