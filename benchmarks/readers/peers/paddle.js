/** PaddleOCR.js with PP-OCRv4's networks, on one thread. */
import { PaddleOCR } from '@paddleocr/paddleocr-js';
import { enlarged, offer } from './shell.js';

const model = (name) => new URL(`${name}.tar`, location.href).href;

offer(async () => {
  const reader = await PaddleOCR.create({
    textDetectionModelName: 'PP-OCRv4_mobile_det',
    textDetectionModelAsset: { url: model('PP-OCRv4_mobile_det') },
    textRecognitionModelName: 'PP-OCRv4_mobile_rec',
    textRecognitionModelAsset: { url: model('PP-OCRv4_mobile_rec') },
    ortOptions: {
      backend: 'wasm',
      wasmPaths: new URL('onnxruntime-web/dist/', location.href).href,
      numThreads: 1,
      simd: true,
    },
  });
  return async (file) => {
    const [result] = await reader.predict(await enlarged(file));
    return result.items.map((item) => item.text).join('');
  };
});
