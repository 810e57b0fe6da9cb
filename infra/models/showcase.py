"""The released detector's own run: a few synthetic photos and what its web model says of them.

What the smoke test of its page compares with, on a machine that trains nothing and has nobody's photos.
"""

from __future__ import annotations

from infra.browser import frontend
from infra.execution.steps import Runner, Step, perform
from infra.runs import recipes
from infra.runs.run import Run
from infra.settings import RELEASED, settings

PHOTOS = 60


def photos(run: Run) -> Step:
    """The step that draws the photos of ``run``."""
    own = settings().synthetic
    return recipes.synthesize(run.photos, own.config, PHOTOS, own.seed)


def bring_up_to_date(run: Run, runner: Runner) -> None:
    """Make photos and predictions of ``run`` unless they are current."""
    perform(photos(run), runner)
    frontend.build_recognizer()
    images, annotations = run.photos / "images", run.photos / "annotations.csv"
    perform(recipes.predict(RELEASED / "web_model", images, annotations, run.predictions), runner)
