"""The steps of a run: which module makes what from what."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from infra import git
from infra.browser import frontend
from infra.errors import UsageError
from infra.execution.steps import Step
from infra.runs import candidates, sources
from infra.runs.run import Request, Run
from infra.settings import RELEASED, ROOT, Quantization, settings

FORMATS = ("csv", "voc", "coco", "yolo", "cvat", "labelme", "labelstudio")
"""Formats that labels can be written in."""
KINDS = ("street", "page", "close", "large")
"""Of synthetic photos."""


def synthesize(
    output: Path, config: Path, photos: int, seed: int, kind: str = "street", shard: str | None = None
) -> Step:
    """Labelled photos from nothing; of ``shard`` 2/4 each fourth from the second on."""
    return Step(
        "synthesize",
        "train",
        "training.data.synthesis.draw",
        output,
        inputs={"config": config},
        options={"photos": photos, "seed": seed, "kind": kind, "shard": shard},
        surroundings=(Path("/usr/share/fonts"),),
        shards=0 if shard else min(photos, settings().execution.shards),
    )


def merge(output: Path, data: Path, skip_bad: bool) -> Step:
    """The photos of the sources that ``data`` lists, in one folder with one file of labels."""
    named = sources.paths(data)
    if any(path.resolve().is_relative_to(output) for path in named):
        raise UsageError(f"{data} reads what it would replace, {output}: choose another --run or --name")
    return Step(
        "merge",
        "train",
        "training.data.sources",
        output,
        inputs={"data": data},
        options={"skip-bad": skip_bad},
        named=(*named, *(folder for path in named for folder in _beside(path, output))),
    )


def take_in(
    output: Path, images: Path, annotations: Path | None, groups: Path | None, as_exported: bool, skip_bad: bool
) -> Step:
    """Photos of a ZIP, or in the split that an export has put them into, in one folder with one file of labels."""
    given = {"images": images, "annotations": annotations, "groups": groups}
    inputs = {flag: path for flag, path in given.items() if path}
    if any(path.resolve().is_relative_to(output) for path in inputs.values()):
        raise UsageError(f"{images} lies in what it would be unpacked to, {output}: choose another --run or --name")
    return Step(
        "take in",
        "train",
        "training.data.sources",
        output,
        inputs=inputs,
        options={"skip-bad": skip_bad, "split-as-exported": as_exported},
        named=_beside(annotations, output),
    )


def check(
    images: Path,
    annotations: Path,
    groups: Path | None,
    config: Path | None,
    output: Path,
    findings: Path | None = None,
) -> Step:
    """What is odd about somebody's photos and labels.

    ``config`` is None where none can be planned; ``findings`` is what the photos' merging found.
    """
    return Step(
        "check data",
        "train",
        "training.data.review.check",
        output,
        inputs={
            **({"config": config} if config else {}),
            "images": images,
            "annotations": annotations,
            **({"groups": groups} if groups else {}),
            **({"findings": findings} if findings else {}),
        },
        named=_beside(annotations, output),
    )


def relabel(
    images: Path, annotations: Path | None, groups: Path | None, to: str, skip_bad: bool, output: Path
) -> Step:
    """Somebody's labels in another format; without ``annotations`` they are among the photos."""
    given = {"images": images, "annotations": annotations, "groups": groups}
    return Step(
        "relabel",
        "train",
        "training.data.convert",
        output,
        inputs={flag: path for flag, path in given.items() if path},
        options={"to": to, "skip-bad": skip_bad},
        named=_beside(annotations, output),
    )


