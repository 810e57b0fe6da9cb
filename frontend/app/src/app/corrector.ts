import {
  ChangeDetectionStrategy,
  Component,
  computed,
  ElementRef,
  inject,
  input,
  model,
  signal,
} from '@angular/core';
import type { Box } from '@digitlens/recognizer';
import { Corrections } from './corrections';
import { classOf } from './keys';
import type { Frame } from './overlay';
import { Subject } from './subject';

type Corner = 'nw' | 'ne' | 'sw' | 'se';

/** What the pointer does: from where, in pixels of the photo. */
interface Gesture {
  index: number | undefined;
  corner: Corner | undefined;
  from: { x: number; y: number };
  box: Box;
}

/** Part of the photo's shorter side that an arrow key moves. */
const NUDGE = 1 / 200;
const ARROWS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Over the photo: frames that are moved, resized, named, deleted and drawn, by pointer, touch and keys. */
@Component({
  selector: 'app-corrector',
  templateUrl: './corrector.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: {
    class: 'corrector',
    'data-testid': 'corrector',
    // What is selected beneath isn't dragged away.
    '(dragstart)': '$event.preventDefault()',
    '(pointerdown)': 'start($event)',
    '(pointermove)': 'move($event)',
    '(pointerup)': 'finish()',
    '(pointercancel)': 'cancel()',
    '(click)': '$event.stopPropagation()',
    '(dblclick)': '$event.stopPropagation()',
    '(document:keydown)': 'press($event)',
  },
})
export class Corrector {
  readonly frames = input.required<Frame[]>();
  /** position of the find that is chosen */
  readonly selected = model<number | undefined>();

  private readonly subject = inject(Subject);
  private readonly corrections = inject(Corrections);
  private readonly host = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;
  protected readonly corners: Corner[] = ['nw', 'ne', 'sw', 'se'];
  private readonly gesture = signal<Gesture | undefined>(undefined);
  private readonly size = computed(() => {
    const { width = 1, height = 1 } = this.subject.photo()?.recognition ?? {};
    return { width, height };
  });
  /** the frame under the pointer's hand, in per cent of the photo */
  protected readonly held = computed(() => {
    const gesture = this.gesture();
    const { width, height } = this.size();
    if (!gesture) return undefined;
    const { xmin, ymin, xmax, ymax } = gesture.box;
    return {
      index: gesture.index,
      left: (Math.min(xmin, xmax) / width) * 100,
      top: (Math.min(ymin, ymax) / height) * 100,
      width: (Math.abs(xmax - xmin) / width) * 100,
      height: (Math.abs(ymax - ymin) / height) * 100,
    };
  });

  protected start(event: PointerEvent): void {
    if (event.button !== 0 || !(event.target instanceof Element)) return;
    // Neither does the photo's window scroll nor is it dragged.
    event.stopPropagation();
    const from = this.pointOf(event);
    const frame = event.target.closest<HTMLElement>('.frame');
    const corner = event.target.closest<HTMLElement>('.handle')?.dataset['corner'];
    const index = frame ? Number(frame.dataset['index']) : undefined;
    this.selected.set(index);
    const own = index === undefined ? undefined : this.subject.findings()?.detections[index]?.box;
    const box = own ?? { xmin: from.x, ymin: from.y, xmax: from.x, ymax: from.y };
    this.host.setPointerCapture(event.pointerId);
    this.gesture.set({ index, corner: corner as Corner | undefined, from, box });
  }

  protected move(event: PointerEvent): void {
    const gesture = this.gesture();
    if (!gesture) return;
    event.stopPropagation();
    const { x, y } = this.pointOf(event);
    const { index, corner, from, box } = gesture;
    if (index === undefined) {
      this.gesture.set({ ...gesture, box: { xmin: from.x, ymin: from.y, xmax: x, ymax: y } });
      return;
    }
    const [right, down] = [x - from.x, y - from.y];
    this.gesture.set({ ...gesture, from: { x, y }, box: pulled(box, corner, right, down) });
  }

  protected finish(): void {
    const gesture = this.gesture();
    this.gesture.set(undefined);
    if (!gesture) return;
    const { index, box } = gesture;
    if (index === undefined) this.selected.set(this.corrections.add(box));
    else if (box !== this.subject.findings()?.detections[index]?.box) {
      this.selected.set(this.corrections.place(index, box));
    }
  }

  protected cancel(): void {
    this.gesture.set(undefined);
  }

  /** Wherever the focus is, but in what takes keys itself. */
  protected press(event: KeyboardEvent): void {
    const { target, key } = event;
    if (target instanceof Element && target.closest('input, select, textarea, dialog')) return;
    if ((event.ctrlKey || event.metaKey) && key === 'z') {
      this.corrections.undo();
      this.selected.set(undefined);
    } else if (event.ctrlKey || event.metaKey || event.altKey || !this.edit(event)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Whether the key did something to the chosen find. */
  private edit({ key, shiftKey }: KeyboardEvent): boolean {
    const index = this.selected();
    if (index === undefined) return this.prepare(key);
    if (key === 'Delete' || key === 'Backspace') {
      this.corrections.remove(index);
      this.selected.set(undefined);
      return true;
    }
    if (key in ARROWS) {
      const box = this.subject.findings()?.detections[index]?.box;
      if (!box) return false;
      const step = Math.max(1, Math.min(this.size().width, this.size().height) * NUDGE);
      const [right, down] = ARROWS[key];
      const moved = pulled(box, shiftKey ? 'se' : undefined, right * step, down * step);
      this.selected.set(this.corrections.place(index, moved));
      return true;
    }
    const name = classOf(
      key,
      this.subject.findings()?.detections[index]?.class,
      this.corrections.classes(),
    );
    if (name === undefined) return false;
    this.selected.set(this.corrections.rename(index, name));
    return true;
  }

  /** Without a chosen frame, a class's key says what the next one is. */
  private prepare(key: string): boolean {
    const name = classOf(key, this.corrections.next(), this.corrections.classes());
    if (name !== undefined) this.corrections.rename(-1, name);
    return name !== undefined;
  }

  private pointOf({ clientX, clientY }: PointerEvent): { x: number; y: number } {
    const { left, top, width, height } = this.host.getBoundingClientRect();
    return {
      x: ((clientX - left) / width) * this.size().width,
      y: ((clientY - top) / height) * this.size().height,
    };
  }
}

/** `box` moved, or with one corner moved. */
function pulled(box: Box, corner: Corner | undefined, right: number, down: number): Box {
  const { xmin, ymin, xmax, ymax } = box;
  const isAll = corner === undefined;
  const [isWest, isNorth] = [isAll || corner.endsWith('w'), isAll || corner.startsWith('n')];
  const [isEast, isSouth] = [isAll || !isWest, isAll || !isNorth];
  return {
    xmin: isWest ? xmin + right : xmin,
    ymin: isNorth ? ymin + down : ymin,
    xmax: isEast ? xmax + right : xmax,
    ymax: isSouth ? ymax + down : ymax,
  };
}
