import { computed, inject, Injectable, signal } from '@angular/core';
import type { Detection, Recognizer } from '@digitlens/recognizer';
import { arranged, leastScore, type Findings } from '../app/findings';
import { openModel } from '../app/open-model';
import { Subject, type Meaning, type Shown } from '../app/subject';
import { entryOf, findsOf, following, isDone, namedOf, type Entry } from './entries';
import { fetchPhoto, openFolder, RefusedError, urlOf, type Folder } from './folder';
import { Keeper, reasonOf } from './keeper';
import { proposalsOf, surenessOf } from './proposals';
import { words } from './words';

/** Photos that the model looks at before the first is shown, so that there is a choice of the least sure. */
const SURVEY = 50;

export type State = 'opening' | 'failed' | 'surveying' | 'showing' | 'finished';

/** A folder that is labelled: the model proposes, a person corrects, and every change is kept at once. */
@Injectable()
export class Session extends Subject {
  private readonly keeper = inject(Keeper);
  private readonly folder = signal<Folder | undefined>(undefined);
  private readonly all = signal<Entry[]>([]);
  private readonly failure = signal<string | undefined>(undefined);
  private readonly recognizer = signal<Recognizer | undefined>(undefined);
  private readonly isModelLost = signal(false);
  private readonly isSurveying = signal(false);
  /** ids of the photos that were shown, in their order, and where in it we are */
  private readonly trail = signal<{ ids: readonly number[]; at: number }>({ ids: [], at: -1 });

