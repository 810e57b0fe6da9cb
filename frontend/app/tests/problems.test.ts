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

  it('asks for another file where the file is not a picture', () => {
    const problem = photoProblem(new ImageError('no', 'not-image'));
    expect(problem.sentence).toContain('not a picture');
    expect(problem.remedy).toBeUndefined();
  });

  it('says for each refused file what to do, and names a format that is not opened', () => {
    const reasons = ['empty', 'not-image', 'truncated', 'damaged', 'too-large'] as const;
    const sentences = reasons.map((why) => photoProblem(new ImageError('no', why)).sentence);
    expect(new Set(sentences).size).toBe(reasons.length);
    const heic = photoProblem(new ImageError('no', 'unsupported', 'HEIC'));
    expect(heic.sentence).toContain('HEIC');
    expect(heic.sentence).toContain('JPEG');
  });

  it('offers to read the photo again on which the worker stopped, in the same words', () => {
    const problem = modelProblem(new WorkerError('gone'));
    expect(photoProblem(new WorkerError('gone'))).toEqual({ ...problem, remedy: 'photo' });
  });
});
