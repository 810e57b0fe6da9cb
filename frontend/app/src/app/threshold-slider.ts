import { probability } from '@digitlens/recognizer';
import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { leastScore } from './findings';
import { percent } from './format';
import { Reader } from './reader';
import { text } from './text';

/** How certain a find must be to be shown: another choice among what was found, no new inference. */
@Component({
  selector: 'app-threshold-slider',
  templateUrl: './threshold-slider.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { class: 'threshold' },
})
export class ThresholdSlider {
  protected readonly reader = inject(Reader);
  protected readonly text = text.result;
  protected readonly least = computed(() => {
    const manifest = this.reader.manifest();
    return manifest ? probability(leastScore(manifest), manifest) : 0;
  });
  protected readonly shown = computed(() => text.result.sure(percent(this.reader.threshold())));
}
