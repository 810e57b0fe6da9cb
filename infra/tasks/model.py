"""Trained models: figures, export, conversion."""

from __future__ import annotations

from invoke import Context, task

from infra.errors import UsageError
from infra.tasks import words


@task(
    help={
        "model": "a checkpoint, a SavedModel or a web model; the web model of models/digits or of a run's folder",
        "images": words.IMAGES,
        "annotations": words.ANNOTATIONS,
        "groups": words.GROUPS,
        "split": "train, calibration, validation or all (default)",
        "crop": "number: photos cut to the hull of their labels' boxes plus 30 % (Goodfellow et al. 2013)",
        "json": "print nothing but the figures, as JSON",
        "on": words.ON,
        "gpus": words.GPUS,
    },
)
def evaluate(
    _: Context,
    model: str,
    images: str,
    annotations: str | None = None,
    groups: str | None = None,
    split: str = "all",
    crop: str = "none",
    json: bool = False,
    on: str | None = None,
    gpus: str | None = None,
) -> None:
    """Figures of any model on labelled photos: mAP, precision and recall, full numbers right."""
    from dataclasses import replace
    from json import dumps, loads

    from infra.execution import runners
    from infra.models import kinds
    from infra.runs.report import figures_table

    if split not in kinds.SPLITS:
        raise UsageError(f"--split: {split!r} is none of {', '.join(kinds.SPLITS)}")
    if crop not in kinds.CROPS:
        raise UsageError(f"--crop: {crop!r} is none of {', '.join(kinds.CROPS)}")
    found = kinds.find(words.folder(model, "model"))
    runner = runners.choose(on, gpus, ("train", "convert") if found.kind == "web_model" else ("train",))
    given = kinds.unpacked(*words.labelled(images, annotations, groups), runner)
    photos = replace(given, split=split, crop=crop)
    folder = kinds.evaluate(found, photos, runner)
    figures = loads((folder / "evaluation.json").read_text("utf-8"))
    print(dumps(figures, indent=2) if json else f"{figures_table(figures)}\n\n{folder / 'evaluation.md'}")


@task(help={"run": words.RUN, "on": words.ON})
def export(_: Context, run: str | None = None, on: str | None = None) -> None:
    """Make a SavedModel of a run's checkpoint."""
    from infra.execution import runners
    from infra.execution.steps import perform
    from infra.runs import catalogue, recipes

    chosen = catalogue.find(run or catalogue.SYNTHETIC)
    chosen.request()
    perform(recipes.export(chosen.checkpoints, chosen.saved_model), runners.choose(on, None))
    print(chosen.saved_model)


@task(
    help={
        "run": words.RUN,
        "quantize": words.QUANTIZE.replace("see digitlens.toml", "the run's"),
        "saved-model": "somebody else's, instead of the run's own; --run names the run to make of it",
        "detector": "what its tensors mean, by schemas/detector.schema.json (default: its own detector.json)",
        "images": "with --saved-model: photos to compare it on; a run has its own",
        "annotations": words.ANNOTATIONS,
        "on": words.ON,
    }
)
def convert(
    _: Context,
    run: str | None = None,
    quantize: str | None = None,
    saved_model: str | None = None,
    detector: str | None = None,
    images: str | None = None,
    annotations: str | None = None,
    on: str | None = None,
) -> None:
    """Make a web model of a SavedModel; refused unless it answers as the trained one does."""
    from infra.execution import runners
    from infra.models import kinds
    from infra.runs import catalogue

    if saved_model is None:
        words.only_with("saved-model", detector=detector, images=images, annotations=annotations)
        chosen = catalogue.find(run or catalogue.SYNTHETIC)
        request = chosen.request()
        if quantize:
            request = request.model_copy(update={"quantize": words.quantization(quantize)})
        kinds.convert(chosen, request, runners.choose(on, None, ("train", "convert")))
    else:
        if run is None or images is None or annotations is None:
            raise UsageError("--saved-model needs --run, --images and --annotations: photos to compare it on")
        chosen = catalogue.find(run)
        kinds.adopt(
            chosen,
            words.folder(saved_model, "saved-model"),
            words.file(detector, "detector") if detector else None,
            kinds.Photos(words.folder(images, "images"), words.existing(annotations, "annotations")),
            words.quantization(quantize),
            runners.choose(on, None, ("train", "convert")),
        )
    print(chosen.web_model)


