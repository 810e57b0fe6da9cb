"""Judges a model on labelled photos: average precision, per class, full numbers, with charts and pictures to look at.

The model is a checkpoint or a SavedModel, run here, or the predictions that a web model made elsewhere. The folder of
an evaluation holds

- ``evaluation.json``, the figures; ``evaluation.md`` and ``charts/``, the same for people;
- ``photos.csv``, what was read in each photo, by which two models can be compared photo by photo;
- ``pictures/``, a dozen photos with their detections, and ``worst/``, the worst; ``worst.jpg`` shows those at a glance.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from training import command, drawing
from training.data.formats import read_csv
from training.data.photos import decode
from training.errors import ModelError
from training.evaluation import analysis, page
from training.evaluation.analysis import Outcome
from training.evaluation.average_precision import Precision, average_precision
from training.evaluation.metrics import Judged, count_matches, detected_text, full_number_accuracy, label_text
from training.evaluation.predictions import read_predictions
from training.models import load_model, predict
from training.outputs import whole_folder

PICTURES = 12
WORST = 50


def evaluate(outcomes: Sequence[Outcome], precision: Precision, description: Any) -> dict[str, Any]:
    """All figures of evaluation.json that come from labels and detections.

    ``description`` is the model's detector.json or manifest.json.
    """
    classes, threshold = description["classes"], description["score_threshold"]
    judged = [one.judged for one in outcomes]
    accuracy, interval = full_number_accuracy(judged, classes, description["reading"], threshold)
    table = {}
    for name, (hits, found, objects) in count_matches(judged, classes, threshold).items():
        table[name] = {
            "precision": hits / found if found else None,
            "recall": hits / objects if objects else None,
            "average_precision": None if math.isnan(precision.per_class[name]) else precision.per_class[name],
            "objects": objects,
        }
    return {
        "photos": len(judged),
        "digits": sum(len(one.photo.objects) for one in judged),
        "map": precision.map,
        "map50": precision.map50,
        "full_number_accuracy": accuracy,
        "full_number_accuracy_interval": list(interval),
        "false_alarms_per_100_photos": 100 * analysis.extras(outcomes, threshold) / len(judged),
        "calibration_error": analysis.reliability(outcomes)[1],
        "score_threshold": threshold,
        "per_class": table,
    }


def write_photos(outcomes: Sequence[Outcome], description: Any, path: Path) -> None:
    """What the labels say and what was read, one row per photo."""
    classes, reading, threshold = (description[key] for key in ("classes", "reading", "score_threshold"))
    with path.open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["filename", "label", "read", "right", "regret"])
        for one in outcomes:
            label = label_text(one.judged.photo, reading)
            read = detected_text(one.judged.detections.above(threshold), classes, reading)
            regret = analysis.regret(one, threshold)
            rows.writerow([one.judged.photo.filename, label, read, int(read == label), f"{regret:.3f}"])


def draw_pictures(chosen: Sequence[Judged], names: Sequence[str], description: Any, images: Path, folder: Path) -> None:
    """Photos with their detections, as ``folder``/NAME.jpg."""
    classes, reading = description["classes"], description["reading"]
    folder.mkdir()
    for one, name in zip(chosen, names, strict=True):
        found = one.detections.above(description["score_threshold"])
        read, expected = detected_text(found, classes, reading), label_text(one.photo, reading)
        verdict = "right" if read == expected else f"label: {expected or '(nothing)'}"
        caption = f"{read or '(nothing)'} — {verdict}"
        picture = drawing.draw(decode(images / one.photo.filename), found, classes, caption)
        picture.save(folder / f"{name}.jpg", quality=88)


def main() -> None:
    """Evaluate a model on labelled photos."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--model", type=Path, help="folder of a checkpoint or SavedModel")
    source.add_argument("--predictions", type=Path, help="predictions.jsonl of a web model")
    parser.add_argument("--web-model", type=Path, help="the web model that made the predictions")
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--annotations", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    photos = read_csv(options.annotations).photos
    if options.model:
        model = load_model(options.model)
        description, name = model.description, options.model
        results = predict(model, photos, options.images)
    else:
        name = options.web_model
        description = json.loads((options.web_model / "manifest.json").read_text())
        results = read_predictions(options.predictions, photos, description["classes"])
    classes = description["classes"]
    unknown = {item.name for photo in photos for item in photo.objects} - set(classes)
    if unknown:
        raise ModelError(f"{options.annotations}: classes that the model doesn't know: {', '.join(sorted(unknown))}")
    outcomes, milliseconds = [], []
    for photo, detections, spent in command.progress(results, len(photos), "photos"):
        outcomes.append(analysis.outcome(Judged(photo, detections), classes))
        milliseconds.append(spent)
    judged = [one.judged for one in outcomes]
    precision = average_precision(judged, classes)
    figures = {"model": str(name), **evaluate(outcomes, precision, description)}
    figures["milliseconds_per_photo"] = float(np.median(milliseconds))
    some = [int(place) for place in np.linspace(0, len(judged) - 1, min(PICTURES, len(judged)))]
    worst = analysis.worst(outcomes, classes, description["reading"], description["score_threshold"], WORST)
    with whole_folder(options.out) as folder:
        (folder / "evaluation.json").write_text(json.dumps(figures, indent=1) + "\n")
        write_photos(outcomes, description, folder / "photos.csv")
        page.write(folder, figures, description, outcomes, precision)
        names = [f"{place:05d}" for place in some]
        draw_pictures([judged[place] for place in some], names, description, options.images, folder / "pictures")
        names = [f"{place:02d}-{Path(one.judged.photo.filename).stem}" for place, one in enumerate(worst, 1)]
        draw_pictures([one.judged for one in worst], names, description, options.images, folder / "worst")
        if worst:
            drawing.contact_sheet([folder / "worst" / f"{name}.jpg" for name in names], folder / "worst.jpg")
    print(
        f"{figures['photos']} photos, {figures['digits']} objects: mAP {figures['map']:.3f}, "
        f"mAP50 {figures['map50']:.3f}, full numbers {figures['full_number_accuracy']:.1%} "
        f"at threshold {figures['score_threshold']}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    command.run(main, tf.errors.OpError)
