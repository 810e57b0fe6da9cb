/**
 * The library without a framework. Serve the repository's root (`python3 -m http.server --bind 127.0.0.1`) and open
 * /frontend/recognizer/example/; `?model=` is the address of another manifest.json, `?backend=` forces a backend.
 */
import { createRecognizer } from '../dist/index.js';

const query = new URLSearchParams(location.search);
const released = '../../../models/digits/web_model/manifest.json';
const [file, status, canvas, list] = ['file', 'status', 'photo', 'detections'].map((id) =>
  document.getElementById(id),
);

function say(words) {
  status.textContent = words;
}

function draw(bitmap, detections) {
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  const context = canvas.getContext('2d');
  context.drawImage(bitmap, 0, 0);
  context.strokeStyle = 'red';
  context.lineWidth = Math.max(2, bitmap.width / 300);
  for (const { box } of detections) {
    context.strokeRect(box.xmin, box.ymin, box.xmax - box.xmin, box.ymax - box.ymin);
  }
}

try {
  const recognizer = await createRecognizer({
    modelUrl: query.get('model') ?? released,
    backend: query.get('backend') ?? undefined,
    onProgress: ({ loaded, total }) => say(`${loaded} of ${total} bytes`),
  });
  file.disabled = false;
  say(`Ready on ${recognizer.runtime.backend}`);
  file.addEventListener('change', async () => {
    const [photo] = file.files;
    if (photo === undefined) return;
    try {
      say('Reading …');
      const { detections, numbers, timings } = await recognizer.recognize(photo);
      draw(await createImageBitmap(photo), detections);
      const items = detections.map(({ class: name, score }) => {
        const item = document.createElement('li');
        item.textContent = `${name} ${Math.round(score * 100)} %`;
        return item;
      });
      list.replaceChildren(...items);
      const text = numbers.map((number) => number.text).join(' ');
      say(`Found ${text || 'nothing'} in ${Math.round(timings.total)} ms`);
    } catch (error) {
      say(error.message);
    }
  });
} catch (error) {
  say(error.message);
}
