import {
  DownloadError,
  ImageError,
  IntegrityError,
  ManifestError,
  RecognizerError,
  WorkerError,
} from '@digitlens/recognizer';
import type { Refused } from './refusals';
import { text } from './text';

/** What may help: reading the photo, loading the model or the page again. */
export type Remedy = 'photo' | 'model' | 'page';

/** What went wrong, in the visitor's words, and what the page offers to do about it. */
export interface Problem {
  sentence: string;
  /** for whoever looks after the page */
  detail: string;
  remedy?: Remedy;
}

const SENTENCES: [new (message?: string) => RecognizerError, string][] = [
  [DownloadError, text.problems.download],
  [IntegrityError, text.problems.integrity],
  [ManifestError, text.problems.manifest],
  [WorkerError, text.problems.worker],
];

/** Why there is no model, or no longer one. */
export function modelProblem(error: unknown): Problem {
  // Browsers keep what the check of the model needs from pages without https.
  if ('isSecureContext' in globalThis && !isSecureContext) {
    return { sentence: text.problems.insecure, detail: detailOf(error), remedy: 'page' };
  }
  const known = SENTENCES.find(([kind]) => error instanceof kind);
  const sentence = known?.[1] ?? text.problems.model;
  const remedy = error instanceof ManifestError ? 'page' : 'model';
  return { sentence, detail: detailOf(error), remedy };
}

/** Why there is no answer for a photo. */
export async function photoProblem(error: unknown, file: File): Promise<Problem> {
  if (error instanceof ImageError) {
    const kind = error.reason === 'empty' ? undefined : await refusedKind(file);
    const sentence = kind ? text.problems.kinds[kind] : imageSentence(error);
    return { sentence, detail: detailOf(error), ...(kind === 'gone' && { remedy: 'photo' }) };
  }
  const problem = modelProblem(error);
  // The next photo gets a worker of its own.
  return error instanceof WorkerError ? { ...problem, remedy: 'photo' } : problem;
}

/** What is no photo, told by a part of the page that only refusals need; without it the sentence is a general one. */
async function refusedKind(file: File): Promise<Refused | undefined> {
  try {
    return await (await import('./refusals')).kindOf(file);
  } catch {
    return undefined;
  }
}

function imageSentence({ reason, format }: ImageError): string {
  switch (reason) {
    case 'empty':
      return text.problems.empty;
    case 'unsupported':
      if (format === undefined) return text.problems.notImage;
      return format === 'HEIC' ? text.problems.heic : text.problems.unsupported(format);
    case 'truncated':
      return text.problems.truncated;
    case 'damaged':
      return text.problems.damaged;
    case 'unreadable':
      return text.problems.kinds.gone;
    case 'too-large':
      return text.problems.tooLarge;
    default:
      return text.problems.notImage;
  }
}

function detailOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
