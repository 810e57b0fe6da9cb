"""What kind of model a path holds, and its evaluation with somebody's photos."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from infra import fingerprints, frontend, recipes
from infra.errors import UsageError
from infra.execution.steps import Runner, perform
from infra.settings import ROOT, settings

SPLITS = ("train", "calibration", "validation", "all")
RELEASED = ROOT / "models" / "digits"
"""The released detector: ``checkpoint/`` and ``web_model/``."""
Kind = Literal["checkpoint", "saved_model", "web_model"]


@dataclass(frozen=True)
class Model:
    """A detector on disk; ``description`` is its manifest.json or detector.json."""

    folder: Path
    kind: Kind
    description: dict[str, Any]


def find(folder: Path) -> Model:
    """The model in ``folder``.

    Raises:
        UsageError: there is none.
    """
    kinds: tuple[tuple[Kind, tuple[str, ...]], ...] = (
        ("web_model", ("manifest.json", "model.json")),
        ("saved_model", ("detector.json", "saved_model.pb")),
        ("checkpoint", ("detector.json",)),
    )
    for kind, files in kinds:
        if all((folder / file).is_file() for file in files):
            try:
                return Model(folder, kind, json.loads((folder / files[0]).read_text("utf-8")))
            except ValueError as error:
                raise UsageError(f"{folder / files[0]} isn't JSON: {error}") from error
    raise UsageError(
        f"{folder} holds no model: neither a web model (manifest.json, model.json), "
        "nor a SavedModel (detector.json, saved_model.pb), nor a checkpoint (detector.json)"
    )


def checkpoint(folder: Path) -> Path:
    """The finished training in ``folder``: a checkpoint, a released model that holds one, or a run.

    Raises:
        UsageError: there is none.
    """
    for place in (folder, folder / "checkpoint", folder / "checkpoints"):
        if (place / "detector.json").is_file() and not (place / "saved_model.pb").exists():
            return place
    raise UsageError(
        f"{folder} holds no finished training: neither a checkpoint (detector.json), nor a released model "
        "(checkpoint/), nor a run (checkpoints/)"
    )


def evaluate(
    model: Model, images: Path, annotations: Path, groups: Path | None, split: str, runner: Runner
) -> dict[str, Any]:
    """The figures of ``model`` on the photos of ``split``; they are kept in the cache."""
    asked = {
        "model": model.folder,
        "images": images,
        "annotations": annotations,
        "groups": groups,
        "split": split,
    }
    folder = settings().paths.cache / "evaluations" / fingerprints.of_values(asked)[:16]
    selection = folder / "annotations"
    perform(recipes.select(images, annotations, groups, split, model.description, selection), runner)
    selected = selection / "annotations.csv"
    output = folder / "evaluation"
    if model.kind == "web_model":
        frontend.build_recognizer()
        perform(recipes.predict(model.folder, images, selected, folder / "predictions"), runner)
        step = recipes.evaluate_web(model.folder, folder / "predictions", images, selected, output)
    else:
        step = recipes.evaluate(model.folder, images, selected, output)
    perform(step, runner)
    figures: dict[str, Any] = json.loads((output / "evaluation.json").read_text("utf-8"))
    return figures
