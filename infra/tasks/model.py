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
) -> None:
    """Figures of any model on labelled photos: mAP, precision and recall, full numbers right."""
    from json import dumps

    from infra import models
    from infra.execution.local import Local
    from infra.report import figures_table

    if split not in models.SPLITS:
        raise UsageError(f"--split: {split!r} is none of {', '.join(models.SPLITS)}")
    figures = models.evaluate(
        models.find(words.folder(model, "model")),
        words.folder(images, "images"),
        words.file(annotations, "annotations"),
        words.file(groups, "groups") if groups else None,
        split,
        Local(),
    )
    print(dumps(figures, indent=2) if json else figures_table(figures))


@task(help={"run": words.RUN})
def export(_: Context, run: str | None = None) -> None:
    """Make a SavedModel of a run's checkpoint."""
    from infra import recipes, runs
    from infra.execution.local import Local
    from infra.execution.steps import perform

    chosen = runs.find(run or runs.SYNTHETIC)
    chosen.request()
    perform(recipes.export(chosen.checkpoints, chosen.saved_model), Local())
    print(chosen.saved_model)


@task(help={"run": words.RUN, "quantize": words.QUANTIZE.replace("see digitlens.toml", "the run's")})
def convert(_: Context, run: str | None = None, quantize: str | None = None) -> None:
    """Make a web model of a run's SavedModel; refused unless it answers as the trained one does."""
    from infra import frontend, recipes, runs
    from infra.execution.local import Local
    from infra.execution.steps import perform

    chosen = runs.find(run or runs.SYNTHETIC)
    request = chosen.request()
    if quantize:
        request = request.model_copy(update={"quantize": words.quantization(quantize)})
    runner = Local()
    evaluation = recipes.evaluate(chosen.checkpoints, request.images, chosen.validation, chosen.evaluation_trained)
    perform(evaluation, runner)
    frontend.build_recognizer()
    perform(recipes.convert(chosen, request), runner)
    print(chosen.web_model)