  readonly entries = this.all.asReadonly();
  readonly trouble = this.failure.asReadonly();
  readonly classes = computed(() => this.folder()?.classes ?? []);
  readonly command = computed(() => this.folder()?.command ?? '');
  /** whether the model can't be had though there is one */
  readonly isWithoutModel = this.isModelLost.asReadonly();
  /** whether there is a model that proposes */
  readonly hasModel = computed(() => this.folder()?.model === true && !this.isModelLost());
  readonly entry = computed(() => {
    const { ids, at } = this.trail();
    const id = ids.at(at);
    return at < 0 || id === undefined ? undefined : this.all().find((entry) => entry.id === id);
  });
  readonly state = computed<State>(() => {
    if (this.failure() !== undefined) return 'failed';
    if (!this.folder()) return 'opening';
    if (this.isSurveying()) return 'surveying';
    return this.entry() ? 'showing' : 'finished';
  });
  private readonly fit = computed(() => this.all().filter(({ problem }) => problem === undefined));
  readonly total = computed(() => this.fit().length);
  readonly done = computed(() => this.fit().filter(isDone).length);
  /** how many objects of each class are kept */
  readonly counts = computed(() => {
    const counts = new Map<string, number>(this.classes().map((name) => [name, 0]));
    for (const entry of this.fit().filter(isDone)) {
      for (const { class: name } of namedOf(findsOf(entry, true) ?? [])) {
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    }
    return counts;
  });
  /** of the survey: how many photos the model looked at, of how many */
  readonly survey = computed(() => {
    const open = this.fit().filter((entry) => !isDone(entry));
    const seen = open.filter(({ proposed }) => proposed !== undefined).length;
    const all = Math.min(SURVEY, open.length);
    return { seen: Math.min(seen, all), all };
  });

  readonly photo = computed<Shown | undefined>(() => {
    const entry = this.entry();
    if (!entry) return undefined;
    const { id, name, width, height, work } = entry;
    const shown = { id, file: { name }, url: urlOf(name) };
    return { ...shown, recognition: { width, height }, corrected: work };
  });
  readonly manifest = computed<Meaning>(() => {
    const { reading: own = 'none', score_calibration: calibration } =
      this.recognizer()?.manifest ?? {};
    const classes = this.classes();
    const areSigns = classes.every((name) => Array.from(name).length === 1);
    const meaning = { classes, reading: areSigns ? own : ('none' as const) };
    return calibration ? { ...meaning, score_calibration: calibration } : meaning;
  });
  readonly findings = computed<Findings | undefined>(() => {
    const entry = this.entry();
    const finds = entry && findsOf(entry, this.hasModel());
    return finds && arranged(finds, this.manifest());
  });

  async open(): Promise<void> {
    this.failure.set(undefined);
    try {
      const folder = await openFolder();
      this.all.set(folder.photos.map(entryOf));
      this.isSurveying.set(folder.model && this.survey().all > 1);
      this.folder.set(folder);
    } catch (error) {
      this.failure.set(reasonOf(error));
      return;
    }
    if (!this.isSurveying()) this.begin();
    if (this.hasModel()) await this.propose();
  }

  /** Shows the first photo, whether or not the model has looked at all that it wanted to. */
  begin(): void {
    this.isSurveying.set(false);
    this.goOn(false);
  }

  show(id: number): void {
    if (this.all()[id].problem === undefined) this.step(id);
  }

  /** Says that the photo is right as it is, and shows the next. */
  confirm(): void {
    const entry = this.entry();
    // In the order in which they are read.
    const finds = this.findings()?.detections;
    if (!entry || !finds) return;
    this.change(entry.id, { isConfirmed: true, isSkipped: false });
    if (!isDone(entry)) this.keeper.put(entry.name, namedOf(finds));
    this.goOn();
  }

  /** Leaves the photo for later, and shows the next. */
  skip(): void {
    const entry = this.entry();
    if (entry && !isDone(entry)) this.change(entry.id, { isSkipped: true });
    this.goOn();
  }

  /** Shows the photo before this one again. */
  back(): void {
    this.trail.update(({ ids, at }) => ({ ids, at: Math.max(0, at - 1) }));
  }

  readonly canGoBack = computed(() => this.trail().at > 0);

  showAll(): void {
    // Nothing is ever hidden here.
  }

  correct(finds: readonly Detection[]): void {
    const entry = this.entry();
    if (!entry) return;
    this.change(entry.id, { work: [...entry.work, finds] });
    this.keeper.put(entry.name, namedOf(finds));
  }

  undo(): void {
    const entry = this.entry();
    if (!entry || entry.work.length === 0) return;
    const before = { ...entry, work: entry.work.slice(0, -1) };
    this.change(entry.id, { work: before.work });
    // With nothing left of a person's work, it is as if nobody had looked.
    const finds = findsOf(before, this.hasModel()) ?? [];
    this.keeper.put(entry.name, isDone(before) ? namedOf(finds) : null);
  }

  private goOn(isForward = true): void {
    const { ids, at } = this.trail();
    if (isForward && at < ids.length - 1) {
      this.trail.set({ ids, at: at + 1 });
      return;
    }
    const next = following(this.all(), this.entry()?.id);
    if (next) this.step(next.id);
    else if (this.done() === this.total()) this.trail.set({ ids, at: ids.length });
  }

  private step(id: number): void {
    this.trail.update(({ ids, at }) => {
      const before = ids.slice(0, at + 1);
      return { ids: [...before, id], at: before.length };
    });
  }

  private async propose(): Promise<void> {
    let recognizer: Recognizer;
    try {
      recognizer = await openModel(new AbortController().signal);
    } catch (error) {
      this.loseModel(error);
      return;
    }
    this.recognizer.set(recognizer);
    for (let entry = this.unseen(); entry; entry = this.unseen()) {
      const { id, name, width, height } = entry;
      let photo: Blob;
      try {
        photo = await fetchPhoto(name);
      } catch (error) {
        if (!(error instanceof RefusedError)) break;
        this.giveUp(id, error.message);
        continue;
      }
      try {
        const { manifest } = recognizer;
        const seen = await recognizer.recognize(photo, { minScore: leastScore(manifest) });
        if (seen.incomplete) {
          this.giveUp(id, words.incomplete);
          continue;
        }
        const proposed = proposalsOf(seen, manifest, this.classes(), { width, height });
        this.change(id, { proposed, sureness: surenessOf(proposed, manifest) });
      } catch {
        // What the model can't read a person may still see.
        this.change(id, { proposed: [], sureness: 0 });
      }
      const { seen, all } = this.survey();
      if (this.isSurveying() && seen >= all) this.begin();
    }
    if (this.isSurveying()) this.begin();
  }

  /** Goes on without a photo that can't be shown. */
  giveUp(id: number, problem: string): void {
    const isShown = this.entry()?.id === id;
    this.change(id, { problem });
    if (isShown) this.goOn();
  }

  private loseModel(error: unknown): void {
    console.error(error);
    this.isModelLost.set(true);
    if (this.isSurveying()) this.begin();
  }

  /** The photo that the model looks at next: the one that is shown, if it hasn't. */
  private unseen(): Entry | undefined {
    const open = this.fit().filter((entry) => entry.proposed === undefined && !isDone(entry));
    return open.find(({ id }) => id === this.entry()?.id) ?? open.at(0);
  }

  private change(id: number, change: Partial<Entry>): void {
    this.all.update((all) =>
      all.map((entry) => (entry.id === id ? { ...entry, ...change } : entry)),
    );
  }
}
