/** TensorFlow.js' backend in plain JavaScript: slow, and always there. */
import '@tensorflow/tfjs-backend-cpu';
import { setBackend } from '@tensorflow/tfjs-core';

export async function start(): Promise<number> {
  await setBackend('cpu');
  return 1;
}
