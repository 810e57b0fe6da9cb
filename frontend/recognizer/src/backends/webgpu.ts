/** TensorFlow.js on the graphics processor, through WebGPU. */
import '@tensorflow/tfjs-backend-webgpu';
import { backend, setBackend } from '@tensorflow/tfjs-core';
import { ModelError } from '../errors';
import type { Choice, Started } from '../protocol';

/** What tells an adapter that only imitates a graphics processor; browsers moved it. */
interface Adapter {
  isFallbackAdapter?: boolean;
  info?: { isFallbackAdapter?: boolean };
}

/** The part of the backend's device that tells of its end. */
interface Device {
  lost: Promise<{ message: string }>;
}

/** @throws ModelError where there is no WebGPU, or one that only imitates a graphics processor and `software` is not wanted */
export async function start({ software }: Choice): Promise<Started> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<Adapter | null> } };
  const adapter = await gpu?.requestAdapter();
  const imitated = adapter?.info?.isFallbackAdapter ?? adapter?.isFallbackAdapter ?? false;
  if (!adapter || (imitated && !software)) {
    throw new ModelError('This browser has no WebGPU that would be fast');
  }
  if (!(await setBackend('webgpu'))) throw new ModelError("WebGPU can't be started");
  const { device } = backend() as unknown as { device: Device };
  const lost = device.lost.then(({ message }) => message || 'its device was taken away');
  return { threads: 1, lost };
}
