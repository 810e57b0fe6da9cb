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
    json: bool = False,
    on: str | None = None,
    gpus: str | None = None,
) -> None:
    """Figures of any model on labelled photos: mAP, precision and recall, full numbers right."""
    from json import dumps

    from infra import models
    from infra.execution import runners
    from infra.report import figures_table

    if split not in models.SPLITS:
        raise UsageError(f"--split: {split!r} is none of {', '.join(models.SPLITS)}")
    found = models.find(words.folder(model, "model"))
    figures = models.evaluate(
        found,
        words.folder(images, "images"),
        words.existing(annotations, "annotations"),
        words.file(groups, "groups") if groups else None,
        split,
        runners.choose(on, gpus, ("train", "convert") if found.kind == "web_model" else ("train",)),
    )
    print(dumps(figures, indent=2) if json else figures_table(figures))


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
