import { computed, Injectable, signal } from '@angular/core';
import {
  createRecognizer,
  ImageError,
  type Progress,
  type Recognition,
  type Recognizer,
} from '@digitlens/recognizer';
import assets from '@digitlens/recognizer/assets.json';
import { modelProblem, photoProblem, type Problem } from './problems';

const MODEL_URL = 'model/manifest.json';
const WORKER_URL = `recognizer/${assets.worker}`;

/** A photo that the visitor chose, and what came of it so far. */
export interface Photo {
  file: File;
  /** for <img>; belongs to the reader, which revokes it */
  url: string;
  recognition?: Recognition;
  problem?: Problem;
}

export type State = 'idle' | 'loading' | 'busy' | 'done' | 'error';

/** The model and the photo of the moment: loads the one, reads the other. */
@Injectable({ providedIn: 'root' })
export class Reader {
  private readonly recognizer = signal<Recognizer | undefined>(undefined);
  private readonly loadProblem = signal<Problem | undefined>(undefined);
  private readonly currentPhoto = signal<Photo | undefined>(undefined);
  private readonly currentProgress = signal<Progress | undefined>(undefined);
  private reading = new AbortController();

  readonly photo = this.currentPhoto.asReadonly();
  /** of the model's download; nothing before its size is known */
  readonly progress = this.currentProgress.asReadonly();
  readonly manifest = computed(() => this.recognizer()?.manifest);
  readonly problem = computed(() => this.loadProblem() ?? this.photo()?.problem);
  readonly state = computed<State>(() => {
    if (this.problem()) return 'error';
    if (!this.recognizer()) return 'loading';
    if (!this.photo()) return 'idle';
    return this.photo()?.recognition ? 'done' : 'busy';
  });

  /** Loads the model, again after a failure; a photo that waits is read afterwards. */
  async load(): Promise<void> {
    this.recognizer()?.close();
    this.recognizer.set(undefined);
    this.loadProblem.set(undefined);
    this.currentProgress.set(undefined);
    this.currentPhoto.update((photo) => photo && { file: photo.file, url: photo.url });
    try {
      this.recognizer.set(
        await createRecognizer({
          modelUrl: MODEL_URL,
          workerUrl: WORKER_URL,
          onProgress: (progress) => {
            this.currentProgress.set(progress);
          },
        }),
      );
    } catch (error) {
      this.loadProblem.set(modelProblem(error));
      return;
    }
    await this.readCurrent();
  }

  /** Reads a photo in place of the one before, whose reading ends. */
  async read(file: File): Promise<void> {
    this.reading.abort();
    const before = this.photo();
    if (before) URL.revokeObjectURL(before.url);
    this.currentPhoto.set({ file, url: URL.createObjectURL(file) });
    await this.readCurrent();
  }

  private async readCurrent(): Promise<void> {
    const photo = this.photo();
    const recognizer = this.recognizer();
    if (!photo || !recognizer) return;
    this.reading = new AbortController();
    const { signal } = this.reading;
    try {
      const recognition = await recognizer.recognize(photo.file, { signal });
      this.currentPhoto.set({ ...photo, recognition });
    } catch (error) {
      if (signal.aborted) return;
      const problem = photoProblem(error);
      if (error instanceof ImageError) this.currentPhoto.set({ ...photo, problem });
      else this.loadProblem.set(problem);
    }
  }
}