@task(
    positional=["run"],
    help={
        "run": words.RUN,
        "images": "judge on these photos (default: the run's validation photos)",
        "annotations": words.ANNOTATIONS,
        "groups": words.GROUPS,
        "data": "the sources of the run's photos: the first decides (default: what the run remembers)",
        "because": "ends the card's “it was released because”, where it reads fewer photos and that may be chance",
        "on": words.ON,
    },
)
def release(
    _: Context,
    run: str,
    images: str | None = None,
    annotations: str | None = None,
    groups: str | None = None,
    data: str | None = None,
    because: str | None = None,
    on: str | None = None,
) -> None:
    """Make a run's detector the released one, models/digits; refused unless it is better (see --because)."""
    from infra.execution import runners
    from infra.models import release as releasing
    from infra.models.kinds import Photos
    from infra.runs import catalogue

    reason = None if because is None else words.reason(because, "because")
    asked = None
    if images is None:
        words.only_with("images", annotations=annotations, groups=groups)
    elif annotations is None:
        raise UsageError("--images needs --annotations, the CSV of their labels")
    else:
        words.only_without("images", data=data)
        asked = Photos(
            words.folder(images, "images"),
            words.existing(annotations, "annotations"),
            words.file(groups, "groups") if groups else None,
            "validation",
        )
    sources = words.file(data, "data") if data else None
    runner = runners.choose(on, None, ("train", "convert"))
    print(releasing.release(catalogue.find(run), asked, sources, runner, because=reason))


@task(
    positional=["run"],
    help={
        "run": words.RUN,
        "with": "a released model, a run, or a checkpoint of the same network and classes",
        "name": "the run to make",
        "share": "of the other's weights, 0 to 1 (default: what reads the calibration photos best)",
        "on": words.ON,
    },
)
def blend(_: Context, run: str, with_: str, name: str, share: str | None = None, on: str | None = None) -> None:
    """Make a run of weights between two trainings': those that read the calibration photos best, or at a share."""
    from infra.execution import runners
    from infra.execution.steps import perform
    from infra.models import kinds
    from infra.runs import catalogue, recipes

    part = None if share is None else words.share(share, "share")
    chosen, made = catalogue.find(run), catalogue.find(name)
    if made.folder.exists() and not kinds.is_blend(made):
        raise UsageError(f"--name {name}: that run was trained, or begun; choose a name that is free")
    other = kinds.checkpoint(words.folder(with_, "with"))
    catalogue.derive(made, chosen)
    perform(recipes.blend(chosen, other, made.checkpoints, part), runners.choose(on, None))
    print(made.checkpoints)


@task(
    help={
        "images": "the folder of photos that the released model was trained on a part of",
        "annotations": words.ANNOTATIONS,
        "groups": words.GROUPS,
        "on": words.ON,
    }
)
def calibrate(_: Context, images: str, annotations: str, groups: str | None = None, on: str | None = None) -> None:
    """Measure what the released model's scores are worth on calibration photos; its weights stay."""
    from infra.execution import runners
    from infra.models import calibration, kinds
    from infra.runs.report import figures_table

    photos = kinds.Photos(
        words.folder(images, "images"),
        words.existing(annotations, "annotations"),
        words.file(groups, "groups") if groups else None,
    )
    print(figures_table(calibration.calibrate(photos, runners.choose(on, None, ("train", "convert")))))


@task
def card(_: Context) -> None:
    """Make the released model's README.md again, after a change of its notes.md."""
    from infra.models import card
    from infra.settings import RELEASED

    print(card.write(RELEASED))
