/**
 * `<digit-reader model="model/manifest.json">`: a photo is chosen or dropped, what is found is framed and read out. For pages
 * without a build: `<script type="module" src=".../dist/element.js">` defines it, and finds the worker beside itself.
 *
 * Attributes: `model`, address of a manifest.json; `worker`, address of worker.js, if it isn't beside this script; `minscore`,
 * 0–1. The slot `label` replaces the words of the button. Event `read`, which bubbles: `detail` is the Recognition.
 */
import type { Recognition, Recognizer, RecognizerOptions } from './api';
import { createRecognizer } from './page/client';

const STYLE = `
  :host { display: block; font: inherit; }
  label { display: block; padding: 1em; border: 2px dashed; border-radius: 0.5em; cursor: pointer; text-align: center; }
  label:focus-within { outline: 3px solid Highlight; outline-offset: 2px; }
  input { position: absolute; opacity: 0; width: 1px; height: 1px; }
  canvas { display: block; max-width: 100%; height: auto; margin-top: 0.5em; }
  output { display: block; margin-top: 0.5em; font-size: 2em; overflow-wrap: anywhere; min-height: 1.2em; }
`;
/** Longest side of the picture that is shown, in pixels. */
const SHOWN = 1600;

/** What is not there where there is no page, such as in Node: importing this does nothing then. */
// eslint-disable-next-line @typescript-eslint/no-extraneous-class -- stands for one that isn't there
const Base = (globalThis as { HTMLElement?: typeof HTMLElement }).HTMLElement ?? class {};

export class DigitReader extends (Base as typeof HTMLElement) {
  private loading: Promise<Recognizer> | undefined;
  private reading = new AbortController();
  private readonly input = document.createElement('input');
  private readonly canvas = document.createElement('canvas');
  private readonly output = document.createElement('output');

  constructor() {
    super();
    const label = document.createElement('label');
    const words = document.createElement('slot');
    words.name = 'label';
    words.textContent = 'Choose a photo, or drop one here';
    Object.assign(this.input, { type: 'file', accept: 'image/*' });
    this.canvas.hidden = true;
    label.append(words, this.input);
    const root = this.attachShadow({ mode: 'open' });
    // Not a style element, which policies forbid.
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);
    root.adoptedStyleSheets = [style];
    root.append(label, this.canvas, this.output);
    this.input.addEventListener('change', () => {
      this.take(this.input.files);
    });
    this.addEventListener('dragover', (event) => {
      event.preventDefault();
    });
    this.addEventListener('drop', (event) => {
      event.preventDefault();
      this.take(event.dataTransfer?.files);
    });
  }

  /** What was read last: numbers with spaces between. */
  get value(): string {
    return this.output.dataset['text'] ?? '';
  }

  disconnectedCallback(): void {
    this.reading.abort();
    void this.loading?.then((recognizer) => {
      recognizer.close();
    });
    this.loading = undefined;
  }

  /** Reads a photo, as if it had been chosen. The one before is given up. */
  async read(photo: Blob): Promise<Recognition | undefined> {
    this.reading.abort();
    this.reading = new AbortController();
    const { signal } = this.reading;
    this.say('…');
    try {
      const recognizer = await (this.loading ??= this.load());
      const least = this.getAttribute('minscore');
      const options = least === null ? { signal } : { signal, minScore: Number(least) };
      const recognition = await recognizer.recognize(photo, options);
      await this.show(photo, recognition);
      const text = recognition.numbers.map((number) => number.text).join(' ');
      this.say(text || '–', text);
      this.dispatchEvent(
        new CustomEvent('read', { detail: recognition, bubbles: true, composed: true }),
      );
      return recognition;
    } catch (error) {
      if (!signal.aborted) this.say(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  private take(files: FileList | null | undefined): void {
    const photo = files?.[0];
    if (photo !== undefined) void this.read(photo);
  }

  private async load(): Promise<Recognizer> {
    const worker = this.getAttribute('worker') ?? new URL('worker/worker.js', import.meta.url);
    const options: RecognizerOptions = {
      modelUrl: this.getAttribute('model') ?? 'model/manifest.json',
      workerUrl: worker,
    };
    try {
      return await createRecognizer(options);
    } catch (error) {
      // The next photo tries again.
      this.loading = undefined;
      throw error;
    }
  }

  private say(words: string, text = ''): void {
    this.output.textContent = words;
    this.output.dataset['text'] = text;
  }

  /** The photo with a frame around each number. */
  private async show(photo: Blob, { width, height, numbers }: Recognition): Promise<void> {
    const bitmap = await createImageBitmap(photo);
    const scale = Math.min(1, SHOWN / Math.max(width, height));
    Object.assign(this.canvas, { width: width * scale, height: height * scale, hidden: false });
    const context = this.canvas.getContext('2d');
    if (context === null) return;
    context.drawImage(bitmap, 0, 0, this.canvas.width, this.canvas.height);
    bitmap.close();
    context.strokeStyle = '#d0021b';
    context.lineWidth = Math.max(2, this.canvas.width / 300);
    for (const { box } of numbers) {
      const [x, y] = [box.xmin * scale, box.ymin * scale];
      context.strokeRect(x, y, (box.xmax - box.xmin) * scale, (box.ymax - box.ymin) * scale);
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'digit-reader': DigitReader;
  }
}

const { customElements: registry } = globalThis as { customElements?: CustomElementRegistry };
if (registry?.get('digit-reader') === undefined) registry?.define('digit-reader', DigitReader);
