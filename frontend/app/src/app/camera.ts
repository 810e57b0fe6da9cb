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
import { findingsAt } from './findings';
import { framesOf } from './overlay';
import { Pace } from './pace';
import { Reader } from './reader';
import { text } from './text';

type State = 'starting' | 'on' | 'refused' | 'missing' | 'taken';

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
  protected readonly closeText = text.close;
  protected readonly retryText = text.retry;
  protected readonly reader = inject(Reader);
  protected readonly state = signal<State>('starting');
  protected readonly trouble = computed(() => {
    const state = this.state();
    return state === 'on' ? '' : text.camera[state];
  });
  protected readonly isLive = signal(false);
  /** whether live reading ended by itself */
  protected readonly hasFailed = signal(false);
  protected readonly rate = signal(0);
  protected readonly ratio = signal(16 / 9);
  private readonly recognition = signal<Recognition | undefined>(undefined);
  private readonly findings = computed(() => {
    const [manifest, recognition] = [this.reader.manifest(), this.recognition()];
    return manifest && recognition
      ? findingsAt(recognition.detections, this.reader.threshold(), manifest)
      : undefined;
  });
  protected readonly frames = computed(() => {
    const [recognition, findings] = [this.recognition(), this.findings()];
    return recognition && findings ? framesOf(findings.detections, recognition) : [];
  });
  protected readonly found = computed(() => (this.findings()?.lines ?? []).join(', '));

  private readonly dialog = viewChild.required<ElementRef<HTMLDialogElement>>('dialog');
  private readonly video = viewChild.required<ElementRef<HTMLVideoElement>>('video');
  private stream: MediaStream | undefined;
  private facing: 'environment' | 'user' = 'environment';
  private live = new AbortController();

  constructor() {
    afterNextRender(() => {
      this.dialog().nativeElement.showModal();
      void this.open();
    });
    inject(DestroyRef).onDestroy(() => {
      this.release();
    });
  }

  protected async open(): Promise<void> {
    this.release();
    this.state.set('starting');
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: this.facing, width: { ideal: 1280 }, height: { ideal: 720 } },
      });
      const video = this.video().nativeElement;
      // Closed while the browser asked for permission.
      if (!this.dialog().nativeElement.open) {
        for (const track of stream.getTracks()) track.stop();
        return;
      }
      this.stream = stream;
      video.srcObject = stream;
      await video.play();
      this.state.set('on');
    } catch (error) {
      this.state.set(stateOf(error));
    }
  }

  /** Again when the device is turned. */
  protected measure({ videoWidth, videoHeight }: HTMLVideoElement): void {
    this.ratio.set(videoWidth / videoHeight);
  }

  protected turn(): void {
    this.facing = this.facing === 'environment' ? 'user' : 'environment';
    void this.open();
  }

  protected async take(): Promise<void> {
    const video = this.video().nativeElement;
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    canvas.getContext('2d')?.drawImage(video, 0, 0);
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.92 });
    this.taken.emit(new File([blob], text.camera.file, { type: blob.type }));
    this.close();
  }

  protected toggle(): void {
    if (this.isLive()) this.stop();
    else void this.readLive();
  }

  protected close(): void {
    this.dialog().nativeElement.close();
  }

  /** The next picture is taken when the last has been read and its time has come: none ever waits. */
  private async readLive(): Promise<void> {
    this.live = new AbortController();
    this.isLive.set(true);
    this.hasFailed.set(false);
    const { signal } = this.live;
    const pace = new Pace();
    const video = this.video().nativeElement;
    try {
      while (!signal.aborted) {
        const start = performance.now();
        const recognizer = this.reader.recognizer();
        if (!recognizer) break;
        const picture = await createImageBitmap(video);
        try {
          const recognition = await recognizer.recognize(picture, { signal, looks: 1 });
          this.recognition.set(recognition);
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
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = undefined;
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
