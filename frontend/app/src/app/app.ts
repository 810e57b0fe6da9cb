import {
  ChangeDetectionStrategy,
  Component,
  computed,
  effect,
  inject,
  linkedSignal,
  signal,
} from '@angular/core';
import { AboutPanel } from './about-panel';
import { Camera } from './camera';
import { DevicePanel } from './device-panel';
import { FocusKeeper } from './focus-keeper';
import { listed } from './format';
import { Intake } from './intake';
import { LoadProgress } from './load-progress';
import { MissingPart } from './missing-part';
import { page } from './page';
import { PhotoList } from './photo-list';
import { PhotoPicker } from './photo-picker';
import { PhotoView } from './photo-view';
import type { Remedy } from './problems';
import { ProofPanel } from './proof-panel';
import { Reader } from './reader';
import { Release } from './release';
import { RequestLog } from './request-log';
import { ResultList } from './result-list';
import { linesOf, summaryOf } from './summary';
import { text } from './text';

/** The page. */
@Component({
  selector: 'app-root',
  templateUrl: './app.html',
  imports: [
    AboutPanel,
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
  host: { '(window:beforeunload)': 'ask($event)' },
})
export class App {
  protected readonly reader = inject(Reader);
  protected readonly release = inject(Release);
  protected readonly intake = inject(Intake);
  protected readonly page = page;
  protected readonly text = text;
  protected readonly words = text.kinds[page.reading];
  protected readonly isCameraOpen = signal(false);
  protected readonly isAboutOpen = signal(false);
  protected readonly isProofOpen = signal(false);
  protected readonly isDeviceOpen = signal(false);
  private readonly shown = computed(() => this.reader.photo()?.id);
  /** position of the detection under the pointer */
  protected readonly marked = linkedSignal<number | undefined, number | undefined>({
    source: this.shown,
    computation: () => undefined,
  });
  /** position of the detection that was chosen */
  protected readonly selected = linkedSignal<number | undefined, number | undefined>({
    source: this.shown,
    computation: () => undefined,
  });
  protected readonly read = computed(() =>
    this.reader
      .findings()
      ?.numbers.map((number) => number.text)
      .join(''),
  );
  /** what screen readers are told when there is an answer */
  protected readonly said = computed(() => {
    const [findings, manifest] = [this.reader.findings(), this.reader.manifest()];
    if (this.reader.state() !== 'done' || !findings || !manifest) return '';
    const summary = summaryOf(findings, manifest).join(', ');
    if (!summary) return text.list.nothing;
    const isDoubtful =
      manifest.reading === 'lines' && linesOf(findings, manifest).some((line) => line.isDoubtful);
    return isDoubtful ? `${text.result.perhaps} ${summary}` : summary;
  });
  /** of what the model was made from with restricted use */
  protected readonly restricted = computed(() => {
    const terms = (this.reader.manifest()?.terms ?? []).filter((term) => term.restricted);
    return listed(terms.map(({ name, licence }) => text.about.term(name, licence)));
  });

  constructor() {
    // From the start, so that nothing is missed.
    inject(RequestLog);
    void this.reader.load();
    void this.intake.takeShared();
    effect(() => {
      if (this.shown() !== undefined) showTop();
    });
  }

  protected mend(remedy: Remedy): void {
    const photo = this.reader.photo();
    if (remedy === 'page') this.release.reload();
    else if (remedy === 'model') void this.reader.load();
    else if (photo) void this.reader.readAgain(photo, photo.tiles);
  }

  protected dismiss(): void {
    const photo = this.reader.photo();
    if (photo) this.reader.remove(photo.id);
  }

  /** Photos are nowhere but here: leaving by mistake would lose them. */
  protected ask(event: BeforeUnloadEvent): void {
    if (this.reader.photos().length > 0) event.preventDefault();
  }

  /** A link to a closed section opens it. */
  protected openProof(section: HTMLDetailsElement): void {
    section.open = true;
    section.querySelector('summary')?.focus();
  }
}

/** Brings the photo and its number into sight where they are out of it, as below a list on a phone. */
function showTop(): void {
  const main = document.getElementById('photo');
  if (main && main.getBoundingClientRect().top < 0) main.scrollIntoView({ block: 'start' });
}
