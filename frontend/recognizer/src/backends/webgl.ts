/** TensorFlow.js on the graphics processor, through WebGL. */
import '@tensorflow/tfjs-backend-webgl';
import { backend, setBackend } from '@tensorflow/tfjs-core';
import { ModelError } from '../errors';
import type { Choice, Started } from '../protocol';

/** @throws ModelError where there is no WebGL, or one that only imitates a graphics processor and `software` is not wanted */
export async function start({ software }: Choice): Promise<Started> {
  const options = { failIfMajorPerformanceCaveat: !software };
  if (new OffscreenCanvas(1, 1).getContext('webgl2', options) === null) {
    throw new ModelError('This browser has no WebGL that would be fast');
  }
  if (!(await setBackend('webgl'))) throw new ModelError("WebGL can't be started");
  const { canvas } = (backend() as unknown as { gpgpu: { gl: { canvas: EventTarget } } }).gpgpu.gl;
  const lost = new Promise<string>((resolve) => {
    const tell = (): void => {
      resolve('its context was taken away');
    };
    canvas.addEventListener('webglcontextlost', tell, { once: true });
  });
  return { threads: 1, lost };
}
