"""Starts, ``models/start/NAME``: which of them a race may choose from, and which it chose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from infra.errors import UsageError
from infra.settings import ROOT

FOLDER = ROOT / "models" / "start"
NOTHING = "nothing"
"""As a start: begin untrained."""


def free() -> tuple[str, ...]:
    """Names of the starts whose terms restrict nobody, sorted."""
    return tuple(name for name in known() if not any(term["restricted"] for term in _start(name)["terms"]))


def known() -> tuple[str, ...]:
    """Names of all starts, sorted."""
    return tuple(sorted(path.parent.name for path in FOLDER.glob("*/start.json")))


def chosen(race: Path) -> Path | None:
    """The start that a race chose; None: begin with nothing, or there was no race yet. Raises UsageError."""
    file = race / "race.json"
    if not file.exists():
        return None
    try:
        name = json.loads(file.read_text("utf-8"))["chosen"]
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"{file} can't be read; delete it, ./inv pipeline makes it anew") from error
    return FOLDER / str(name) if name else None


def _start(name: str) -> dict[str, Any]:
    file = FOLDER / name / "start.json"
    try:
        content: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} can't be read: {error}") from error
    return content
