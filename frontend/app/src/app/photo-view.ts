import { probability } from '@digitlens/recognizer';
import {
  afterNextRender,
  ChangeDetectionStrategy,
  Component,
  computed,
  DestroyRef,
  effect,
  ElementRef,
  inject,
  Injector,
  input,
  linkedSignal,
  model,
  output,
  signal,
  viewChild,
} from '@angular/core';
import { CorrectionBar } from './correction-bar';
import { Corrections } from './corrections';
import { Corrector } from './corrector';
import type { Findings } from './findings';
import { MissingPart } from './missing-part';
import { percent } from './format';
import { framesOf } from './overlay';
import { Subject, type Shown } from './subject';
import { summaryOf } from './summary';
import { text } from './text';
import { exactOf, fitOf, mostOf, STEP, tapped, within, type Size } from './viewport';

/** On the screen, in CSS pixels from the window's corner. */
interface Point {
  x: number;
  y: number;
}

/** A place of the photo, 0–1, that is to stay at a point of the screen. */
interface Hold {
  share: Point;
  at: Point;
}

/** Pixels that a mouse moves before it drags. */
const DRAG = 4;

/** The photo with a frame and a label around each object, in a window that stays as it is at any zoom. */
@Component({
  selector: 'app-photo-view',
  templateUrl: './photo-view.html',
  imports: [CorrectionBar, Corrector, MissingPart],
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { class: 'viewer' },
})
export class PhotoView {
  readonly photo = input.required<Shown>();
  readonly findings = input.required<Findings | undefined>();
  readonly busy = input.required<boolean>();
  /** position of the detection to point out */
  readonly marked = input<number>();
  /** position of the detection that is chosen */
  readonly selected = model<number | undefined>();
  /** whether it can be removed here */
  readonly removable = input.required<boolean>();
  readonly removed = output();
  /** the browser can't open it */
  readonly broken = output();
  /** whether its frames are there to be corrected from the first, by somebody who knows how */
  readonly correcting = input(false);

  protected readonly text = text.photo;
  protected readonly words = text.correct;
  protected readonly corrections = inject(Corrections);
  protected readonly isCorrecting = computed(
    () => this.corrections.isOn() && this.findings() !== undefined,
  );
  private readonly injector = inject(Injector);
  private readonly subject = inject(Subject);
  private readonly stage = viewChild.required<ElementRef<HTMLElement>>('stage');
  private readonly paper = viewChild.required<ElementRef<HTMLElement>>('paper');
  private readonly url = computed(() => this.photo().url);
  private readonly window = signal<Size>({ width: 300, height: 200 });
  private readonly rem = signal(16);
  /** of the photo, known once the browser has opened it */
  private readonly natural = linkedSignal<string, Size | undefined>({
    source: this.url,
    computation: () => undefined,
  });
  private readonly size = computed<Size>(
    () => this.natural() ?? this.photo().recognition ?? { width: 3, height: 2 },
  );
  protected readonly ratio = computed(() => this.size().width / this.size().height);
  private readonly fit = computed(() => fitOf(this.size(), this.window()));
  private readonly density = signal(devicePixelRatio);
  private readonly most = computed(() => mostOf(this.fit(), this.density()));
  private readonly chosenZoom = linkedSignal({ source: this.url, computation: () => 1 });
  /** multiples of the whole */
  protected readonly zoom = computed(() => within(this.chosenZoom(), this.most()));
  protected readonly shown = computed<Size>(() => ({
    width: this.size().width * this.fit() * this.zoom(),
    height: this.size().height * this.fit() * this.zoom(),
  }));
  /** screen pixels for the photo's: 100% where it is shown as it is */
  protected readonly scale = computed(() => {
    const scale = this.fit() * this.zoom() * this.density();
    return percent(scale > 0.01 ? scale : 0.01);
  });
  protected readonly canEnlarge = computed(() => this.zoom() < this.most());
  protected readonly canReduce = computed(() => this.zoom() > 1);
  protected readonly frames = computed(() => {
    const [{ recognition }, findings, manifest] = [
      this.photo(),
      this.findings(),
      this.subject.manifest(),
    ];
    if (!recognition || !findings || !manifest) return [];
    return framesOf(findings.detections, recognition, manifest, this.shown(), this.rem());
  });
  /** position of the detection that is pointed out, with how sure it is */
  protected readonly pointed = computed(() => {
    const index = this.marked() ?? this.selected();
    const detection = index === undefined ? undefined : this.findings()?.detections[index];
    const manifest = this.subject.manifest();
    if (!detection || !manifest) return undefined;
    const sure = text.result.sure(percent(probability(detection.score, manifest)));
    return { index, label: `${detection.class || text.correct.unnamed} · ${sure}` };
  });
  protected readonly alternative = computed(() => {
    const [findings, manifest] = [this.findings(), this.subject.manifest()];
    const found = findings && manifest ? summaryOf(findings, manifest).join(', ') : undefined;
    return text.photo.alternative(
      this.photo().file.name,
      found === undefined ? text.photo.unread : found || text.list.nothing,
    );
  });

  private hold: Hold | undefined;
  private drag: { from: Point; scroll: Point; isMoving: boolean } | undefined;
  private pinch: { distance: number; zoom: number } | undefined;
  private wasDragged = false;

  constructor() {
    const watch = new ResizeObserver(() => {
      // Scrollbars, which come with the zoom, don't count: the whole would be another.
      const { offsetWidth: width, offsetHeight: height } = this.stage().nativeElement;
      this.window.set({ width, height });
      this.density.set(devicePixelRatio);
      this.rem.set(parseFloat(getComputedStyle(document.documentElement).fontSize));
    });
    afterNextRender(() => {
      watch.observe(this.stage().nativeElement);
    });
    inject(DestroyRef).onDestroy(() => {
      watch.disconnect();
    });
    effect(() => {
      const index = this.selected();
      if (index !== undefined) this.reveal(index);
    });
  }

