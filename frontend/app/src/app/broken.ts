import { text } from './text';

/** Whatever is left of a page that can't start, it says what it is and that it doesn't work. */
export function sayBroken(error: unknown): void {
  console.error(error);
  const words = document.createElement('p');
  words.role = 'alert';
  words.classList.add('late', 'late-now');
  words.textContent = text.start.broken;
  document.body.append(words);
}
