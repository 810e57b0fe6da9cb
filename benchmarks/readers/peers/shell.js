/**
 * What every other reader's page has in common: the attributes of our own page, as frontend/README.md promises them, so
 * that benchmarks/page/watch.js watches all of them alike.
 */

/** Photos are enlarged until their longer side has so many pixels: text readers hardly find smaller text. */
const SIDE = 640;

/**
 * Reads every photo that is put into the page's file input.
 *
 * @param start makes the reader, once; resolves to a function from a File to its text
 */
export function offer(start) {
  const [input, result] = ['file', 'result'].map((name) =>
    document.querySelector(`[data-testid=${name}]`),
  );
  const ready = start();
  // Said where a photo waits for it.
  ready.catch(() => {});
  input.addEventListener('change', async () => {
    const [file] = input.files;
    result.textContent = '';
    Object.assign(result.dataset, { photo: file.name, state: 'busy', text: '' });
    try {
      const read = await ready;
      result.dataset.text = digits(await read(file));
      result.dataset.state = 'done';
    } catch (error) {
      result.textContent = error?.message ?? String(error);
      result.dataset.state = 'error';
    }
  });
}

/** Only the digits of what was read. */
function digits(words) {
  return words.replace(/[^0-9]/g, '');
}

/** A photo whose longer side has at least `SIDE` pixels, as a canvas. */
export async function enlarged(file) {
  const photo = await createImageBitmap(file);
  const scale = Math.max(1, SIDE / Math.max(photo.width, photo.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(photo.width * scale);
  canvas.height = Math.round(photo.height * scale);
  const drawing = canvas.getContext('2d');
  drawing.imageSmoothingQuality = 'high';
  drawing.drawImage(photo, 0, 0, canvas.width, canvas.height);
  photo.close();
  return canvas;
}
