"""The whole path: photos in, a tested page and a report out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from infra import progress, results
from infra.browser import chromium, frontend
from infra.execution import environments
from infra.execution.containers import Containers
from infra.execution.steps import Runner, Step, perform
from infra.models import kinds
from infra.page import site, smoke
from infra.runs import planning, recipes, report
from infra.runs.run import Request, Run
from infra.settings import Quantization, settings
from infra.upkeep import doctor

ENVIRONMENTS: tuple[environments.Name, ...] = ("train", "frontend", "convert", "hosting")
TYPICAL = {
    "synthesize": 60.0,
    "merge": 10.0,
    "plan": 5.0,
    "records": 20.0,
    "race": 100.0,
    "train": 600.0,
    "export": 20.0,
    "evaluate trained": 30.0,
    "build recognizer": 10.0,
    "convert": 60.0,
    "predict web": 20.0,
    "evaluate web": 20.0,
    "build worker": 10.0,
    "build app": 20.0,
    "site": 5.0,
    "smoke": 30.0,
}
"""Seconds of each step on two cores, for a guess at what is left."""
RACE_SHARE = 0.18
"""Of the time to train in, what a race takes at most."""


def synthetic(run: Run, config: Path, photos: int, seed: int, quantize: Quantization) -> tuple[Request, Step]:
    """What ``run`` is made from where nobody has photos, and the step that makes them."""
    request = Request(
        config=config,
        images=run.photos / "images",
        annotations=run.photos / "annotations.csv",
        quantize=quantize,
        photos=photos,
        seed=seed,
    )
    return request, recipes.synthesize(run.photos, config, photos, seed)


class Road:
    """The steps of a run in their order, each passed over where it is current."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.expected = {name: TYPICAL[name] for name in names}
        self.seconds: dict[str, float] = {}

    def go(self, name: str, make: Callable[[], results.Stamp]) -> None:
        """Make the step ``name``, which is the next."""
        index = self.names.index(name)
        left = sum(self.expected[later] for later in self.names[index:])
        with progress.place(index + 1, len(self.names), left):
            self.seconds[name] = make().seconds

    def expect(self, config: Path) -> None:
        """Expect of race and training what a planned configuration says."""
        training = (yaml.safe_load(config.read_text("utf-8")) or {}).get("training") or {}
        if minutes := training.get("minutes"):
            self.expected["train"] = 60.0 * minutes
            if "race" in self.expected:
                self.expected["race"] = min(self.expected["race"], 60.0 * minutes * RACE_SHARE)


def build(run: Run, request: Request, runner: Runner, photos: Step | None = None) -> Path:
    """Bring everything of ``run`` up to date, from plan to report; returns the report's page.

    Each step that is current is passed over, so an interrupted run goes on where it was.
    ``photos`` makes the photos first.
    """
    start = time.monotonic()
    # Said before work starts, not after an hour of training.
    doctor.require(doctor.python, doctor.node)
    chromium.require()
    images, planned = request.images, recipes.is_planned(request)
    names = [name for name in TYPICAL if name not in {"synthesize", "merge", "plan", "race"}]
    names[1:1] = ["race"] * planned
    names[:0] = [*([photos.name] if photos else []), *(["plan"] * planned)]
    road = Road(names)

    def step(name: str, made: Callable[[], Step]) -> None:
        road.go(name, lambda: perform(made(), runner))

    with _prepared(runner):
        if photos:
            step(photos.name, lambda: photos)
        if planned:
            road.go("plan", lambda: planning.plan(run, request, runner))
            road.expect(run.plan / "config.yaml")
        step("records", lambda: recipes.records(run, request))
        if planned:
            step("race", lambda: recipes.race(run, request))
        step("train", lambda: recipes.train(run, request))
        step("export", lambda: recipes.export(run.checkpoints, run.saved_model))
        step(
            "evaluate trained",
            lambda: recipes.evaluate(run.checkpoints, images, run.validation, run.evaluation_trained),
        )
    road.go("build recognizer", frontend.build_recognizer)
    step("convert", lambda: kinds.conversion(run, request))
    step("predict web", lambda: recipes.predict(run.web_model, images, run.validation, run.predictions))
    step(
        "evaluate web",
        lambda: recipes.evaluate_web(run.web_model, run.predictions, images, run.validation, run.evaluation_web),
    )
    # Another pipeline's model would end up in this one's page.
    with frontend.alone():
        road.go("build worker", lambda: frontend.build_recognizer(run.web_model))
        road.go("build app", frontend.build_app)
        road.go("site", lambda: site.assemble(run.web_model, settings().paths.site, run.name))
        road.go("smoke", lambda: smoke.perform(run, images, str(settings().paths.site)))
    installs = {f"environment {name}": environments.find(name).seconds for name in ENVIRONMENTS}
    return report.write(run, {**installs, **road.seconds}, time.monotonic() - start)


@contextmanager
def _prepared(runner: Runner) -> Iterator[None]:
    """Environments of later steps are installed beside the earlier ones; containers bring their own."""
    ahead = [name for name in ENVIRONMENTS[1:] if not isinstance(runner, Containers) or name != "convert"]
    with environments.prepared_in_background(ahead):
        yield
