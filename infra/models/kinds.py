"""What kind of model a path holds, and its evaluation with somebody's photos."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from infra import fingerprints, schemas
from infra.browser import frontend
from infra.errors import UsageError
from infra.execution.steps import Runner, Step, perform
from infra.runs import recipes
from infra.runs.run import Request, Run
from infra.settings import Quantization, settings

SPLITS = ("train", "calibration", "validation", "all")
CROPS = ("none", "number")
"""What is judged: whole photos, or photos cut to the numbers on them."""
Kind = Literal["checkpoint", "saved_model", "web_model"]


@dataclass(frozen=True)
class Model:
    """A detector on disk; ``description`` is its manifest.json or detector.json."""

    folder: Path
    kind: Kind
    description: dict[str, Any]


def find(folder: Path) -> Model:
    """The model in ``folder``, or the web model of a release or of a run in ``folder``.

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
    if (folder / "web_model").is_dir():
        return find(folder / "web_model")
    raise UsageError(
        f"{folder} holds no model: neither a web model (manifest.json, model.json), "
        "nor a SavedModel (detector.json, saved_model.pb), nor a checkpoint (detector.json)"
    )


def is_blend(run: Run) -> bool:
    """Whether the run's checkpoint came from `./inv model.blend`, not from a training."""
    detector = run.checkpoints / "detector.json"
    return detector.is_file() and "blended_with" in json.loads(detector.read_text("utf-8"))["provenance"]


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


def beginning(folder: Path) -> Path:
    """What a training can begin with: a start, or a finished training as `checkpoint` finds it.

    Raises:
        UsageError: ``folder`` holds neither.
    """
    return folder if (folder / "start.json").is_file() else checkpoint(folder)


@dataclass(frozen=True)
class Photos:
    """Labelled photos to judge models on."""

    images: Path
    annotations: Path
    groups: Path | None = None
    split: str = "all"
    """one of `SPLITS`, as the judged model was trained with it"""
    crop: str = "none"
    """one of `CROPS`"""


def unpacked(images: Path, annotations: Path | None, groups: Path | None, runner: Runner) -> Photos:
    """Labelled photos of a folder, or of a ZIP, which is unpacked into the cache; labels may be among the photos."""
    if images.is_dir():
        return Photos(images, annotations or images, groups)
    asked = {"images": images, "annotations": annotations, "groups": groups}
    folder = settings().paths.cache / "unpacked" / fingerprints.of_values(asked)[:16] / "photos"
    perform(recipes.take_in(folder, images, annotations, groups, False, False), runner)
    return Photos(folder / "images", folder / "annotations.csv")


def select(model: Model, photos: Photos, runner: Runner) -> Path:
    """The checked labels of the photos that ``photos`` stands for where ``model`` is judged, as CSV."""
    folder = _kept(model, photos) / "annotations"
    step = recipes.select(photos.images, photos.annotations, photos.groups, photos.split, model.description, folder)
    perform(step, runner)
    return folder / "annotations.csv"


def evaluate(model: Model, photos: Photos, runner: Runner) -> Path:
    """Judge ``model`` on ``photos``; returns the folder of evaluation.json, which is kept in the cache."""
    folder = _kept(model, photos)
    images, annotations = photos.images, select(model, photos, runner)
    if photos.crop == "number":
        perform(recipes.crop(images, annotations, folder / "cropped"), runner)
        images, annotations = folder / "cropped" / "images", folder / "cropped" / "annotations.csv"
    output = folder / "evaluation"
    if model.kind == "web_model":
        predict(model, photos, images, annotations, runner)
        step = recipes.evaluate_web(model.folder, folder / "predictions", images, annotations, output)
    else:
        step = recipes.evaluate(model.folder, images, annotations, output)
    perform(step, runner)
    return output


def predict(model: Model, photos: Photos, images: Path, annotations: Path, runner: Runner) -> Path:
    """What the web model says of ``images`` with ``annotations``, kept as that of ``photos``; returns the folder."""
    frontend.build_recognizer()
    folder = _kept(model, photos) / "predictions"
    perform(recipes.predict(model.folder, images, annotations, folder), runner)
    return folder


def convert(run: Run, request: Request, runner: Runner) -> None:
    """Make the web model of ``run``, whose manifest says what the trained one reached.

    Raises:
        CommandError: the gate refused it.
    """
    evaluation = recipes.evaluate(run.checkpoints, request.images, run.validation, run.evaluation_trained)
    perform(evaluation, runner)
    frontend.build_recognizer()
    perform(conversion(run, request), runner)


def conversion(run: Run, request: Request) -> Step:
    """The step that makes the web model of ``run``."""
    return recipes.convert(
        run.saved_model,
        request.images,
        run.validation,
        request.quantize,
        run.web_model,
        evaluation=run.evaluation_trained / "evaluation.json",
    )


def adopt(
    run: Run, saved_model: Path, detector: Path | None, photos: Photos, quantize: Quantization, runner: Runner
) -> None:
    """Make somebody else's SavedModel the web model of ``run``, compared with it on ``photos``.

    Raises:
        UsageError: it has no detector.json, and ``detector`` is None; or the run is one of our own training.
        CommandError: it can't run in a browser, or the gate refused it.
    """
    if run.checkpoints.exists() or run.saved_model.exists():
        raise UsageError(f"the run {run.name} has a model of its own; choose another name with --run")
    file = detector or saved_model / "detector.json"
    try:
        description = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{file} can't be read ({error}); it says what the SavedModel's tensors mean: write one by "
            "schemas/detector.schema.json and name it with --detector"
        ) from error
    if fault := schemas.fault(description, "detector"):
        raise UsageError(f"{file}, {fault}; schemas/detector.schema.json explains every field")
    selected = select(Model(saved_model, "saved_model", description), photos, runner)
    frontend.build_recognizer()
    step = recipes.convert(saved_model, photos.images, selected, quantize, run.web_model, detector=detector)
    perform(step, runner)


def _kept(model: Model, photos: Photos) -> Path:
    asked = {"model": model.folder, **asdict(photos)}
    return settings().paths.cache / "evaluations" / fingerprints.of_values(asked)[:16]
