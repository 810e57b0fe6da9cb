import {
  ChangeDetectionStrategy,
  Component,
  computed,
  inject,
  linkedSignal,
  signal,
} from '@angular/core';
import { probability } from '@digitlens/recognizer';
import { Corrections } from '../app/corrections';
import { FocusKeeper } from '../app/focus-keeper';
import { percent } from '../app/format';
import { page } from '../app/page';
import { lookOf, UNNAMED } from '../app/palette';
import { PhotoView } from '../app/photo-view';
import { text } from '../app/text';
import { ClassList } from './class-list';
import { findsOf, isDone, namedOf, type Entry } from './entries';
import { Keeper } from './keeper';
import { Session } from './session';
import { words } from './words';

/** The page on which a folder is labelled. */
@Component({
  selector: 'app-root',
  templateUrl: './desk.html',
  imports: [ClassList, FocusKeeper, PhotoView],
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: {
    class: 'desk',
    '(document:keydown)': 'press($event)',
    '(mousedown)': 'point($event)',
    '(window:beforeunload)': 'ask($event)',
  },
})
export class Desk {
  protected readonly session = inject(Session);
  protected readonly keeper = inject(Keeper);
  protected readonly corrections = inject(Corrections);
  protected readonly page = page;
  protected readonly text = text;
  protected readonly words = words;
  protected readonly note = signal('');
  private readonly shown = computed(() => this.session.entry()?.id);
  /** position of the find that is chosen */
  protected readonly selected = linkedSignal<number | undefined, number | undefined>({
    source: this.shown,
    computation: () => undefined,
  });
  protected readonly progress = computed(() =>
    words.progress(this.session.done(), this.session.total()),
  );
  protected readonly survey = computed(() => {
    const { seen, all } = this.session.survey();
    return words.surveying(seen, all);
  });
  protected readonly saving = computed(() => {
    if (this.keeper.isSaved()) return words.saved;
    return this.keeper.trouble() === undefined ? words.saving : words.waiting;
  });
  protected readonly isEmpty = computed(
    () => this.session.findings()?.detections.every(({ class: name }) => name === '') ?? false,
  );
  /** how the photo that is shown stands */
  protected readonly standing = computed(() => {
    const entry = this.session.entry();
    const finds = this.session.findings()?.detections;
    if (!entry || !finds) return words.looking;
    if (isDone(entry)) return this.keeper.isSaved() ? words.kept : '';
    return finds.length > 0 ? words.proposed : words.drawn;
  });
  protected readonly unnamed = computed(() => {
    const finds = this.session.findings()?.detections ?? [];
    const count = finds.length - namedOf(finds).length;
    return count > 0 ? words.left(count) : '';
  });
  protected readonly frames = computed(() => {
    const manifest = this.session.manifest();
    return (this.session.findings()?.detections ?? []).map(({ class: name, score }) => ({
      name: name || text.correct.unnamed,
      look:
        name === ''
          ? UNNAMED
          : lookOf(manifest.reading === 'lines' ? 0 : manifest.classes.indexOf(name)),
      sure: score === 1 ? words.byHand : words.sure(percent(probability(score, manifest))),
    }));
  });
  protected readonly items = computed(() =>
    this.session.entries().map((entry) => ({
      entry,
      said: this.saidOf(entry),
      isDone: isDone(entry),
    })),
  );
  protected readonly isListOpen = signal(false);

  constructor() {
    this.corrections.begin();
    void this.session.open();
  }

  /** Wherever the focus is, but in what takes keys itself. */
  protected press(event: KeyboardEvent): void {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || this.session.state() !== 'showing')
      return;
    if (
      target instanceof Element &&
      target.closest(key === 'Enter' ? 'button, summary, a, select' : 'select')
    )
      return;
    const acts: Record<string, () => void> = {
      Enter: () => {
        this.session.confirm();
      },
      PageDown: () => {
        this.session.skip();
      },
      PageUp: () => {
        this.session.back();
      },
      Escape: () => {
        this.selected.set(undefined);
      },
    };
    const act = Object.hasOwn(acts, key) ? acts[key] : undefined;
    if (!act) return;
    event.preventDefault();
    // Held down, Enter would run through the folder.
    if (!event.repeat || key !== 'Enter') act();
  }

  /** Only the keyboard gives buttons the focus: after a click, Enter still says that the photo is done. */
  protected point(event: MouseEvent): void {
    if (event.target instanceof Element && event.target.closest('button, summary')) {
      event.preventDefault();
    }
  }

  /** What isn't kept yet would be lost. */
  protected ask(event: BeforeUnloadEvent): void {
    if (!this.keeper.isSaved()) event.preventDefault();
  }

  protected clear(): void {
    this.corrections.clear();
    this.selected.set(undefined);
  }

  protected giveUp(): void {
    const entry = this.session.entry();
    if (entry) this.session.giveUp(entry.id, words.unshown);
  }

  protected reload(): void {
    location.reload();
  }

  protected async copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.session.command());
      this.note.set(words.copied);
    } catch {
      this.note.set(words.copyFailed);
    }
  }

  private saidOf(entry: Entry): string {
    if (entry.problem !== undefined) return `${words.broken}: ${entry.problem}`;
    if (!isDone(entry)) return words.open;
    return words.objects(namedOf(findsOf(entry, true) ?? []).length);
  }
}
