import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { bytes } from './format';
import { Reader } from './reader';
import { RequestLog } from './request-log';
import { text } from './text';

const RECOGNIZER = new URL('recognizer/', document.baseURI).href;

/** What is being downloaded and how much of it is here, with a way to stop it. */
@Component({
  selector: 'app-load-progress',
  templateUrl: './load-progress.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { class: 'loading' },
})
export class LoadProgress {
  protected readonly reader = inject(Reader);
  private readonly log = inject(RequestLog);
  protected readonly text = text.model;
  protected readonly shown = computed(() => {
    const progress = this.reader.progress();
    if (!progress) return text.model.starting;
    const { loaded, total } = progress;
    return loaded < total ? text.model.loading(bytes(loaded), bytes(total)) : text.model.preparing;
  });
  /** of the recognizer's scripts and WebAssembly, each counted when it is here */
  protected readonly program = computed(() => {
    const parts = this.log.entries().filter(({ url }) => url.startsWith(RECOGNIZER));
    const size = parts.reduce((sum, part) => sum + (part.bytes ?? 0), 0);
    return size > 0 ? text.model.program(bytes(size)) : '';
  });
}
