"""Judges a model on labelled photos: average precision, per class, full numbers, with pictures to look at.

The model is a checkpoint or a SavedModel, run here, or the predictions that a web model made elsewhere.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from training import command, drawing
from training.data.formats import Photo, read_csv
from training.data.photos import decode
from training.detector.recognition import Detections
from training.errors import ModelError
from training.metrics import (
    Judged,
    average_precision,
    count_matches,
    detected_text,
    full_number_accuracy,
    label_text,
)
from training.models import load_model, predict, validate
from training.outputs import whole_folder

PICTURES = 12


def read_predictions(
    path: Path, photos: Sequence[Photo], classes: Sequence[str]
) -> Iterator[tuple[Photo, Detections, float]]:
    """Photos with their lines of a predictions.jsonl.

    Raises:
        ModelError: for an unreadable line, or a photo without a prediction
    """
    lines: dict[str, Any] = {}
    try:
        with path.open() as file:
            for number, line in enumerate(file, 1):
                prediction = json.loads(line)
                if number == 1:
                    validate(prediction, "prediction", f"{path} line {number}")
                lines[prediction["filename"]] = prediction
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{path}: not a file of predictions: {error}") from error
    missing = [photo.filename for photo in photos if photo.filename not in lines]
    if missing:
        raise ModelError(f"{path}: no prediction for {len(missing)} photos, {missing[0]} first; predict again")
    for photo in photos:
        found = lines[photo.filename]["detections"]
        boxes = [[item["box"][side] for side in ("ymin", "xmin", "ymax", "xmax")] for item in found]
        detections = Detections(
            np.array([classes.index(item["class"]) for item in found], np.int64),
            np.array([item["score"] for item in found], np.float64),
            np.array(boxes, np.float64).reshape(-1, 4),
        )
        yield photo, detections, lines[photo.filename]["milliseconds"]


def evaluate(judged: Sequence[Judged], description: Any) -> dict[str, Any]:
    """All figures of evaluation.json that come from labels and detections.

    ``description`` is the model's detector.json or manifest.json.
    """
    classes, threshold = description["classes"], description["score_threshold"]
    accuracy, interval = full_number_accuracy(judged, classes, description["reading"], threshold)
    map_all, map50, per_class = average_precision(judged, classes)
    table = {}
    for name, (hits, found, objects) in count_matches(judged, classes, threshold).items():
        table[name] = {
            "precision": hits / found if found else None,
            "recall": hits / objects if objects else None,
            "average_precision": None if math.isnan(per_class[name]) else per_class[name],
            "objects": objects,
        }
    return {
        "photos": len(judged),
        "digits": sum(len(one.photo.objects) for one in judged),
        "map": map_all,
        "map50": map50,
        "full_number_accuracy": accuracy,
        "full_number_accuracy_interval": list(interval),
        "score_threshold": threshold,
        "per_class": table,
    }


def draw_pictures(judged: Sequence[Judged], description: Any, images: Path, folder: Path) -> None:
    """A dozen photos with their detections, evenly chosen, named by their place in the list."""
    classes, reading = description["classes"], description["reading"]
    folder.mkdir()
    for index in np.linspace(0, len(judged) - 1, min(PICTURES, len(judged))).astype(int):
        one = judged[index]
        found = one.detections.above(description["score_threshold"])
        read, expected = detected_text(found, classes, reading), label_text(one.photo, reading)
        verdict = "right" if read == expected else f"label: {expected}"
        caption = f"{read or '(nothing)'} — {verdict}"
        picture = drawing.draw(decode(images / one.photo.filename), found, classes, caption)
        picture.save(folder / f"{index:05d}.jpg", quality=88)


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
    judged, milliseconds = [], []
    for photo, detections, spent in command.progress(results, len(photos), "photos"):
        judged.append(Judged(photo, detections))
        milliseconds.append(spent)
    figures = {"model": str(name), **evaluate(judged, description)}
    figures["milliseconds_per_photo"] = float(np.median(milliseconds))
    with whole_folder(options.out) as folder:
        (folder / "evaluation.json").write_text(json.dumps(figures, indent=1) + "\n")
        draw_pictures(judged, description, options.images, folder / "pictures")
    print(
        f"{figures['photos']} photos, {figures['digits']} objects: mAP {figures['map']:.3f}, "
        f"mAP50 {figures['map50']:.3f}, full numbers {figures['full_number_accuracy']:.1%} "
        f"at threshold {figures['score_threshold']}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    command.run(main, tf.errors.OpError)