  protected measure({ naturalWidth, naturalHeight }: HTMLImageElement): void {
    // A drawing may have no size of its own.
    if (naturalWidth > 0) this.natural.set({ width: naturalWidth, height: naturalHeight });
  }

  /** Keeps what is seen at `at`, or in the middle, where it is. */
  protected zoomTo(zoom: number, at: Point = this.middle()): void {
    // Another step may come before this one is drawn: what is held is of the picture as it was.
    this.hold ??= { share: this.shareAt(at), at };
    this.chosenZoom.set(within(zoom, this.most()));
    afterNextRender(
      () => {
        if (this.hold) this.scrollTo(this.hold);
        this.hold = undefined;
      },
      { injector: this.injector },
    );
  }

  protected enlarge(): void {
    this.zoomTo(this.zoom() * STEP);
  }

  protected reduce(): void {
    this.zoomTo(this.zoom() / STEP);
  }

  protected showExactly(): void {
    this.zoomTo(exactOf(this.fit(), this.density()));
  }

  protected showAll(): void {
    this.zoomTo(1);
    this.stage().nativeElement.focus();
  }

  /** The wheel scrolls, as everywhere; with Ctrl, as pinching on a touchpad reports it, it zooms. */
  protected wheel(event: WheelEvent): void {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * 20;
    const factor = Math.exp(-Math.max(-50, Math.min(50, lines)) / 100);
    this.zoomTo(this.zoom() * factor, pointOf(event));
  }

  protected press(event: KeyboardEvent): void {
    const zooms: Record<string, () => void> = {
      '+': () => {
        this.enlarge();
      },
      '-': () => {
        this.reduce();
      },
      Escape: () => {
        this.selected.set(undefined);
      },
    };
    const act = event.ctrlKey || event.metaKey ? undefined : zooms[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  protected tap(event: MouseEvent): void {
    this.zoomTo(tapped(this.zoom(), this.fit(), this.density()), pointOf(event));
  }

  protected grab(event: PointerEvent): void {
    this.wasDragged = false;
    if (event.pointerType !== 'mouse' || event.button !== 0) return;
    const { scrollLeft: x, scrollTop: y } = this.stage().nativeElement;
    this.drag = { from: pointOf(event), scroll: { x, y }, isMoving: false };
  }

  protected move(event: PointerEvent): void {
    if (!this.drag) return;
    const { nativeElement: stage } = this.stage();
    const { from, scroll } = this.drag;
    const [x, y] = [event.clientX - from.x, event.clientY - from.y];
    if (!this.drag.isMoving && Math.hypot(x, y) < DRAG) return;
    // Not before: a click on a frame must reach the frame.
    if (!this.drag.isMoving) stage.setPointerCapture(event.pointerId);
    this.drag.isMoving = true;
    stage.scrollTo(scroll.x - x, scroll.y - y);
  }

  protected drop(): void {
    this.wasDragged = this.drag?.isMoving ?? false;
    this.drag = undefined;
  }

  protected click({ target }: MouseEvent): void {
    if (this.wasDragged || !(target instanceof Element)) return;
    const index = target.closest<HTMLElement>('.frame')?.dataset['index'];
    const chosen = index === undefined ? undefined : Number(index);
    this.selected.set(chosen === this.selected() ? undefined : chosen);
  }

  /** Two fingers: one scrolls by itself. */
  protected touch(event: TouchEvent): void {
    if (event.touches.length !== 2) {
      this.pinch = undefined;
      return;
    }
    event.preventDefault();
    const [one, other] = [event.touches[0], event.touches[1]].map(pointOf);
    const distance = Math.hypot(one.x - other.x, one.y - other.y);
    const middle = { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
    this.pinch ??= { distance, zoom: this.zoom() };
    this.zoomTo(this.pinch.zoom * (distance / this.pinch.distance), middle);
  }

  /** Scrolls the window, not the page, to a frame that is out of sight. */
  private reveal(index: number): void {
    const frame = this.frames()[index] as ReturnType<typeof framesOf>[number] | undefined;
    if (!frame || this.zoom() === 1) return;
    const { nativeElement: stage } = this.stage();
    const { width, height } = this.shown();
    const left = ((frame.left + frame.width / 2) / 100) * width;
    const top = ((frame.top + frame.height / 2) / 100) * height;
    const isSeen = (at: number, from: number, length: number): boolean =>
      at > from && at < from + length;
    if (
      isSeen(left, stage.scrollLeft, stage.clientWidth) &&
      isSeen(top, stage.scrollTop, stage.clientHeight)
    ) {
      return;
    }
    stage.scrollTo(left - stage.clientWidth / 2, top - stage.clientHeight / 2);
  }

  private middle(): Point {
    const { left, top, width, height } = this.stage().nativeElement.getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  }

  private shareAt({ x, y }: Point): Point {
    const { left, top, width, height } = this.paper().nativeElement.getBoundingClientRect();
    return { x: (x - left) / width, y: (y - top) / height };
  }

  private scrollTo({ share, at }: Hold): void {
    const { left, top, width, height } = this.paper().nativeElement.getBoundingClientRect();
    this.stage().nativeElement.scrollBy(
      left + share.x * width - at.x,
      top + share.y * height - at.y,
    );
  }
}

function pointOf({ clientX, clientY }: { clientX: number; clientY: number }): Point {
  return { x: clientX, y: clientY };
}
