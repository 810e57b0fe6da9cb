import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { lookOf } from './palette';
import { Reader } from './reader';
import { text } from './text';

/** The classes on the photo, each with its colour and count; pressing one hides or shows it. */
@Component({
  selector: 'app-legend',
  templateUrl: './legend.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class Legend {
  protected readonly reader = inject(Reader);
  protected readonly text = text.legend;
  /** those found, and those that are hidden though there are none of them here */
  protected readonly entries = computed(() => {
    const [counts, hidden] = [this.reader.counts(), this.reader.hidden()];
    return counts.map(({ class: name, index, count }) => ({
      name,
      count: String(count),
      look: lookOf(index),
      isShown: !hidden.has(name),
    }));
  });
}