def plan(run: Run, request: Request, output: Path | None = None) -> Step:
    """A configuration for somebody's photos and labels, with a reason for each value."""
    # The split of an earlier training holds on; that of the released digits is of photos that nobody has here.
    earlier = None if request.start and request.start.is_relative_to(RELEASED) else request.start
    return Step(
        "plan",
        "train",
        "training.planning.plan",
        output or run.plan,
        inputs={
            **_labelled(request),
            **({"config": request.config} if request.config else {}),
            **({"from": earlier} if earlier else {}),
        },
        options={
            "name": run.name,
            "classes": None if request.classes is None else _row(request.classes),
            "minutes": request.minutes,
            "steps": request.steps,
            "starts": ",".join(candidates.free() if request.starts is None else request.starts) or None,
            "known": ",".join(candidates.known()) or None,
            "purpose": request.purpose,
        },
        named=_beside(request.annotations, output or run.plan),
    )


def is_planned(request: Request) -> bool:
    """Whether what the configuration leaves out is planned: unless it says ``plan: false``."""
    if request.config is None:
        return True
    try:
        document: Any = yaml.safe_load(request.config.read_bytes())
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return True  # The plan says what is wrong with it.
    return not (isinstance(document, dict) and document.get("plan") is False)


def configuration(run: Run, request: Request) -> Path:
    """The configuration that records are made by."""
    if is_planned(request):
        return run.plan / "config.yaml"
    assert request.config is not None
    return request.config


def records(run: Run, request: Request) -> Step:
    """Photos and labels, checked, split and packed."""
    return Step(
        "records",
        "train",
        "training.data.records",
        run.records,
        inputs={"config": configuration(run, request), **_labelled(request)},
        options={"skip-bad": request.skip_bad, "planned": is_planned(request)},
        named=_beside(request.annotations, run.records),
        shards=settings().execution.shards,
    )


def race(run: Run, request: Request) -> Step:
    """The start that suits the photos, and the configuration with it."""
    beginning = {"from": request.start} if request.start else {"starts": candidates.FOLDER}
    return Step(
        "race",
        "train",
        "training.loop.race",
        run.race,
        inputs={
            "config": configuration(run, request),
            "records": run.records,
            **{flag: path for flag, path in beginning.items() if path.exists()},
        },
        stand_ins={"records": run.records / "manifest.json"},
    )


def train(run: Run, request: Request, workers: int | None = None) -> Step:
    """A checkpoint from records; where the configuration was planned, after `race`.

    ``workers`` processes of the machine train together, by default one for each GPU.
    """
    planned = is_planned(request)
    start = request.start or (candidates.chosen(run.race) if planned else None)
    return Step(
        "train",
        "train",
        "training.loop.train",
        run.checkpoints,
        inputs={
            "config": run.race / "config.yaml" if planned else configuration(run, request),
            "records": run.records,
            **({"from": start} if start else {}),
        },
        # Others may go on with what some began: the number of workers doesn't make it another training.
        labels={"commit": git.commit(), "workers": workers},
        stand_ins={"records": run.records / "manifest.json"},
        resumable=True,
        precious=True,
        gang=workers or 1,
    )


def _labelled(request: Request) -> dict[str, Path]:
    groups = {"groups": request.groups} if request.groups else {}
    return {"images": request.images, "annotations": request.annotations, **groups}


def _beside(annotations: Path | None, output: Path) -> tuple[Path, ...]:
    """What is read with labels and isn't named; no folder that the output itself would change."""
    found = sources.beside(annotations) if annotations else ()
    return tuple(one for one in found if not output.resolve().is_relative_to(one.resolve()))


def blend(run: Run, other: Path, output: Path, share: float | None = None) -> Step:
    """A checkpoint between those of two trainings: at ``share`` of the other's, or where most is read."""
    return Step(
        "blend",
        "train",
        "training.loop.blend",
        output,
        inputs={"checkpoint": run.checkpoints, "other": other, "records": run.records},
        options={} if share is None else {"share": share},
    )


def start(name: str, inputs: Mapping[str, Path], options: Mapping[str, str], output: Path) -> Step:
    """The start ``name`` of a package's file or of a checkpoint."""
    return Step(
        "start",
        "train",
        "training.starts.make",
        output,
        inputs={**inputs, "licence": ROOT / "LICENSE"},
        options={"name": name, "command": f"./inv start.make {name}", **options},
    )


