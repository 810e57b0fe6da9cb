"""Scores of the released model, measured on calibration photos after its release: its weights stay as they are.

A training finds out by itself what its scores are worth. Models from before that learn it here, and so does one whose
calibration photos have become more. Everything that says so is made again: detector.json, manifest.json, the evaluation
on the validation photos of the same data, and the card.
"""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from infra import results
from infra.errors import RefusedError
from infra.execution.steps import Runner, perform
from infra.models import card, judging, kinds, release, terms
from infra.models.kinds import Photos
from infra.runs import recipes
from infra.settings import RELEASED

MEASURED = ("class_thresholds", "score_calibration")
READ = "full_number_accuracy"


def calibrate(photos: Photos, runner: Runner, released: Path = RELEASED) -> dict[str, Any]:
    """Measure on the calibration split of ``photos``, and judge on their validation split; returns its figures.

    Raises:
        UsageError: the photos are too few, or the card's notes are missing.
        RefusedError: the released model reads other numbers than it was released with.
    """
    card.notes(released)
    model = kinds.find(released / "web_model")
    seen, judged = (replace(photos, split=split) for split in ("calibration", "validation"))
    labels, truth = kinds.select(model, seen, runner), kinds.select(model, judged, runner)
    said = kinds.predict(model, seen, photos.images, labels, runner)
    # Boxes and raw scores stay: what it says of photos needn't be asked twice.
    found = kinds.predict(model, judged, photos.images, truth, runner)
    measured = said.with_name("scores")
    perform(recipes.calibrate(model.folder, said, labels, measured), runner)
    new = released.with_name(f".{released.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(released, new)
    try:
        scores = json.loads((measured / "scores.json").read_text("utf-8"))
        for file, indent in ((new / "checkpoint" / "detector.json", 1), (new / "web_model" / "manifest.json", 2)):
            description = json.loads(file.read_text("utf-8"))
            description = {key: value for key, value in description.items() if key not in MEASURED} | scores
            terms.add(description, terms.read(released))
            release.dump(description, file, indent)
        evaluation = found.with_name("calibrated")
        perform(recipes.evaluate_web(new / "web_model", found, photos.images, truth, evaluation), runner)
        figures = release.figures(evaluation)
        made = json.loads((new / "release.json").read_text("utf-8"))
        with labels.open(newline="", encoding="utf-8") as table:
            rows = list(csv.DictReader(table))
        made["scores"] = {
            "photos": len({row["filename"] for row in rows}),
            "objects": sum(bool(row["class"]) for row in rows),
            "command": judging.calibrated(photos),
        }
        release.dump(made, new / "release.json")
        before = json.loads((released / "evaluation.json").read_text("utf-8"))
        if READ in before and round(before[READ], 6) != round(figures[READ], 6):
            raise RefusedError(
                f"{released} reads {figures[READ]:.4f} of the numbers on these photos, and was released with "
                f"{before[READ]:.4f}: name the photos that it was judged on, or release it again. It is as it was"
            )
        # Times are those of the release: this machine may do other things.
        times = {key: value for key, value in before.items() if key.startswith("milliseconds")}
        release.put_evaluation(evaluation, new, **times)
        card.write(new)
        results.replace(new, released)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return figures | times
