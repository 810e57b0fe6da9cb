import type { Signal } from '@angular/core';
import type { Detection, Manifest, Recognition } from '@digitlens/recognizer';
import type { Findings } from './findings';

/** What is needed of a model to show and name finds; there is such a thing without a model, too. */
export type Meaning = Pick<Manifest, 'classes' | 'reading' | 'score_calibration'>;

/** A photo as it is shown and corrected. */
export interface Shown {
  id: number;
  file: { name: string };
  /** for <img> */
  url: string;
  recognition?: Pick<Recognition, 'width' | 'height'>;
  /** what a person made of the finds, one change after another */
  corrected?: readonly (readonly Detection[])[];
}

/** The photo that is shown and corrected, whoever holds it: the visitor's reader, or a folder that is labelled. */
export abstract class Subject {
  abstract readonly photo: Signal<Shown | undefined>;
  abstract readonly findings: Signal<Findings | undefined>;
  abstract readonly manifest: Signal<Meaning | undefined>;
  /** Shows the objects of all classes. */
  abstract showAll(): void;
  /** Puts a person's finds in the place of those of the photo that is shown. */
  abstract correct(finds: readonly Detection[]): void;
  /** Takes the last correction of the photo that is shown back. */
  abstract undo(): void;
}
