import { ApplicationRef, computed, inject, Injectable, signal } from '@angular/core';
import {
  createRecognizer,
  type Backend,
  type Progress,
  type Recognition,
  type Recognizer,
} from '@digitlens/recognizer';
import assets from '@digitlens/recognizer/assets.json';
import { findingsAt, leastScore, type Findings } from './findings';
import { modelProblem, photoProblem, type Problem } from './problems';

const MODEL_URL = 'model/manifest.json';
/** SHA-256 of the manifest that this page is released with, see infra/page/site.py. */
const MANIFEST_META = 'meta[name=model-manifest]';
const WORKER_URL = `recognizer/${assets.worker}`;
const BACKENDS: readonly string[] = ['webgpu', 'webgl', 'wasm', 'cpu'] satisfies Backend[];

/** A photo that the visitor chose, and what came of it so far. */
export interface Photo {
  id: number;
  file: File;
  /** for <img>; belongs to the reader, which revokes it */
  url: string;
  /** whether it is to be looked at part by part */
  tiles: boolean;
  recognition?: Recognition;
  /** milliseconds that showing the result took */
  draw?: number;
  problem?: Problem;
}

export type State = 'idle' | 'loading' | 'cancelled' | 'busy' | 'done' | 'error';

/** The model and the visitor's photos: loads the one, reads the others one after another, the one that is shown first. */
@Injectable({ providedIn: 'root' })
export class Reader {
  private readonly application = inject(ApplicationRef);
  private readonly currentRecognizer = signal<Recognizer | undefined>(undefined);
  private readonly loadProblem = signal<Problem | undefined>(undefined);
  private readonly isCancelled = signal(false);
  private readonly currentProgress = signal<Progress | undefined>(undefined);
  private readonly allPhotos = signal<Photo[]>([]);
  private readonly shown = signal<number | undefined>(undefined);
  private readonly active = signal<number | undefined>(undefined);
  private readonly chosenThreshold = signal<number | undefined>(undefined);
  private readonly working = new Map<number, AbortController>();
  private loading = new AbortController();
  private count = 0;

  readonly recognizer = this.currentRecognizer.asReadonly();
  readonly photos = this.allPhotos.asReadonly();
  /** id of the photo that is being read */
  readonly reading = this.active.asReadonly();
  /** the photo that is shown */
  readonly photo = computed(() => this.allPhotos().find(({ id }) => id === this.shown()));
  /** of the model's download; nothing before its size is known */
  readonly progress = this.currentProgress.asReadonly();
  readonly manifest = computed(() => this.recognizer()?.manifest);
  /** 0–1: less certain finds are not shown */
  readonly threshold = computed(
    () => this.chosenThreshold() ?? this.manifest()?.score_threshold ?? 1,
  );
  readonly isStandard = computed(() => this.chosenThreshold() === undefined);
  readonly findings = computed(() => this.findingsOf(this.photo()));
  readonly problem = computed(() => this.loadProblem() ?? this.photo()?.problem);
  readonly state = computed<State>(() => {
    if (this.loadProblem()) return 'error';
    if (this.isCancelled()) return 'cancelled';
    if (!this.recognizer()) return 'loading';
    const photo = this.photo();
    if (!photo) return 'idle';
    if (photo.problem) return 'error';
    return photo.recognition ? 'done' : 'busy';
  });
  /** whether nothing is being loaded or read */
  readonly isQuiet = computed(() => this.recognizer() !== undefined && this.active() === undefined);

