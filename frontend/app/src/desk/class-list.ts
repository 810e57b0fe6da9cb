import { ChangeDetectionStrategy, Component, computed, inject, input, model } from '@angular/core';
import { Corrections } from '../app/corrections';
import { keyOf } from '../app/keys';
import { lookOf } from '../app/palette';
import { Subject } from '../app/subject';
import { words } from './words';

/** The classes, each with its key and how many there are of it; pressing one gives it to the chosen or the next frame. */
@Component({
  selector: 'app-class-list',
  templateUrl: './class-list.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class ClassList {
  readonly counts = input.required<ReadonlyMap<string, number>>();
  /** position of the find that is chosen */
  readonly selected = model<number | undefined>();

  private readonly subject = inject(Subject);
  private readonly corrections = inject(Corrections);
  protected readonly words = words;
  private readonly name = computed(() => {
    const index = this.selected();
    const find = index === undefined ? undefined : this.subject.findings()?.detections[index];
    return find?.class ?? this.corrections.next();
  });
  protected readonly entries = computed(() => {
    const classes = this.corrections.classes();
    const isRead = this.subject.manifest()?.reading === 'lines';
    return classes.map((name, index) => ({
      name,
      key: keyOf(name, classes),
      count: String(this.counts().get(name) ?? 0),
      // Signs are told apart by what they are.
      look: isRead ? undefined : lookOf(index),
      isChosen: name === this.name(),
    }));
  });

  protected choose(name: string): void {
    this.selected.set(this.corrections.rename(this.selected() ?? -1, name));
  }
}
