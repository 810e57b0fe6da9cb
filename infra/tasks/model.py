"""Trained models: figures, export, conversion."""

from __future__ import annotations

from invoke import Context, task

from infra.errors import UsageError
from infra.tasks import words


@task(
    help={
        "model": "a checkpoint, a SavedModel or a web model",
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
    annotations: str,
    groups: str | None = None,
    split: str = "all",
    crop: str = "none",
    json: bool = False,
    on: str | None = None,
    gpus: str | None = None,
) -> None:
    """Figures of any model on labelled photos: mAP, precision and recall, full numbers right."""
    from json import dumps, loads

    from infra import models
    from infra.execution import runners
    from infra.report import figures_table

    if split not in models.SPLITS:
        raise UsageError(f"--split: {split!r} is none of {', '.join(models.SPLITS)}")
    if crop not in models.CROPS:
        raise UsageError(f"--crop: {crop!r} is none of {', '.join(models.CROPS)}")
    found = models.find(words.folder(model, "model"))
    photos = models.Photos(
        words.folder(images, "images"),
        words.file(annotations, "annotations"),
        words.file(groups, "groups") if groups else None,
        split,
        crop,
    )
    runner = runners.choose(on, gpus, ("train", "convert") if found.kind == "web_model" else ("train",))
    folder = models.evaluate(found, photos, runner)
    figures = loads((folder / "evaluation.json").read_text("utf-8"))
    print(dumps(figures, indent=2) if json else f"{figures_table(figures)}\n\n{folder / 'evaluation.md'}")


@task(help={"run": words.RUN, "on": words.ON})
def export(_: Context, run: str | None = None, on: str | None = None) -> None:
    """Make a SavedModel of a run's checkpoint."""
    from infra import recipes, runs
    from infra.execution import runners
    from infra.execution.steps import perform

    chosen = runs.find(run or runs.SYNTHETIC)
    chosen.request()
    perform(recipes.export(chosen.checkpoints, chosen.saved_model), runners.choose(on, None))
    print(chosen.saved_model)


@task(
    help={
        "run": words.RUN,
        "quantize": words.QUANTIZE.replace("see digitlens.toml", "the run's"),
        "on": words.ON,
    }
)
def convert(_: Context, run: str | None = None, quantize: str | None = None, on: str | None = None) -> None:
    """Make a web model of a run's SavedModel; refused unless it answers as the trained one does."""
    from infra import frontend, recipes, runs
    from infra.execution import runners
    from infra.execution.steps import perform

    chosen = runs.find(run or runs.SYNTHETIC)
    request = chosen.request()
    if quantize:
        request = request.model_copy(update={"quantize": words.quantization(quantize)})
    runner = runners.choose(on, None, ("train", "convert"))
    evaluation = recipes.evaluate(chosen.checkpoints, request.images, chosen.validation, chosen.evaluation_trained)
    perform(evaluation, runner)
    frontend.build_recognizer()
    perform(recipes.convert(chosen, request), runner)
    print(chosen.web_model)
