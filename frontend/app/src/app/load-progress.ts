import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { bytes } from './format';
import { Reader } from './reader';
import { text } from './text';

/** What is being downloaded and how much of it is here, with a way to stop it. */
@Component({
  selector: 'app-load-progress',
  templateUrl: './load-progress.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { class: 'loading' },
})
export class LoadProgress {
  protected readonly reader = inject(Reader);
  protected readonly text = text.model;
  protected readonly shown = computed(() => {
    const progress = this.reader.progress();
    if (!progress) return text.model.starting;
    const { loaded, total } = progress;
    return loaded < total ? text.model.loading(bytes(loaded), bytes(total)) : text.model.preparing;
  });
}
