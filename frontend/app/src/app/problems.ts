import {
  DownloadError,
  ImageError,
  IntegrityError,
  ManifestError,
  RecognizerError,
  WorkerError,
} from '@digitlens/recognizer';

/** What went wrong, in the visitor's words, and what the page offers to do about it. */
export interface Problem {
  sentence: string;
  /** for whoever looks after the page */
  detail: string;
  /** whether loading the model again may help */
  retry: boolean;
}

const SENTENCES: [new (message?: string) => RecognizerError, string][] = [
  [
    DownloadError,
    'The model could not be loaded. Check the connection, then try again. Your photo stays here.',
  ],
  [
    IntegrityError,
    'The model arrived damaged and is not used. Try again; if it stays so, the site needs repair.',
  ],
  [ManifestError, 'This page and its model do not fit together. The site needs repair.'],
  [WorkerError, 'The recognizer stopped. Try again; a smaller photo needs less memory.'],
];

/** Why there is no model, or no longer one. */
export function modelProblem(error: unknown): Problem {
  const known = SENTENCES.find(([kind]) => error instanceof kind);
  const sentence = known?.[1] ?? 'The model does not run in this browser. An update may help.';
  return { sentence, detail: detailOf(error), retry: true };
}

/** Why there is no answer for a photo. */
export function photoProblem(error: unknown): Problem {
  if (error instanceof ImageError) {
    return {
      sentence: 'This file is not a picture that your browser can open. Try a JPEG, PNG or WebP.',
      detail: detailOf(error),
      retry: false,
    };
  }
  return modelProblem(error);
}

function detailOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
