import { computed, inject, Injectable, signal } from '@angular/core';
import type { Box, Detection } from '@digitlens/recognizer';
import { Subject } from './subject';

/** Pixels of the photo, below which a frame is a slip of the hand. */
const LEAST = 3;

/** What a person makes of the finds of the photo that is shown: each change can be taken back. */
@Injectable({ providedIn: 'root' })
export class Corrections {
  private readonly subject = inject(Subject);
  /** whether frames are there to be changed */
  readonly isOn = signal(false);
  private readonly lastClass = signal<string | undefined>(undefined);
  readonly classes = computed(() => this.subject.manifest()?.classes ?? []);
  /** of the next frame that is drawn: the last that was given */
  readonly next = computed(() => this.lastClass() ?? this.classes().at(0) ?? '');
  readonly canUndo = computed(() => (this.subject.photo()?.corrected?.length ?? 0) > 0);
  private readonly finds = computed(() => this.subject.findings()?.detections ?? []);

  /** Hidden objects are shown: what isn't seen can't be corrected. */
  begin(): void {
    this.subject.showAll();
    this.isOn.set(true);
  }

  end(): void {
    this.isOn.set(false);
  }

  // Each of these gives the position of the find that it made, or nothing.
  rename(index: number, name: string): number | undefined {
    this.lastClass.set(name);
    return this.put(index, { class: name });
  }

  place(index: number, box: Box): number | undefined {
    return this.put(index, { box: this.within(box) });
  }

  add(box: Box): number | undefined {
    const own = this.within(box);
    if (own.xmax - own.xmin < LEAST || own.ymax - own.ymin < LEAST) return undefined;
    const made: Detection = { class: this.next(), score: 1, box: own };
    return this.take([...this.finds(), made], made);
  }

  remove(index: number): void {
    this.take(this.finds().filter((_, other) => other !== index));
  }

  clear(): void {
    if (this.finds().length > 0) this.take([]);
  }

  undo(): void {
    this.subject.undo();
  }

  /** A person is sure: the score is 1. */
  private put(index: number, change: Partial<Detection>): number | undefined {
    const finds = this.finds();
    if (!(index in finds)) return undefined;
    const { class: name, box } = finds[index];
    const made: Detection = { class: name, box, score: 1, ...change };
    return this.take(
      finds.map((find, other) => (other === index ? made : find)),
      made,
    );
  }

  private take(finds: Detection[], made?: Detection): number | undefined {
    this.subject.correct(finds);
    const index = made ? this.finds().indexOf(made) : -1;
    return index < 0 ? undefined : index;
  }

  /** Sides in their order, within the photo. */
  private within({ xmin, ymin, xmax, ymax }: Box): Box {
    const { width = 1, height = 1 } = this.subject.photo()?.recognition ?? {};
    const [left, right] = [xmin, xmax].sort((a, b) => a - b);
    const [top, bottom] = [ymin, ymax].sort((a, b) => a - b);
    return {
      xmin: Math.max(0, Math.min(width, left)),
      ymin: Math.max(0, Math.min(height, top)),
      xmax: Math.max(0, Math.min(width, right)),
      ymax: Math.max(0, Math.min(height, bottom)),
    };
  }
}
