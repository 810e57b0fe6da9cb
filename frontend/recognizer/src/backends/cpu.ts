/** TensorFlow.js' backend in plain JavaScript: slow, and always there. */
import '@tensorflow/tfjs-backend-cpu';
import { setBackend } from '@tensorflow/tfjs-core';
import type { Started } from '../protocol';

export async function start(): Promise<Started> {
  await setBackend('cpu');
  return { threads: 1 };
}
