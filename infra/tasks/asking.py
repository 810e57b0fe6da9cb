"""What the tasks that make a run are asked for by flags: how to train, and with what to begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.errors import UsageError
from infra.tasks import words

if TYPE_CHECKING:
    from infra.runs.run import Request

TRAINING = {
    "config": words.CONFIG,
    "from": words.FROM,
    "classes": words.CLASSES,
    "minutes": words.MINUTES,
    "steps": words.STEPS,
    "start": words.START,
    "for": words.FOR,
}
"""Flags of `asked` and their words."""


def asked(
    request: Request,
    config: str | None = None,
    from_: str | None = None,
    classes: str | None = None,
    minutes: str | None = None,
    steps: str | None = None,
    start: str | None = None,
    for_: str | None = None,
) -> Request:
    """``request`` with what the flags say; what they don't say stays.

    Raises:
        UsageError: a flag can't be used, or two of them contradict each other.
    """
    from typing import get_args

    from infra.models import kinds
    from infra.progress import say
    from infra.runs import candidates, recipes
    from infra.runs.run import Purpose
    from infra.settings import RELEASED

    changes: dict[str, object] = {}
    if config:
        changes["config"] = words.file(config, "config")
    if classes:
        changes["classes"] = words.names(classes, "classes")
    if minutes and steps:
        raise UsageError("--minutes and --steps say the same in two ways; keep one of them")
    if minutes:
        changes |= {"minutes": words.amount(minutes, "minutes"), "steps": None}
    if steps:
        changes |= {"steps": words.number(steps, "steps", 1), "minutes": None}
    if for_:
        changes["purpose"] = words.one_of(for_, "for", get_args(Purpose))
    if from_ and start:
        raise UsageError("--start doesn't go together with --from")
    if from_:
        changes |= {"start": kinds.beginning(words.folder(from_, "from")), "starts": None}
    if start == RELEASED.name:
        changes |= {"start": kinds.checkpoint(RELEASED), "starts": None}
    elif start:
        known = (*candidates.known(), RELEASED.name, candidates.NOTHING)
        found = words.one_of(start, "start", known)
        changes |= {"start": None, "starts": () if found == candidates.NOTHING else (found,)}
    asked_for = request.model_copy(update=changes)
    planned_only = {"classes": classes, "minutes": minutes, "steps": steps, "for": for_}
    planned_only |= {"start": start if asked_for.starts else None}
    flags = [f"--{flag}" for flag, value in planned_only.items() if value]
    if flags and not recipes.is_planned(asked_for):
        raise UsageError(
            f"{asked_for.config} says plan: false, by which {' and '.join(flags)} mean{'s' * (len(flags) == 1)} "
            "nothing: write it into the configuration, or leave plan: false out"
        )
    if "start" in changes and asked_for.start and asked_for.start.is_relative_to(RELEASED):
        say("the released digits are trained on SVHN, for non-commercial research only; what begins with them is, too")
    return asked_for
