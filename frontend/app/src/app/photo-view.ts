import {
  afterNextRender,
  ChangeDetectionStrategy,
  Component,
  computed,
  inject,
  Injector,
  input,
  linkedSignal,
  output,
} from '@angular/core';
import type { Findings } from './findings';
import { percent } from './format';
import { framesOf } from './overlay';
import type { Photo } from './reader';
import { text } from './text';

/** Part of the photo's width and height, 0–1. */
interface Point {
  x: number;
  y: number;
}

const STEPS = [1, 1.5, 2, 3, 4, 6, 8];

/** The photo with a frame and a label around each object, at any zoom: frames are placed in per cent of the photo. */
@Component({
  selector: 'app-photo-view',
  templateUrl: './photo-view.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { class: 'viewer' },
})
export class PhotoView {
  readonly photo = input.required<Photo>();
  readonly findings = input.required<Findings | undefined>();
  readonly busy = input.required<boolean>();
  /** position of the detection to point out */
  readonly marked = input<number>();
  /** whether it can be removed here */
  readonly removable = input.required<boolean>();
  readonly removed = output();

  protected readonly text = text.photo;
  protected readonly percent = percent;
  private readonly injector = inject(Injector);
  /** to be kept in the middle when the next zoom is drawn */
  private middle: Point | undefined;
  private readonly url = computed(() => this.photo().url);
  /** width over height, known once the browser has opened the photo */
  protected readonly ratio = linkedSignal<string, number | undefined>({
    source: this.url,
    computation: () => undefined,
  });
  private readonly step = linkedSignal({ source: this.url, computation: () => 0 });
  protected readonly zoom = computed(() => STEPS[this.step()]);
  protected readonly canEnlarge = computed(() => this.step() < STEPS.length - 1);
  protected readonly canReduce = computed(() => this.step() > 0);
  protected readonly frames = computed(() => {
    const { recognition } = this.photo();
    const findings = this.findings();
    return recognition && findings ? framesOf(findings.detections, recognition) : [];
  });
  protected readonly alternative = computed(() => {
    const numbers = this.findings()?.numbers.map((number) => number.text);
    return text.photo.alternative(
      this.photo().file.name,
      numbers ? numbers.join(', ') || text.list.nothing : text.photo.unread,
    );
  });

  protected measure(image: HTMLImageElement): void {
    this.ratio.set(image.naturalWidth / image.naturalHeight);
  }

  /** Keeps the middle of what is seen where it is. */
  protected zoomBy(steps: number, scroller: HTMLElement): void {
    // Another step may come before this one is drawn: the middle is still that of the picture as it was.
    this.middle ??= middleOf(scroller);
    this.step.update((step) => Math.max(0, Math.min(STEPS.length - 1, step + steps)));
    afterNextRender(
      () => {
        if (this.middle) scrollTo(scroller, this.middle);
        this.middle = undefined;
      },
      { injector: this.injector },
    );
  }

  /** The wheel scrolls, as everywhere; with Ctrl, as pinching on a touchpad reports it, it zooms. */
  protected wheel(event: WheelEvent, scroller: HTMLElement): void {
    if (!event.ctrlKey) return;
    event.preventDefault();
    this.zoomBy(event.deltaY < 0 ? 1 : -1, scroller);
  }
}

function middleOf(scroller: HTMLElement): Point {
  const { scrollLeft, scrollTop, clientWidth, clientHeight, scrollWidth, scrollHeight } = scroller;
  return {
    x: (scrollLeft + clientWidth / 2) / scrollWidth,
    y: (scrollTop + clientHeight / 2) / scrollHeight,
  };
}

function scrollTo(scroller: HTMLElement, { x, y }: Point): void {
  scroller.scrollLeft = x * scroller.scrollWidth - scroller.clientWidth / 2;
  scroller.scrollTop = y * scroller.scrollHeight - scroller.clientHeight / 2;
}
