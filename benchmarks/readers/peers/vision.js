/** Google Cloud Vision, asked as a page would ask it: the photo as it is, in JSON; `?feature=` says for what. */
import { offer } from './shell.js';

const type = new URLSearchParams(location.search).get('feature');

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(',') + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

offer(async () => async (file) => {
  const image = { content: await base64(file) };
  const answer = await fetch('/v1/images:annotate', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ requests: [{ image, features: [{ type }] }] }),
  });
  const said = await answer.json();
  const [found] = said.responses ?? [{}];
  const error = said.error ?? found.error;
  if (error) throw new Error(`${error.code} ${error.message}`);
  return found.fullTextAnnotation?.text ?? found.textAnnotations?.[0]?.description ?? '';
});
