import { ChangeDetectionStrategy, Component, computed, inject, input, model } from '@angular/core';
import { Corrections } from './corrections';
import { Subject } from './subject';
import { text } from './text';

/** What can be done to the chosen frame, by buttons: keys do the same. */
@Component({
  selector: 'app-correction-bar',
  templateUrl: './correction-bar.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { class: 'correction-bar' },
})
export class CorrectionBar {
  /** position of the find that is chosen */
  readonly selected = model<number | undefined>();
  /** whether what can be done is said in a sentence */
  readonly explained = input(true);

  private readonly subject = inject(Subject);
  protected readonly corrections = inject(Corrections);
  protected readonly text = text.correct;
  /** of the chosen frame, or else of the next one that is drawn */
  protected readonly name = computed(() => {
    const index = this.selected();
    const find = index === undefined ? undefined : this.subject.findings()?.detections[index];
    return find?.class ?? this.corrections.next();
  });

  protected rename(name: string): void {
    this.selected.set(this.corrections.rename(this.selected() ?? -1, name));
  }

  /** In the middle of the photo, for keys and fingers to move. */
  protected add(): void {
    const { width = 1, height = 1 } = this.subject.photo()?.recognition ?? {};
    const side = Math.min(width, height) / 5;
    const [x, y] = [width / 2, height / 2];
    this.selected.set(
      this.corrections.add({
        xmin: x - side / 2,
        ymin: y - side / 2,
        xmax: x + side / 2,
        ymax: y + side / 2,
      }),
    );
  }

  protected remove(): void {
    const index = this.selected();
    if (index === undefined) return;
    this.corrections.remove(index);
    this.selected.set(undefined);
  }

  protected undo(): void {
    this.corrections.undo();
    this.selected.set(undefined);
  }
}
