import { ChangeDetectionStrategy, Component, input, output, signal } from '@angular/core';
import { text } from './text';

type Name = keyof typeof text.picker.sampleNames;

/** Drawings to try the page with. They are fetched when the line is free, or one is chosen. */
@Component({
  selector: 'app-sample-strip',
  templateUrl: './sample-strip.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class SampleStrip {
  readonly isQuiet = input.required<boolean>();
  readonly picked = output<File>();

  protected readonly text = text.picker;
  protected readonly hasFailed = signal(false);
  protected readonly samples = (Object.keys(text.picker.sampleNames) as Name[]).map((name) => ({
    name,
    url: `samples/${name}.jpg`,
    label: text.picker.sample(text.picker.sampleNames[name]),
  }));

  protected async take(name: string, url: string): Promise<void> {
    this.hasFailed.set(false);
    try {
      const response = await fetch(url);
      if (!response.ok) throw new Error(String(response.status));
      this.picked.emit(new File([await response.blob()], `${name}.jpg`, { type: 'image/jpeg' }));
    } catch {
      this.hasFailed.set(true);
    }
  }
}
