import { inject, Injectable, signal } from '@angular/core';
import { picturesIn } from './folders';
import { Reader } from './reader';
import { text } from './text';

/** Where the service worker leaves photos that another program shared with the page, see public/sw.js. */
const SHARED = 'shared-photos';

/** Photos that are dropped, pasted or shared: what is none of them gets a word, and not silence. */
@Injectable({ providedIn: 'root' })
export class Intake {
  private readonly reader = inject(Reader);
  private readonly said = signal<string | undefined>(undefined);
  /** why nothing, or not all, was taken */
  readonly notice = this.said.asReadonly();

  dismiss(): void {
    this.said.set(undefined);
  }

  /** Takes files, and the pictures of folders. */
  async drop(data: DataTransfer): Promise<void> {
    this.dismiss();
    // Both lists are empty once the event is over.
    const entries = Array.from(data.items, (item) => item.webkitGetAsEntry());
    const files = Array.from(data.files);
    const isFolder = entries.some((entry) => entry?.isDirectory);
    if (files.length === 0 && !isFolder) {
      this.said.set(text.picker.address);
      return;
    }
    if (!isFolder) {
      await this.reader.add(files);
      return;
    }
    const { pictures, others } = await picturesIn(entries.filter((entry) => entry !== null));
    if (pictures.length === 0) this.said.set(text.picker.emptyFolder);
    else if (others > 0) this.said.set(text.picker.leftOut(others));
    await this.reader.add(pictures);
  }

  /** Takes pictures of the clipboard; one that lies there in several formats is one. */
  async paste(data: DataTransfer): Promise<void> {
    this.dismiss();
    const files = Array.from(data.files);
    if (files.length === 0) {
      this.said.set(text.picker.noPicture);
      return;
    }
    const stems = new Set(files.map(({ name }) => name.replace(/\.[^.]*$/, '')));
    const isOne = stems.size === 1 && new Set(files.map(({ type }) => type)).size === files.length;
    // What stands first is what the program that copied it likes best.
    await this.reader.add(isOne ? files.slice(0, 1) : files);
  }

  /** Takes what another program shared with the installed page. */
  async takeShared(): Promise<void> {
    if (!new URLSearchParams(location.search).has('shared')) return;
    history.replaceState(null, '', location.pathname);
    try {
      const cache = await caches.open(SHARED);
      const requests = await cache.keys();
      const files = await Promise.all(
        requests.map(async (request) => {
          const response = await cache.match(request);
          const blob = (await response?.blob()) ?? new Blob();
          const name = decodeURIComponent(new URL(request.url).pathname.split('/').pop() ?? '');
          return new File([blob], name, { type: blob.type });
        }),
      );
      await caches.delete(SHARED);
      await this.reader.add(files);
    } catch {
      this.said.set(text.picker.notShared);
    }
  }
}
