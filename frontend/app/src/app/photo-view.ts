import { ChangeDetectionStrategy, Component, computed, input, signal } from '@angular/core';
import { framesOf } from './overlay';
import type { Photo } from './reader';

/** The photo with a frame and a label around each object. */
@Component({
  selector: 'app-photo-view',
  templateUrl: './photo-view.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { class: 'photo', '[style.--ratio]': 'ratio()', '[class.photo-busy]': 'busy()' },
})
export class PhotoView {
  readonly photo = input.required<Photo>();
  readonly busy = input.required<boolean>();

  /** width over height, known once the browser has opened the photo */
  protected readonly ratio = signal<number | undefined>(undefined);
  protected readonly frames = computed(() => {
    const { recognition } = this.photo();
    return recognition ? framesOf(recognition.detections, recognition) : [];
  });

  protected measure(image: HTMLImageElement): void {
    this.ratio.set(image.naturalWidth / image.naturalHeight);
  }
}
