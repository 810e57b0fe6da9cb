import {
  ChangeDetectionStrategy,
  Component,
  computed,
  effect,
  inject,
  signal,
} from '@angular/core';
import { Title } from '@angular/platform-browser';
import { Camera } from './camera';
import { DevicePanel } from './device-panel';
import { FocusKeeper } from './focus-keeper';
import { LoadProgress } from './load-progress';
import { MissingPart } from './missing-part';
import { PhotoList } from './photo-list';
import { PhotoPicker } from './photo-picker';
import { PhotoView } from './photo-view';
import type { Remedy } from './problems';
import { ProofPanel } from './proof-panel';
import { Reader } from './reader';
import { Release } from './release';
import { RequestLog } from './request-log';
import { ResultList } from './result-list';
import { text } from './text';

/** The page. */
@Component({
  selector: 'app-root',
  templateUrl: './app.html',
  imports: [
    Camera,
    DevicePanel,
    FocusKeeper,
    LoadProgress,
    MissingPart,
    PhotoList,
    PhotoPicker,
    PhotoView,
    ProofPanel,
    ResultList,
  ],
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class App {
  protected readonly reader = inject(Reader);
  protected readonly release = inject(Release);
  protected readonly text = text;
  protected readonly isCameraOpen = signal(false);
  protected readonly isProofOpen = signal(false);
  protected readonly isDeviceOpen = signal(false);
  protected readonly marked = signal<number | undefined>(undefined);
  protected readonly title = computed(() => this.reader.manifest()?.name ?? text.name);
  protected readonly read = computed(() =>
    this.reader
      .findings()
      ?.numbers.map((number) => number.text)
      .join(''),
  );

  constructor() {
    // From the start, so that nothing is missed.
    inject(RequestLog);
    const documentTitle = inject(Title);
    effect(() => {
      documentTitle.setTitle(this.title());
    });
    void this.reader.load();
  }

  protected mend(remedy: Remedy): void {
    const photo = this.reader.photo();
    if (remedy === 'page') this.release.reload();
    else if (remedy === 'model') void this.reader.load();
    else if (photo) void this.reader.readAgain(photo, photo.tiles);
  }

  /** A link to a closed section opens it. */
  protected openProof(section: HTMLDetailsElement): void {
    section.open = true;
    section.querySelector('summary')?.focus();
  }
}
