/** The model that this page is released with. */
import {
  createRecognizer,
  type Backend,
  type Progress,
  type Recognizer,
} from '@digitlens/recognizer';
import assets from '@digitlens/recognizer/assets.json';

const MODEL_URL = 'model/manifest.json';
/** SHA-256 of the manifest that this page is released with, see infra/page/site.py. */
const MANIFEST_META = 'meta[name=model-manifest]';
const WORKER_URL = `recognizer/${assets.worker}`;
const BACKENDS: readonly string[] = ['webgpu', 'webgl', 'wasm', 'cpu'] satisfies Backend[];

/**
 * Loads it, on the backend that the page's address asks for.
 *
 * @throws RecognizerError, or the signal's reason
 */
export function openModel(
  signal: AbortSignal,
  onProgress?: (progress: Progress) => void,
): Promise<Recognizer> {
  const backend = new URLSearchParams(location.search).get('backend');
  return createRecognizer({
    modelUrl: MODEL_URL,
    workerUrl: WORKER_URL,
    modelSha256: document.querySelector<HTMLMetaElement>(MANIFEST_META)?.content,
    signal,
    ...(backend !== null && BACKENDS.includes(backend) && { backend: backend as Backend }),
    ...(onProgress && { onProgress }),
  });
}
