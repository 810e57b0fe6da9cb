import { ChangeDetectionStrategy, Component, computed, input, output } from '@angular/core';
import type { Manifest } from '@digitlens/recognizer';
import { ExportBar } from './export-bar';
import type { Findings } from './findings';
import { listed, percent } from './format';
import type { Photo } from './reader';
import { text } from './text';
import { ThresholdSlider } from './threshold-slider';

/** What was found on a photo: the numbers, each object with its certainty, and what can be done with it. */
@Component({
  selector: 'app-result-list',
  templateUrl: './result-list.html',
  imports: [ExportBar, ThresholdSlider],
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class ResultList {
  readonly photo = input.required<Photo>();
  readonly findings = input.required<Findings>();
  readonly manifest = input.required<Manifest>();
  /** position of the detection that is pointed at */
  readonly marked = output<number | undefined>();
  readonly closer = output();

  protected readonly text = text.result;
  protected readonly percent = percent;
  protected readonly readsLines = computed(() => this.manifest().reading === 'lines');
  protected readonly lines = computed(() => this.findings().lines);
  protected readonly summary = computed(() =>
    listed(this.findings().numbers.map((number) => number.text)),
  );
  protected readonly hasMore = computed(
    () => (this.photo().recognition?.detections.length ?? 0) > this.findings().detections.length,
  );
}
