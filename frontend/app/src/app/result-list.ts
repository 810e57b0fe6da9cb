import {
  ChangeDetectionStrategy,
  Component,
  computed,
  effect,
  ElementRef,
  inject,
  input,
  linkedSignal,
  model,
  output,
  viewChild,
} from '@angular/core';
import { probability, type Manifest } from '@digitlens/recognizer';
import { ExportBar } from './export-bar';
import type { Findings } from './findings';
import { percent } from './format';
import { Legend } from './legend';
import { page } from './page';
import { lookOf } from './palette';
import { Reader, type Photo } from './reader';
import { linesOf, summaryOf } from './summary';
import { text } from './text';
import { ThresholdSlider } from './threshold-slider';

/** The list stands beside the photo, see styles.css. */
const BESIDE = '(min-width: 60rem)';

/** What was found on a photo: the numbers or counts, each object with its certainty, and what can be done with it. */
@Component({
  selector: 'app-result-list',
  templateUrl: './result-list.html',
  imports: [ExportBar, Legend, ThresholdSlider],
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class ResultList {
  readonly photo = input.required<Photo>();
  readonly findings = input.required<Findings>();
  readonly manifest = input.required<Manifest>();
  /** position of the detection that is chosen */
  readonly selected = model<number | undefined>();
  /** position of the detection that is pointed at */
  readonly marked = output<number | undefined>();
  readonly closer = output();

  protected readonly reader = inject(Reader);
  protected readonly text = text.result;
  protected readonly keep = text.exports;
  protected readonly each = text.kinds[page.reading].each;
  protected readonly canShare = 'share' in navigator;
  protected readonly readsLines = computed(() => this.manifest().reading === 'lines');
  protected readonly lines = computed(() => linesOf(this.findings(), this.manifest()));
  private readonly words = computed(() => summaryOf(this.findings(), this.manifest()));
  protected readonly summary = computed(() => this.words().join(', '));
  protected readonly items = computed(() => {
    const manifest = this.manifest();
    return this.findings().detections.map((detection) => {
      const certainty = probability(detection.score, manifest);
      const look =
        manifest.reading === 'lines'
          ? undefined
          : lookOf(manifest.classes.indexOf(detection.class));
      return { detection, certainty, look, sure: text.result.sure(percent(certainty)) };
    });
  });
  protected readonly hasMore = computed(
    () => (this.photo().recognition?.detections.length ?? 0) > this.findings().detections.length,
  );
  /** what came of copying, until another result is shown */
  protected readonly note = linkedSignal({ source: this.findings, computation: () => '' });
  private readonly list = viewChild<ElementRef<HTMLElement>>('list');

  constructor() {
    effect(() => {
      const [selected, list] = [this.selected(), this.list()];
      // Where it lies below the photo, what was touched must not be scrolled away.
      if (selected === undefined || !list || !matchMedia(BESIDE).matches) return;
      list.nativeElement.children.item(selected)?.scrollIntoView({ block: 'nearest' });
    });
  }

  protected async copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.words().join('\n'));
      this.note.set(text.exports.copied);
    } catch {
      this.note.set(text.exports.copyFailed);
    }
  }

  protected async share(): Promise<void> {
    try {
      await navigator.share({ text: this.words().join('\n') });
    } catch (error) {
      // Closing the sheet is no failure.
      if (!(error instanceof DOMException && error.name === 'AbortError')) {
        this.note.set(text.exports.shareFailed);
      }
    }
  }
}
