import { ChangeDetectionStrategy, Component, output, signal } from '@angular/core';
import { page, type Sample } from './page';
import { text } from './text';

/** Photos to try the page with: small pictures at once, the photo itself when it is chosen. */
@Component({
  selector: 'app-sample-strip',
  templateUrl: './sample-strip.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class SampleStrip {
  readonly picked = output<File>();

  protected readonly text = text.picker;
  protected readonly hasFailed = signal(false);
  protected readonly samples = page.samples.map((sample) => ({
    ...sample,
    label: text.picker.sample(sample.name.replaceAll('-', ' ')),
  }));

  protected async take({ name, photo }: Sample): Promise<void> {
    this.hasFailed.set(false);
    try {
      const response = await fetch(photo);
      if (!response.ok) throw new Error(String(response.status));
      this.picked.emit(new File([await response.blob()], `${name}.jpg`, { type: 'image/jpeg' }));
    } catch {
      this.hasFailed.set(true);
    }
  }
}
