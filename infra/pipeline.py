"""The whole path: photos in, a tested page and a report out."""

from __future__ import annotations

import time
from pathlib import Path

from infra.browser import chromium, frontend
from infra.execution import environments
from infra.execution.local import Local
from infra.execution.steps import Runner, Step, perform
from infra.models import kinds
from infra.page import site, smoke
from infra.runs import recipes, report
from infra.runs.run import Request, Run
from infra.settings import Quantization, settings
from infra.upkeep import doctor

ENVIRONMENTS: tuple[environments.Name, ...] = ("train", "frontend", "convert", "hosting")


def synthetic(run: Run, config: Path, photos: int, seed: int, quantize: Quantization) -> tuple[Request, Step]:
    """What ``run`` is made from where nobody has photos, and the step that makes them."""
    request = Request(
        config=config,
        images=run.photos / "images",
        annotations=run.photos / "annotations.csv",
        quantize=quantize,
    )
    return request, recipes.synthesize(run.photos, config, photos, seed)


def build(run: Run, request: Request, runner: Runner, photos: Step | None = None) -> Path:
    """Bring everything of ``run`` up to date, from records to report; returns the report's page.

    Each step that is current is passed over, so an interrupted run goes on where it was.
    ``photos`` makes the photos first.
    """
    start = time.monotonic()
    # Said before work starts, not after an hour of training.
    doctor.require(doctor.python, doctor.node)
    chromium.require()
    run.save(request)
    images = request.images
    steps: dict[str, float] = {}
    # Containers bring their own Python environments.
    ahead = [name for name in ENVIRONMENTS[1:] if isinstance(runner, Local) or name != "convert"]
    with environments.prepared_in_background(ahead):
        if photos:
            steps[photos.name] = perform(photos, runner).seconds
        steps["records"] = perform(recipes.records(run, request), runner).seconds
        steps["train"] = perform(recipes.train(run, request), runner).seconds
        steps["export"] = perform(recipes.export(run.checkpoints, run.saved_model), runner).seconds
        evaluation = recipes.evaluate(run.checkpoints, images, run.validation, run.evaluation_trained)
        steps["evaluate trained"] = perform(evaluation, runner).seconds
    steps["build recognizer"] = frontend.build_recognizer().seconds
    steps["convert"] = perform(kinds.conversion(run, request), runner).seconds
    prediction = recipes.predict(run.web_model, images, run.validation, run.predictions)
    steps["predict web"] = perform(prediction, runner).seconds
    evaluation = recipes.evaluate_web(run.web_model, run.predictions, images, run.validation, run.evaluation_web)
    steps["evaluate web"] = perform(evaluation, runner).seconds
    steps["build worker"] = frontend.build_recognizer(run.web_model).seconds
    steps["build app"] = frontend.build_app().seconds
    steps["site"] = site.assemble(run.web_model, settings().paths.site, run.name).seconds
    steps["smoke"] = smoke.perform(run, images, str(settings().paths.site)).seconds
    installs = {f"environment {name}": environments.find(name).seconds for name in ENVIRONMENTS}
    return report.write(run, {**installs, **steps}, time.monotonic() - start)
