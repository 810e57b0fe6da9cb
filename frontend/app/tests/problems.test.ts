import {
  DownloadError,
  ImageError,
  IntegrityError,
  ManifestError,
  ModelError,
  WorkerError,
} from '@digitlens/recognizer';
import { describe, expect, it } from 'vitest';
import { modelProblem, photoProblem } from '../src/app/problems';

const file = new File(['picture'], 'a.jpg');

describe('problems', () => {
  it.each([DownloadError, IntegrityError, ManifestError, ModelError, WorkerError])(
    'offers to try again after a %o, and keeps its words as a detail',
    (kind) => {
      const problem = modelProblem(new kind('weights.bin'));
      expect(problem.remedy).toBe(kind === ManifestError ? 'page' : 'model');
      expect(problem.detail).toBe(`${kind.name}: weights.bin`);
    },
  );

  it('says each of them in its own sentence', () => {
    const kinds = [DownloadError, IntegrityError, ManifestError, ModelError, WorkerError];
    const sentences = kinds.map((kind) => modelProblem(new kind('why')).sentence);
    expect(new Set(sentences).size).toBe(kinds.length);
  });

  it('asks for another file where the file is not a picture', async () => {
    const problem = await photoProblem(new ImageError('no', 'not-image'), file);
    expect(problem.sentence).toContain('not a picture');
    expect(problem.remedy).toBeUndefined();
  });

  it('says for each refused file what to do, and names a format that is not opened', async () => {
    const reasons = ['empty', 'not-image', 'truncated', 'damaged', 'too-large'] as const;
    const problems = reasons.map((why) => photoProblem(new ImageError('no', why), file));
    const sentences = (await Promise.all(problems)).map(({ sentence }) => sentence);
    expect(new Set(sentences).size).toBe(reasons.length);
    for (const format of ['HEIC', 'TIFF', 'JPEG XL']) {
      const { sentence } = await photoProblem(new ImageError('no', 'unsupported', format), file);
      expect(sentence).toContain(format);
      expect(sentence.includes('iPhone')).toBe(format === 'HEIC');
    }
  });

  it('offers to read the photo again on which the worker stopped, in the same words', async () => {
    const problem = modelProblem(new WorkerError('gone'));
    const again = await photoProblem(new WorkerError('gone'), file);
    expect(again).toEqual({ ...problem, remedy: 'photo' });
  });
});
