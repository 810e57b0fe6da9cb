r"""How much of a difference in average precision may be chance: two web models on the same photos, drawn anew.

    ./inv evaluate --model DIR --images DIR --annotations FILE    # twice; says where it left the evaluation
    .environments/train/bin/python -m benchmarks.precision .cache/evaluations/{ONE,OTHER}/evaluation

Each model's figures come twice: as `evaluation.average_precision` counts them, and with the best class of each place
alone. The standard errors are of the paired bootstrap (Efron and Tibshirani 1993, "An Introduction to the Bootstrap"):
photos are drawn with replacement, the same for both.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from training import command
from training.data.formats import read_csv
from training.errors import AnnotationError
from training.evaluation.average_precision import average_precision
from training.evaluation.metrics import Judged
from training.evaluation.predictions import read_predictions

DRAWS = 30
"""A standard error is known to an eighth by so many; each judges both models anew."""


def judged(evaluation: Path, classes: Sequence[str]) -> list[Judged]:
    """The photos of an evaluation with what the web model said of them. Raises AnnotationError, ModelError."""
    kept = evaluation.parent
    cropped = kept / "cropped" / "annotations.csv"
    photos = read_csv(cropped if cropped.is_file() else kept / "annotations" / "annotations.csv").photos
    found = read_predictions(kept / "predictions" / "predictions.jsonl", photos, classes)
    return [Judged(photo, detections) for photo, detections, _ in found]


def figures(photos: Sequence[Judged], classes: Sequence[str]) -> np.ndarray:
    """[2] mAP50 and mAP."""
    precision = average_precision(photos, classes)
    return np.array([precision.map50, precision.map])


def spread(one: Sequence[Judged], other: Sequence[Judged], classes: Sequence[str], draws: int = DRAWS) -> np.ndarray:
    """[2] standard errors of the differences in mAP50 and mAP between two models on the same photos."""
    rng = np.random.default_rng(1)
    differences = []
    for _ in command.progress(range(draws), draws, "draws"):
        drawn = rng.integers(0, len(one), len(one))
        ours, theirs = (figures([photos[place] for place in drawn], classes) for photos in (one, other))
        differences.append(ours - theirs)
    return np.std(differences, axis=0)


def main() -> None:
    """Print both models' figures, their difference, and its standard error."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("evaluations", nargs=2, type=Path, metavar="DIR", help="the evaluation of a web model")
    parser.add_argument("--classes", default="0,1,2,3,4,5,6,7,8,9", help="of both models, by comma")
    options = parser.parse_args()
    classes = options.classes.split(",")
    ours, theirs = (judged(folder, classes) for folder in options.evaluations)
    if [one.photo for one in ours] != [one.photo for one in theirs]:
        raise AnnotationError(
            f"{' and '.join(map(str, options.evaluations))}: not of the same photos; evaluate both with the same flags"
        )
    print("| | mAP50 / mAP | best class alone |\n|---|---|---|")
    for folder, photos in zip(options.evaluations, (ours, theirs), strict=True):
        alone = [Judged(one.photo, replace(one.detections, class_scores=None)) for one in photos]
        cells = (" / ".join(f"{figure:.4f}" for figure in figures(kind, classes)) for kind in (photos, alone))
        print(f"| {folder.parent.name} | {' | '.join(cells)} |", flush=True)
    difference = figures(ours, classes) - figures(theirs, classes)
    errors = spread(ours, theirs, classes)
    said = (f"{change:+.4f} (standard error {error:.4f})" for change, error in zip(difference, errors, strict=True))
    print(f"| difference | {' / '.join(said)} | |")


if __name__ == "__main__":
    command.run(main)
