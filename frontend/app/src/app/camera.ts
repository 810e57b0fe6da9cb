import {
  afterNextRender,
  ChangeDetectionStrategy,
  Component,
  computed,
  DestroyRef,
  ElementRef,
  inject,
  output,
  signal,
  viewChild,
} from '@angular/core';
import type { Recognition } from '@digitlens/recognizer';
import { leastScore } from './findings';
import { framesOf } from './overlay';
import { Pace } from './pace';
import { page } from './page';
import { Reader } from './reader';
import { Steady } from './steady';
import { cameras, hasTorch, openCamera, setTorch, still, type Device } from './stream';
import { summaryOf } from './summary';
import { text } from './text';

type State = 'starting' | 'on' | 'refused' | 'missing' | 'taken' | 'ended';

/** The device's camera: a still for the list of photos, or live video read at a steady rate, one picture at a time. */
@Component({
  selector: 'app-camera',
  templateUrl: './camera.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class Camera {
  readonly taken = output<File>();
  readonly closed = output();

  protected readonly text = text.camera;
  protected readonly words = text.kinds[page.reading];
  protected readonly readsLines = page.reading === 'lines';
  protected readonly closeText = text.close;
  protected readonly retryText = text.retry;
  protected readonly reader = inject(Reader);
  protected readonly state = signal<State>('starting');
  protected readonly trouble = computed(() => {
    const state = this.state();
    return state === 'on' ? '' : text.camera[state];
  });
  protected readonly devices = signal<Device[]>([]);
  /** id of the camera that is on */
  protected readonly used = signal<string | undefined>(undefined);
  protected readonly hasTorch = signal(false);
  protected readonly isTorchOn = signal(false);
  protected readonly isTaking = signal(false);
  /** whether the camera is on and gives no pictures, as during a call */
  protected readonly isMuted = signal(false);
  protected readonly isLive = signal(false);
  /** whether live reading ended by itself */
  protected readonly hasFailed = signal(false);
  protected readonly rate = signal(0);
  protected readonly ratio = signal(16 / 9);
  private readonly width = signal(640);
  private readonly recognition = signal<Recognition | undefined>(undefined);
  private readonly findings = computed(() => {
    const recognition = this.recognition();
    return recognition && this.reader.chosenOf(recognition);
  });
  protected readonly frames = computed(() => {
    const [recognition, findings, manifest] = [
      this.recognition(),
      this.findings(),
      this.reader.manifest(),
    ];
    if (!recognition || !findings || !manifest) return [];
    const shown = { width: this.width(), height: this.width() / this.ratio() };
    return framesOf(findings.detections, recognition, manifest, shown);
  });
  protected readonly found = computed(() => {
    const [findings, manifest] = [this.findings(), this.reader.manifest()];
    return findings && manifest ? summaryOf(findings, manifest).join(', ') : '';
  });

  private readonly dialog = viewChild.required<ElementRef<HTMLDialogElement>>('dialog');
  private readonly video = viewChild.required<ElementRef<HTMLVideoElement>>('video');
  private track: MediaStreamTrack | undefined;
  private device: string | undefined;
  /** counts openings: of several at once, the last one counts */
  private openings = 0;
  private live = new AbortController();

  constructor() {
    afterNextRender(() => {
      this.dialog().nativeElement.showModal();
      void this.open();
    });
    inject(DestroyRef).onDestroy(() => {
      this.openings += 1;
      this.release();
    });
  }

  protected async open(): Promise<void> {
    this.openings += 1;
    const opening = this.openings;
    this.release();
    this.state.set('starting');
    try {
      const stream = await openCamera(this.device);
      const [track] = stream.getVideoTracks();
      // Closed, or opened anew, while the browser asked for permission.
      if (opening !== this.openings || !this.dialog().nativeElement.open) {
        track.stop();
        return;
      }
      this.follow(track);
      const video = this.video().nativeElement;
      video.srcObject = stream;
      await video.play();
      if (opening !== this.openings) return;
      this.state.set('on');
      const devices = await cameras();
      this.devices.set(
        devices.map(({ id, name }, index) => ({ id, name: name || text.camera.device(index + 1) })),
      );
    } catch (error) {
      if (opening === this.openings) this.state.set(stateOf(error));
    }
  }

  /** Again when the device is turned. */
  protected measure(video: HTMLVideoElement): void {
    this.ratio.set(video.videoWidth / video.videoHeight);
    this.width.set(video.clientWidth);
  }

  protected use(device: string): void {
    this.device = device;
    void this.open();
  }

  protected async light(): Promise<void> {
    if (!this.track) return;
    const isOn = !this.isTorchOn();
    try {
      await setTorch(this.track, isOn);
      this.isTorchOn.set(isOn);
    } catch {
      this.hasTorch.set(false);
    }
  }

  protected async take(): Promise<void> {
    if (!this.track || this.isTaking()) return;
    this.stop();
    this.isTaking.set(true);
    try {
      const photo = await still(this.track, this.video().nativeElement);
      this.taken.emit(new File([photo], text.camera.file, { type: photo.type }));
      this.close();
    } catch {
      this.end();
    }
    this.isTaking.set(false);
  }

  protected toggle(): void {
    if (this.isLive()) this.stop();
    else void this.readLive();
  }

  protected close(): void {
    this.dialog().nativeElement.close();
  }

  private follow(track: MediaStreamTrack): void {
    this.track = track;
    this.used.set(track.getSettings().deviceId);
    this.hasTorch.set(hasTorch(track));
    this.isTorchOn.set(false);
    this.isMuted.set(track.muted);
    track.addEventListener('ended', () => {
      if (this.track === track) this.end();
    });
    for (const event of ['mute', 'unmute'] as const) {
      track.addEventListener(event, () => {
        if (this.track === track) this.isMuted.set(track.muted);
      });
    }
  }

  /** The camera is gone, and what it showed last is no live picture. */
  private end(): void {
    this.release();
    this.state.set('ended');
  }

  /** The next picture is taken when the last has been read and its time has come: none ever waits. */
  private async readLive(): Promise<void> {
    this.live = new AbortController();
    this.isLive.set(true);
    this.hasFailed.set(false);
    const { signal } = this.live;
    const pace = new Pace();
    const steady = new Steady();
    const video = this.video().nativeElement;
    try {
      while (!signal.aborted) {
        const start = performance.now();
        const recognizer = this.reader.recognizer();
        if (!recognizer) break;
        const picture = await createImageBitmap(video);
        try {
          const minScore = leastScore(recognizer.manifest);
          const found = await recognizer.recognize(picture, { signal, looks: 1, minScore });
          this.width.set(video.clientWidth);
          this.recognition.set({ ...found, detections: steady.add(found.detections) });
        } finally {
          picture.close();
        }
        pace.add(start / 1000, performance.now() / 1000);
        this.rate.set(pace.rate);
        const rest = pace.period * 1000 - (performance.now() - start);
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, rest)));
        // Nobody looks at a hidden page, and its timers are slow.
        await shown();
      }
    } catch (error) {
      if (!signal.aborted) {
        console.warn(error);
        this.hasFailed.set(true);
      }
    }
    if (this.live.signal === signal) this.isLive.set(false);
  }

  private stop(): void {
    this.live.abort();
    this.isLive.set(false);
    this.hasFailed.set(false);
    this.recognition.set(undefined);
  }

  private release(): void {
    this.stop();
    this.track?.stop();
    this.track = undefined;
  }
}

function stateOf(error: unknown): State {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'refused';
  return name === 'NotFoundError' || name === 'OverconstrainedError' ? 'missing' : 'taken';
}

async function shown(): Promise<void> {
  while (document.visibilityState === 'hidden') {
    await new Promise((resolve) => {
      document.addEventListener('visibilitychange', resolve, { once: true });
    });
  }
}