  /** Loads the model, again after a failure; photos that wait are read afterwards. */
  async load(): Promise<void> {
    this.recognizer()?.close();
    this.currentRecognizer.set(undefined);
    this.loadProblem.set(undefined);
    this.isCancelled.set(false);
    this.currentProgress.set(undefined);
    this.loading = new AbortController();
    const { signal } = this.loading;
    const backend = new URLSearchParams(location.search).get('backend');
    try {
      const recognizer = await createRecognizer({
        modelUrl: MODEL_URL,
        workerUrl: WORKER_URL,
        modelSha256: document.querySelector<HTMLMetaElement>(MANIFEST_META)?.content,
        signal,
        ...(backend !== null && BACKENDS.includes(backend) && { backend: backend as Backend }),
        onProgress: (progress) => {
          if (!signal.aborted) this.currentProgress.set(progress);
        },
      });
      this.currentRecognizer.set(recognizer);
    } catch (error) {
      if (!signal.aborted) this.loadProblem.set(modelProblem(error));
      return;
    }
    await this.readAll();
  }

  /** Ends the model's download, until `load` is called again. */
  cancel(): void {
    this.loading.abort();
    this.isCancelled.set(true);
  }

  /** Takes photos, shows the first of them, and reads them. */
  async add(files: Iterable<File>): Promise<void> {
    const photos = Array.from(files, (file): Photo => {
      this.count += 1;
      return { id: this.count, file, url: URL.createObjectURL(file), tiles: false };
    });
    if (photos.length === 0) return;
    this.allPhotos.update((all) => [...all, ...photos]);
    this.shown.set(photos[0].id);
    await this.readAll();
  }

  show(id: number): void {
    this.shown.set(id);
  }

  /** Reads the photo again; with `tiles`, part by part. */
  async readAgain({ id, file, url }: Photo, tiles: boolean): Promise<void> {
    this.replace({ id, file, url, tiles });
    await this.readAll();
  }

  remove(id: number): void {
    const all = this.photos();
    const index = all.findIndex((photo) => photo.id === id);
    if (index < 0) return;
    this.working.get(id)?.abort();
    URL.revokeObjectURL(all[index].url);
    const rest = all.filter((photo) => photo.id !== id);
    this.allPhotos.set(rest);
    if (this.shown() === id) this.shown.set(rest[Math.min(index, rest.length - 1)]?.id);
  }

  clear(): void {
    for (const { id } of this.photos()) this.remove(id);
  }

  /** Shows finds of at least this score; the model's own threshold if none is given. */
  choose(threshold?: number): void {
    this.chosenThreshold.set(threshold);
  }

  findingsOf(photo: Photo | undefined): Findings | undefined {
    const manifest = this.manifest();
    if (!photo?.recognition || !manifest) return undefined;
    return findingsAt(photo.recognition.detections, this.threshold(), manifest);
  }

  private async readAll(): Promise<void> {
    if (this.active() !== undefined) return;
    for (let photo = this.next(); photo; photo = this.next()) {
      this.active.set(photo.id);
      await this.read(photo);
      this.active.set(undefined);
    }
  }

  private next(): Photo | undefined {
    if (!this.recognizer() || this.loadProblem()) return undefined;
    const waiting = this.photos().filter(({ recognition, problem }) => !recognition && !problem);
    return waiting.find(({ id }) => id === this.shown()) ?? waiting[0];
  }

  private async read(photo: Photo): Promise<void> {
    const recognizer = this.recognizer();
    if (!recognizer) return;
    const work = new AbortController();
    this.working.set(photo.id, work);
    try {
      const recognition = await recognizer.recognize(photo.file, {
        signal: work.signal,
        minScore: leastScore(recognizer.manifest),
        tiles: photo.tiles,
      });
      this.display({ ...photo, recognition });
    } catch (error) {
      if (work.signal.aborted) return;
      const problem = photoProblem(error);
      if (problem.remedy === undefined || problem.remedy === 'photo') {
        this.replace({ ...photo, problem });
      } else this.loadProblem.set(problem);
    } finally {
      this.working.delete(photo.id);
    }
  }

  private display(photo: Photo): void {
    const start = performance.now();
    this.replace(photo);
    this.application.tick();
    this.replace({ ...photo, draw: performance.now() - start });
  }

  private replace(photo: Photo): void {
    this.allPhotos.update((all) => all.map((other) => (other.id === photo.id ? photo : other)));
  }
}