def export(checkpoint: Path, output: Path) -> Step:
    """A SavedModel from a checkpoint."""
    return Step("export", "train", "training.export", output, inputs={"checkpoint": checkpoint})


def convert(
    saved_model: Path,
    images: Path,
    annotations: Path,
    quantize: Quantization,
    output: Path,
    evaluation: Path | None = None,
    detector: Path | None = None,
) -> Step:
    """A web model from a SavedModel, compared with it on photos before it may be used.

    ``evaluation`` is the evaluation.json of the trained model; ``detector`` says what the tensors of somebody else's
    SavedModel mean, which has no detector.json of its own.
    """
    inputs = {
        "saved-model": saved_model,
        "web-runtime": frontend.RUNTIME,
        "images": images,
        "annotations": annotations,
        "evaluation": evaluation,
        "detector": detector,
    }
    return Step(
        "convert",
        "convert",
        "conversion.convert",
        output,
        inputs={flag: path for flag, path in inputs.items() if path},
        options={"quantize": quantize, "photos": settings().pipeline.gate_photos},
        labels={"commit": git.commit()},
        companions=("web-runtime",),  # its WebAssembly
    )


def select(
    images: Path,
    annotations: Path,
    groups: Path | None,
    split: str,
    description: Mapping[str, Any],
    output: Path,
) -> Step:
    """The labels of one split of somebody's photos, checked.

    ``description`` is a model's manifest.json or detector.json: its classes, and the split that it was trained with.
    """
    return Step(
        "select",
        "train",
        "training.data.selection",
        output,
        inputs={
            "images": images,
            "annotations": annotations,
            **({"groups": groups} if groups else {}),
        },
        options={
            "split": split,
            "classes": _row(description["classes"]),
            **({"ignored": _row(ignored)} if (ignored := description["provenance"].get("ignored")) else {}),
            **description["provenance"].get("split", {}),
        },
        named=_beside(annotations, output),
    )


def crop(images: Path, annotations: Path, output: Path) -> Step:
    """Photos cut to the numbers on them."""
    return Step(
        "crop",
        "train",
        "training.data.cropping",
        output,
        inputs={"images": images, "annotations": annotations},
    )


def evaluate(model: Path, images: Path, annotations: Path, output: Path) -> Step:
    """Figures of a checkpoint or a SavedModel."""
    return Step(
        "evaluate",
        "train",
        "training.evaluation.evaluate",
        output,
        inputs={"model": model, "images": images, "annotations": annotations},
        shards=settings().execution.shards,
    )


def predict(web_model: Path, images: Path, annotations: Path, output: Path) -> Step:
    """What a web model says of photos, run in TensorFlow.js."""
    return Step(
        "predict web",
        "convert",
        "conversion.predict",
        output,
        inputs={
            "web-model": web_model,
            "web-runtime": frontend.RUNTIME,
            "images": images,
            "annotations": annotations,
        },
        companions=("web-runtime",),
    )


def evaluate_web(web_model: Path, predictions: Path, images: Path, annotations: Path, output: Path) -> Step:
    """Figures of a web model from what it said."""
    return Step(
        "evaluate web",
        "train",
        "training.evaluation.evaluate",
        output,
        inputs={
            "web-model": web_model,
            "predictions": predictions / "predictions.jsonl",
            "images": images,
            "annotations": annotations,
        },
    )


def calibrate(web_model: Path, predictions: Path, annotations: Path, output: Path) -> Step:
    """What scores of a web model are worth, by what it said of calibration photos."""
    return Step(
        "calibrate",
        "train",
        "training.evaluation.calibrate",
        output,
        inputs={
            "web-model": web_model,
            "predictions": predictions / "predictions.jsonl",
            "annotations": annotations,
        },
    )


def _row(cells: Iterable[str]) -> str:
    """A row of CSV: what a cell holds may have commas in it."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()
