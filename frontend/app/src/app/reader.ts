import { ApplicationRef, computed, inject, Injectable, signal } from '@angular/core';
import {
  type Detection,
  type Progress,
  type Recognition,
  type Recognizer,
  probability,
} from '@digitlens/recognizer';
import {
  arranged,
  certain,
  countsOf,
  findingsAt,
  leastScore,
  type Choice,
  type Findings,
} from './findings';
import { isSameFile, named } from './files';
import { openModel } from './open-model';
import { modelProblem, photoProblem, type Problem } from './problems';
import type { Subject } from './subject';
import { thumbnailOf } from './thumbnails';

/** A photo that the visitor chose, and what came of it so far. */
export interface Photo {
  id: number;
  /** the file's name as it was given; its own differs where two photos had the same */
  given: string;
  file: File;
  /** for <img>; belongs to the reader, which revokes it */
  url: string;
  /** whether it is to be looked at part by part */
  tiles: boolean;
  /** address of a small picture, once there are several photos; belongs to the reader, too; empty where none can be made */
  thumbnail?: string;
  recognition?: Recognition;
  /** what was found without looking part by part, or by that: the one that isn't shown */
  other?: Recognition;
  /** what a person made of the finds, one change after another; absent where nothing was changed */
  corrected?: readonly (readonly Detection[])[];
  /** milliseconds that showing the result took */
  draw?: number;
  problem?: Problem;
}

/** `waiting`: reading was stopped before this photo's turn */
export type State = 'idle' | 'loading' | 'cancelled' | 'busy' | 'waiting' | 'done' | 'error';

/** The model and the visitor's photos: loads the one, reads the others one after another, the one that is shown first. */
@Injectable({ providedIn: 'root' })
export class Reader implements Subject {
  private readonly application = inject(ApplicationRef);
  private readonly currentRecognizer = signal<Recognizer | undefined>(undefined);
  private readonly loadProblem = signal<Problem | undefined>(undefined);
  private readonly isCancelled = signal(false);
  private readonly currentProgress = signal<Progress | undefined>(undefined);
  private readonly allPhotos = signal<Photo[]>([]);
  private readonly shown = signal<number | undefined>(undefined);
  private readonly active = signal<number | undefined>(undefined);
  private readonly choice = signal<Choice>({ hidden: new Set() });
  private readonly working = new Map<number, AbortController>();
  private loading = new AbortController();
  private count = 0;
  private isShrinking = false;
  private readonly isHeld = signal(false);
  private readonly kept = new WeakMap<Recognition, { choice: Choice; findings: Findings }>();

