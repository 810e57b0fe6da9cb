"""Judges a model on labelled photos: average precision, per class, what is read, with charts and pictures to look at.

The model is a checkpoint or a SavedModel, run here, or the predictions that a web model made elsewhere. The folder of
an evaluation holds

- ``evaluation.json``, the figures; ``evaluation.md`` and ``charts/``, the same for people;
- ``weaknesses.json``, what goes wrong: the worst photos and why, confusions, sizes and kinds that fail;
- ``photos.csv``, what was found in each photo, by which two models can be compared photo by photo;
- ``pictures/``, a dozen photos with their detections, and ``worst/``, the worst; ``worst.jpg`` shows those at a glance.

Where objects are characters that are read (``reading: lines``), full numbers right are the figure that counts; for
other objects it is mAP. Each comes with its 95 % interval.
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

from training import command, drawing, shards
from training.data import kinds
from training.data.formats import Photo, read_csv
from training.data.photos import decode
from training.detector.scores import thresholds
from training.errors import ModelError, ShardError
from training.evaluation import analysis, by_kind, page, pieces, words
from training.evaluation.analysis import Outcome
from training.evaluation.average_precision import Precision, average_precision
from training.evaluation.by_kind import Kinds
from training.evaluation.metrics import (
    Judged,
    count_matches,
    detected_text,
    full_number_accuracy,
    label_boxes,
    label_text,
)
from training.evaluation.predictions import read_predictions
from training.evaluation.reliability import reliability
from training.findings import counted
from training.models import load_model, predict
from training.outputs import fitting, whole_folder

PICTURES = 12
WORST = 50


def evaluate(outcomes: Sequence[Outcome], precision: Precision, description: Any) -> dict[str, Any]:
    """All figures of evaluation.json that come from labels and detections.

    ``description`` is the model's detector.json or manifest.json.
    """
    classes, reading, threshold = description["classes"], description["reading"], thresholds(description)
    judged = [one.judged for one in outcomes]
    figures: dict[str, Any] = {
        "photos": len(judged),
        "objects": sum(len(one.photo.objects) for one in judged),
        "noun": words.plural(classes),
        "map": precision.map,
        "map_interval": precision.map_interval,
        "map50": precision.map50,
        "map50_interval": precision.map50_interval,
    }
    if reading == "lines":
        accuracy, interval = full_number_accuracy(judged, classes, reading, threshold)
        figures |= {"full_number_accuracy": accuracy, "full_number_accuracy_interval": list(interval)}
    figures["false_alarms_per_100_photos"] = 100 * analysis.extras(outcomes, threshold) / len(judged)
    if empty := [one for one in outcomes if not len(one.names)]:
        figures["empty_photos"] = len(empty)
        figures["false_alarms_per_100_empty_photos"] = 100 * analysis.extras(empty, threshold) / len(empty)
    figures["calibration_error"] = reliability(outcomes)[1]
    if calibration := description.get("score_calibration"):
        figures["calibration_error_shown"] = reliability(outcomes, calibration)[1]
    figures["score_threshold"] = description["score_threshold"]
    own = description.get("class_thresholds", {})
    figures["per_class"] = {
        name: {
            "precision": hits / found if found else None,
            "recall": hits / objects if objects else None,
            "average_precision": _number(precision.per_class[name]),
            "average_precision_50": _number(precision.per_class50[name]),
            "objects": objects,
            **({"threshold": own[name]} if name in own else {}),
        }
        for name, (hits, found, objects) in count_matches(judged, classes, threshold).items()
    }
    return figures


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def weaknesses(
    outcomes: Sequence[Outcome], worst: Sequence[Outcome], counted_kinds: Kinds, description: Any
) -> dict[str, Any]:
    """The content of weaknesses.json; ``worst`` are the photos whose pictures are in ``worst/``, in that order."""
    classes, threshold = description["classes"], thresholds(description)
    size = description["input"]["height"], description["input"]["width"]
    table = analysis.confusion(outcomes, len(classes), threshold)
    return {
        "worst": [
            {
                "filename": one.judged.photo.filename,
                "picture": f"worst/{name}.jpg",
                "fault": analysis.fault(one, classes, threshold),
            }
            for one, name in zip(worst, _names(worst), strict=True)
        ],
        "missed": {name: int(table[row, -1]) for row, name in enumerate(classes)},
        "nothing_there": {name: int(table[-1, column]) for column, name in enumerate(classes)},
        "confusions": [
            {"label": classes[label], "detected": classes[found], "count": count}
            for label, found, count in analysis.confusions(table)
        ],
        "heights": [
            {
                "from": one.low,
                "to": None if math.isinf(one.high) else one.high,
                "objects": one.right + one.confused + one.missed,
                "right": one.right,
            }
            for one in analysis.by_height(outcomes, size, threshold)
        ],
        "kinds": [
            {"measure": one.measure.name, "name": one.name, "objects": one.all.objects, "right": one.all.right}
            for one in counted_kinds.rows
            if one.all.objects
        ],
    }


def _names(worst: Sequence[Outcome]) -> list[str]:
    """Of the pictures of the worst photos, without their ending."""
    stems = [f"{place:02d}-{Path(one.judged.photo.filename).stem}" for place, one in enumerate(worst, 1)]
    return [fitting(stem, ".jpg").removesuffix(".jpg") for stem in stems]


def write_photos(outcomes: Sequence[Outcome], description: Any, path: Path) -> None:
    """What the labels say and what was found, one row per photo."""
    classes, reading, threshold = description["classes"], description["reading"], thresholds(description)
    with path.open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["filename", "label", "read", "right", "regret"])
        for one in outcomes:
            label = label_text(one.judged.photo, reading)
            read = detected_text(one.judged.detections.above(threshold), classes, reading)
            right = int(analysis.is_right(one, classes, reading, threshold))
            regret = analysis.regret(one, threshold)
            rows.writerow([one.judged.photo.filename, label, read, right, f"{regret:.3f}"])


def draw_pictures(
    chosen: Sequence[Outcome], names: Sequence[str], description: Any, images: Path, folder: Path
) -> None:
    """Photos with their detections and what is missed, as ``folder``/NAME.jpg."""
    classes, reading, threshold = description["classes"], description["reading"], thresholds(description)
    folder.mkdir()
    for one, name in zip(chosen, names, strict=True):
        photo, counts = one.judged.photo, one.judged.detections.count(threshold)
        found = one.judged.detections.above(threshold)
        missed = np.setdiff1d(np.arange(len(one.names)), one.meant[counts])
        if reading == "lines":
            read, expected = detected_text(found, classes, reading), label_text(photo, reading)
            verdict = "right" if read == expected else f"label: {expected or '(nothing)'}"
            caption = f"{read or '(nothing)'} — {verdict}"
        else:
            caption = analysis.fault(one, classes, threshold) or "right"
        picture = drawing.draw(decode(images / photo.filename), found, classes, caption, label_boxes(photo)[missed])
        picture.save(folder / f"{name}.jpg", quality=88)


def _manifest(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{path}: can't be read as a web model's manifest ({error}); convert the model again"
        ) from error


def main() -> None:
    """Evaluate a model on labelled photos."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--model", type=Path, help="folder of a checkpoint or SavedModel")
    source.add_argument("--predictions", type=Path, help="predictions.jsonl of a web model")
    parser.add_argument("--web-model", type=Path, help="the web model that made the predictions")
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--annotations", type=Path, required=True)
    shards.add_arguments(parser)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    photos = read_csv(options.annotations).photos
    if options.shard:
        _write_piece(options, photos)
        return
    if options.model:
        model = load_model(options.model)
        description, name = model.description, options.model
        if options.parts:
            results = pieces.read(shards.whole(options.parts), photos)
        else:
            results = predict(model, photos, options.images)
    else:
        name = options.web_model
        description = _manifest(options.web_model / "manifest.json")
        results = read_predictions(options.predictions, photos, description["classes"])
    classes = description["classes"]
    unknown = {item.name for photo in photos for item in photo.objects} - set(classes)
    if unknown:
        raise ModelError(f"{options.annotations}: classes that the model doesn't know: {', '.join(sorted(unknown))}")
    threshold = thresholds(description)
    are_read = description["reading"] == "lines"
    outcomes, values, milliseconds = [], [], []
    for photo, detections, spent in command.progress(results, len(photos), "photos"):
        outcomes.append(analysis.outcome(Judged(photo, detections), classes, threshold))
        values.append(kinds.measure(decode(options.images / photo.filename), photo, are_read))
        milliseconds.append(spent)
    by_kinds = by_kind.count(outcomes, values, are_read, threshold)
    precision = average_precision([one.judged for one in outcomes], classes)
    figures = {"model": str(name), **evaluate(outcomes, precision, description)}
    figures["milliseconds_per_photo"] = float(np.median(milliseconds))
    figures["milliseconds_per_photo_at_least"] = float(np.min(milliseconds))
    some = [int(place) for place in np.linspace(0, len(outcomes) - 1, min(PICTURES, len(outcomes)))]
    worst = analysis.worst(outcomes, classes, description["reading"], threshold, WORST)
    with whole_folder(options.out) as folder:
        _dump(figures, folder / "evaluation.json")
        _dump(weaknesses(outcomes, worst, by_kinds, description), folder / "weaknesses.json")
        write_photos(outcomes, description, folder / "photos.csv")
        page.write(folder, figures, description, outcomes, precision, by_kinds)
        names = [f"{place:05d}" for place in some]
        draw_pictures([outcomes[place] for place in some], names, description, options.images, folder / "pictures")
        draw_pictures(worst, _names(worst), description, options.images, folder / "worst")
        if worst:
            drawing.contact_sheet([folder / "worst" / f"{name}.jpg" for name in _names(worst)], folder / "worst.jpg")
    print(said(figures), file=sys.stderr)


def _write_piece(options: argparse.Namespace, photos: Sequence[Photo]) -> None:
    """Let a model look at a piece of the photos, and write down what it finds."""
    if not options.model:
        raise ShardError("--shard: predictions that are there already can't be made in pieces; give --model")
    mine = shards.read(options.shard).of(photos)
    results = command.progress(predict(load_model(options.model), mine, options.images), len(mine), "photos")
    with whole_folder(options.out) as folder:
        pieces.write(results, folder / pieces.FILE)


def _dump(content: Any, path: Path) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")


def said(figures: Any) -> str:
    """The figures in a line."""
    read = f", full numbers {figures['full_number_accuracy']:.1%}" if "full_number_accuracy" in figures else ""
    return (
        f"{counted(figures['photos'], 'photo')}, {figures['objects']} {figures['noun']}: mAP {figures['map']:.3f}, "
        f"mAP50 {figures['map50']:.3f}{read} at threshold {figures['score_threshold']}"
    )


if __name__ == "__main__":
    command.run(main, tf.errors.OpError)
