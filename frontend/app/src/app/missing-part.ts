import { ChangeDetectionStrategy, Component } from '@angular/core';
import { text } from './text';

/** In place of a part of the page that could not be loaded: there is no network, or another release has taken its place. */
@Component({
  selector: 'app-missing-part',
  templateUrl: './missing-part.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { class: 'problem', role: 'alert' },
})
export class MissingPart {
  protected readonly text = text;

  /** Angular remembers what failed to load as long as the page is open. */
  protected reload(): void {
    location.reload();
  }
}