  readonly recognizer = this.currentRecognizer.asReadonly();
  readonly photos = this.allPhotos.asReadonly();
  /** id of the photo that is being read */
  readonly reading = this.active.asReadonly();
  /** the photo that is shown */
  readonly photo = computed(() => this.allPhotos().find(({ id }) => id === this.shown()));
  /** of the model's download; nothing before its size is known */
  readonly progress = this.currentProgress.asReadonly();
  readonly manifest = computed(() => this.recognizer()?.manifest);
  /** probability, 0–1: less certain finds are not shown */
  readonly threshold = computed(() => {
    const manifest = this.manifest();
    const standard = manifest ? probability(manifest.score_threshold, manifest) : 1;
    return this.choice().least ?? standard;
  });
  readonly isStandard = computed(() => this.choice().least === undefined);
  /** how many of each class are certain enough on the photo that is shown, hidden or not */
  readonly counts = computed(() => {
    const [manifest, photo] = [this.manifest(), this.photo()];
    if (!manifest || !photo?.recognition) return [];
    const { recognition, corrected } = photo;
    const finds = corrected?.at(-1) ?? certain(recognition.detections, manifest, this.choice());
    return countsOf(finds, manifest);
  });
  readonly hidden = computed(() => this.choice().hidden);
  readonly findings = computed(() => this.findingsOf(this.photo()));
  readonly problem = computed(() => this.loadProblem() ?? this.photo()?.problem);
  readonly state = computed<State>(() => {
    if (this.loadProblem()) return 'error';
    if (this.isCancelled()) return 'cancelled';
    if (!this.recognizer()) return 'loading';
    const photo = this.photo();
    if (!photo) return 'idle';
    if (photo.problem) return 'error';
    if (photo.recognition) return 'done';
    return this.isHeld() ? 'waiting' : 'busy';
  });
  /** how many photos are done with, read or refused */
  readonly finished = computed(
    () => this.photos().filter(({ recognition, problem }) => recognition ?? problem).length,
  );
  /** whether reading was stopped with photos left */
  readonly isStopped = computed(() => this.isHeld() && this.finished() < this.photos().length);
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
    try {
      const recognizer = await openModel(signal, (progress) => {
        if (!signal.aborted) this.currentProgress.set(progress);
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
    const added: Photo[] = [];
    let first: number | undefined;
    for (const file of files) {
      const present = [...this.photos(), ...added];
      const same = await isSameFile(file, present);
      if (same === undefined) {
        this.count += 1;
        const own = named(file, new Set(present.map((photo) => photo.file.name)));
        const url = URL.createObjectURL(own);
        added.push({ id: this.count, given: file.name, file: own, url, tiles: false });
      }
      first ??= same ?? this.count;
    }
    if (first === undefined) return;
    this.allPhotos.update((all) => [...all, ...added]);
    this.shown.set(first);
    this.isHeld.set(false);
    void this.shrink();
    await this.readAll();
  }

  show(id: number): void {
    this.shown.set(id);
  }

  /** Reads no further photo, and gives up the one that is being read, until `goOn` or another photo. */
  stop(): void {
    this.isHeld.set(true);
    for (const work of this.working.values()) work.abort();
  }

  async goOn(): Promise<void> {
    this.isHeld.set(false);
    await this.readAll();
  }

  /** Reads the photo again; with `tiles`, part by part. */
  async readAgain({ id, given, file, url, recognition }: Photo, tiles: boolean): Promise<void> {
    const thumbnail = this.photos().find((photo) => photo.id === id)?.thumbnail;
    const other = tiles && recognition ? { other: recognition } : {};
    const small = thumbnail === undefined ? {} : { thumbnail };
    this.replace({ id, given, file, url, tiles, ...other, ...small });
    this.isHeld.set(false);
    await this.readAll();
  }

  /** Shows the other reading of the photo that is shown: a closer look isn't always a better one. */
  swap(): void {
    const photo = this.photo();
    if (!photo?.recognition || !photo.other) return;
    const { recognition, other, tiles } = photo;
    this.replace({ ...photo, recognition: other, other: recognition, tiles: !tiles });
  }

  remove(id: number): void {
    const all = this.photos();
    const index = all.findIndex((photo) => photo.id === id);
    if (index < 0) return;
    this.working.get(id)?.abort();
    release(all[index]);
    const rest = all.filter((photo) => photo.id !== id);
    this.allPhotos.set(rest);
    if (this.shown() === id) this.shown.set(rest[Math.min(index, rest.length - 1)]?.id);
  }

  clear(): void {
    for (const work of this.working.values()) work.abort();
    for (const photo of this.photos()) release(photo);
    this.allPhotos.set([]);
    this.shown.set(undefined);
  }

  /** Shows finds of at least this probability; those that the model is content with if none is given. */
  choose(least?: number): void {
    this.choice.update(({ hidden }) => ({ least, hidden }));
  }

  /** Hides the objects of a class, or shows them again. */
  toggle(name: string): void {
    this.choice.update(({ least, hidden }) => {
      const others = new Set(hidden);
      if (!others.delete(name)) others.add(name);
      return { least, hidden: others };
    });
  }

  /** Shows the objects of all classes. */
  showAll(): void {
    this.choice.update(({ least }) => ({ least, hidden: new Set() }));
  }

  /** What is shown of `recognition`. */
  chosenOf({ detections }: Pick<Recognition, 'detections'>): Findings | undefined {
    const manifest = this.manifest();
    return manifest && findingsAt(detections, manifest, this.choice());
  }

  findingsOf(photo: Photo | undefined): Findings | undefined {
    const choice = this.choice();
    const manifest = this.manifest();
    if (!photo?.recognition || !manifest) return undefined;
    const corrected = photo.corrected?.at(-1);
    if (corrected) {
      return arranged(
        corrected.filter(({ class: name }) => !choice.hidden.has(name)),
        manifest,
      );
    }
    // Of hundreds of photos, most are as they were.
    const kept = this.kept.get(photo.recognition);
    if (kept?.choice === choice) return kept.findings;
    const findings = this.chosenOf(photo.recognition);
    if (findings) this.kept.set(photo.recognition, { choice, findings });
    return findings;
  }

  /** Puts a person's finds in the place of those of the photo that is shown. */
  correct(finds: readonly Detection[]): void {
    const photo = this.photo();
    if (photo) this.replace({ ...photo, corrected: [...(photo.corrected ?? []), finds] });
  }

  /** Takes the last correction of the photo that is shown back. */
  undo(): void {
    const photo = this.photo();
    if (photo?.corrected) this.replace({ ...photo, corrected: photo.corrected.slice(0, -1) });
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
    if (!this.recognizer() || this.loadProblem() || this.isHeld()) return undefined;
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
      const problem = await photoProblem(error, photo.file);
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

  /** Makes small pictures for the list, one at a time: several photos in full would be more than phones hold. */
  private async shrink(): Promise<void> {
    if (this.isShrinking) return;
    this.isShrinking = true;
    for (let photo = this.unshrunk(); photo; photo = this.unshrunk()) {
      const { id } = photo;
      const small = await thumbnailOf(photo.file);
      const thumbnail = small ? URL.createObjectURL(small) : '';
      const present = this.photos().find((other) => other.id === id);
      if (present) this.replace({ ...present, thumbnail });
      else URL.revokeObjectURL(thumbnail);
    }
    this.isShrinking = false;
  }

  private unshrunk(): Photo | undefined {
    const photos = this.photos();
    return photos.length > 1 ? photos.find((one) => one.thumbnail === undefined) : undefined;
  }

  /** What is known of a photo by now; its small picture may have come meanwhile. */
  private replace(photo: Photo): void {
    this.allPhotos.update((all) =>
      all.map((other) => (other.id === photo.id ? { ...thumbnailIn(other), ...photo } : other)),
    );
  }
}

function thumbnailIn({ thumbnail }: Photo): Pick<Photo, 'thumbnail'> {
  return thumbnail === undefined ? {} : { thumbnail };
}

function release({ url, thumbnail }: Photo): void {
  URL.revokeObjectURL(url);
  if (thumbnail) URL.revokeObjectURL(thumbnail);
}
