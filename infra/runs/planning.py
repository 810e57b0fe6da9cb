"""A run's plan: made, told, and made anew where photos or labels changed."""

from __future__ import annotations

import shutil
from pathlib import Path

from infra import results
from infra.execution.steps import Runner, perform
from infra.progress import say
from infra.runs import keeping, recipes
from infra.runs.run import Request, Run


def plan(run: Run, request: Request, runner: Runner, output: Path | None = None, tell: bool = True) -> results.Stamp:
    """Bring the plan of ``run`` up to date and tell it, where it is new; ``output`` is another place for it."""
    step = recipes.plan(run, request, output)
    before = results.read(step.output)
    earlier = _text(step.output / "config.yaml")
    stamp = perform(step, runner)
    is_new = before is None or before.fingerprint != stamp.fingerprint
    if is_new and before and earlier != _text(step.output / "config.yaml"):
        say("photos, labels or what was asked for changed since the last plan: this is a new one")
    # Whoever only looked at it hasn't read it.
    if tell and (is_new or results.read(run.records) is None):
        say(told(step.output).rstrip())
    if output is None:
        show(run, run.plan)
    return stamp


def looked_at(run: Run, request: Request, runner: Runner) -> Path:
    """The configuration for somebody who only looks: what the run holds stays as it is."""
    if not recipes.is_planned(request):
        return recipes.configuration(run, request)
    apart = keeping.is_finished(run) and bool(keeping.differing(run, request))
    plan(run, request, runner, run.proposal if apart else None, tell=False)
    return (run.proposal if apart else run.plan) / "config.yaml"


def told(folder: Path) -> str:
    """The plan in ``folder`` in a dozen lines."""
    return (folder / "plan.txt").read_text("utf-8")


def show(run: Run, folder: Path) -> None:
    """Put the configuration in ``folder`` where people look for it."""
    new = run.folder / ".config.yaml.new"
    shutil.copyfile(folder / "config.yaml", new)
    new.replace(run.folder / "config.yaml")


def _text(file: Path) -> str:
    return file.read_text("utf-8") if file.exists() else ""
