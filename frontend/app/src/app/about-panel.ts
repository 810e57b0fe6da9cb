import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { Reader } from './reader';
import { text } from './text';

/** All classes of the model, and the terms that come with what it was made from. */
@Component({
  selector: 'app-about-panel',
  templateUrl: './about-panel.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class AboutPanel {
  private readonly reader = inject(Reader);
  protected readonly text = text.about;
  protected readonly none = text.device.notLoaded;
  protected readonly classes = computed(() => this.reader.manifest()?.classes);
  protected readonly terms = computed(() => this.reader.manifest()?.terms ?? []);
}
