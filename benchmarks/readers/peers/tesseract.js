/** tesseract.js with its small English model: digits alone, text anywhere. */
import Tesseract from './tesseract.js/dist/tesseract.esm.min.js';
import { enlarged, offer } from './shell.js';

const LSTM = 1;
/** Tesseract's page segmentation for text anywhere. */
const SPARSE = '11';

offer(async () => {
  const worker = await Tesseract.createWorker('eng', LSTM, {
    workerPath: new URL('tesseract.js/dist/worker.min.js', location.href).href,
    corePath: new URL('tesseract.js-core', location.href).href,
    langPath: new URL('@tesseract.js-data/eng/4.0.0_best_int', location.href).href,
    workerBlobURL: false,
    cacheMethod: 'none',
  });
  await worker.setParameters({
    tessedit_char_whitelist: '0123456789',
    tessedit_pageseg_mode: SPARSE,
  });
  return async (file) => (await worker.recognize(await enlarged(file))).data.text;
});
