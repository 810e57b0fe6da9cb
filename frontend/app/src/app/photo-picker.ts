import { ChangeDetectionStrategy, Component, input, output, signal } from '@angular/core';
import { SampleStrip } from './sample-strip';
import { text } from './text';

/** Photos from the device: chosen, dropped anywhere on the page or pasted; a button opens the camera. */
@Component({
  selector: 'app-photo-picker',
  templateUrl: './photo-picker.html',
  imports: [SampleStrip],
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: {
    class: 'picker',
    '[class.picker-over]': 'over()',
    '[class.picker-small]': '!isEmpty()',
    '(document:dragover)': 'hover($event)',
    '(document:dragleave)': 'leave($event)',
    '(document:drop)': 'drop($event)',
    '(document:paste)': 'paste($event)',
  },
})
export class PhotoPicker {
  /** whether there is no photo yet: room for samples */
  readonly isEmpty = input.required<boolean>();
  /** whether pictures may be fetched: not while the model is on its way */
  readonly isQuiet = input.required<boolean>();
  readonly picked = output<File[]>();
  readonly camera = output();

  protected readonly text = text.picker;
  protected readonly over = signal(false);
  protected readonly hasCamera = 'mediaDevices' in navigator;

  protected choose(chooser: HTMLInputElement): void {
    this.picked.emit(Array.from(chooser.files ?? []));
    // Choosing the same file again is then a change, too.
    chooser.value = '';
  }

  /** Without this, the browser leaves the page to show the file. */
  protected hover(event: DragEvent): void {
    event.preventDefault();
    this.over.set(event.dataTransfer?.types.includes('Files') ?? false);
  }

  /** Elements within the page are left all the time; only the window counts. */
  protected leave(event: DragEvent): void {
    if (event.relatedTarget === null) this.over.set(false);
  }

  protected drop(event: DragEvent): void {
    event.preventDefault();
    this.over.set(false);
    this.picked.emit(Array.from(event.dataTransfer?.files ?? []));
  }

  protected paste(event: ClipboardEvent): void {
    this.picked.emit(Array.from(event.clipboardData?.files ?? []));
  }
}
