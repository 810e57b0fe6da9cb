import { ChangeDetectionStrategy, Component, output, signal } from '@angular/core';

/** A button for a photo from the device or its camera; a photo may also be dropped anywhere on the page. */
@Component({
  selector: 'app-photo-picker',
  templateUrl: './photo-picker.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: {
    class: 'picker',
    '[class.picker-over]': 'over()',
    '(document:dragover)': 'hover($event)',
    '(document:dragleave)': 'over.set(false)',
    '(document:drop)': 'drop($event)',
  },
})
export class PhotoPicker {
  readonly picked = output<File>();
  protected readonly over = signal(false);

  protected choose(input: HTMLInputElement): void {
    const file = input.files?.[0];
    if (file) this.picked.emit(file);
    // Choosing the same file again is then a change, too.
    input.value = '';
  }

  /** Without this, the browser leaves the page to show the file. */
  protected hover(event: DragEvent): void {
    event.preventDefault();
    this.over.set(true);
  }

  protected drop(event: DragEvent): void {
    event.preventDefault();
    this.over.set(false);
    const file = event.dataTransfer?.files[0];
    if (file) this.picked.emit(file);
  }
}
