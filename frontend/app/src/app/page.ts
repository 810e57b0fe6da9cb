/**
 * What this page is about: infra/page/shell.py writes it into index.html from the model's manifest, so that it is known,
 * and the same, from the first paint on.
 */

/** A photo to try the page with. */
export interface Sample {
  /** what stands for it in addresses */
  name: string;
  /** address of the photo */
  photo: string;
  /** address of a small picture of it */
  thumbnail: string;
  /** of that, in pixels */
  width: number;
  height: number;
}

export interface PageData {
  name: string;
  /** one line: what it does, where */
  promise: string;
  /** as the manifest's: whether objects are characters, which are read together */
  reading: 'lines' | 'none';
  samples: Sample[];
}

const BARE: PageData = { name: 'digitlens', promise: '', reading: 'lines', samples: [] };

export const page: PageData = { ...BARE, ...written() };

/** Nothing in the app alone, without a model. */
function written(): Partial<PageData> {
  if (typeof document === 'undefined') return {};
  const words = document.getElementById('page')?.textContent ?? '';
  try {
    return JSON.parse(words) as PageData;
  } catch {
    return {};
  }
}
