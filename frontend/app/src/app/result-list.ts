import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import type { Manifest, Recognition } from '@digitlens/recognizer';
import { listed, milliseconds, percent } from './format';

/** What was found on a photo: the numbers, each object with its certainty, and how long it took. */
@Component({
  selector: 'app-result-list',
  templateUrl: './result-list.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class ResultList {
  readonly recognition = input.required<Recognition>();
  readonly manifest = input.required<Manifest>();

  protected readonly percent = percent;
  protected readonly readsLines = computed(() => this.manifest().reading === 'lines');
  protected readonly summary = computed(() =>
    listed(this.recognition().numbers.map((n) => n.text)),
  );
  protected readonly timings = computed(() => {
    const { decode, letterbox, inference, recognition, total } = this.recognition().timings;
    return [
      ['Opening the photo', decode],
      ['Scaling it', letterbox],
      ['Running the model', inference],
      ['Putting the result together', recognition],
      ['Altogether', total],
    ].map(([step, duration]) => ({
      step: String(step),
      duration: milliseconds(Number(duration)),
    }));
  });
}
