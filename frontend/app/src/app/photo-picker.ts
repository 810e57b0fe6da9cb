import { ChangeDetectionStrategy, Component, inject, input, output, signal } from '@angular/core';
import { Intake } from './intake';
import { page } from './page';
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
  readonly picked = output<File[]>();
  readonly camera = output();

  private readonly intake = inject(Intake);
  protected readonly text = text.picker;
  protected readonly words = text.kinds[page.reading];
  protected readonly hasSamples = page.samples.length > 0;
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
    const types = event.dataTransfer?.types ?? [];
    this.over.set(types.includes('Files') || types.includes('text/uri-list'));
  }

  /** Elements within the page are left all the time; only the window counts. */
  protected leave(event: DragEvent): void {
    if (event.relatedTarget === null) this.over.set(false);
  }

  protected drop(event: DragEvent): void {
    event.preventDefault();
    this.over.set(false);
    if (event.dataTransfer) void this.intake.drop(event.dataTransfer);
  }

  protected paste(event: ClipboardEvent): void {
    if (event.clipboardData) void this.intake.paste(event.clipboardData);
  }
}
