"""Data files: which folders and files a set of sources consists of. ``training.data.sources`` says what they mean."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from infra import schemas
from infra.errors import UsageError

NOTHING = "none"
"""As annotations: the photos have none."""


def entries(data: Path) -> list[dict[str, str]]:
    """The sources that ``data``, a YAML file, lists; paths as they stand there, relative to it.

    Raises:
        UsageError: it isn't such a file.
    """
    try:
        document: Any = yaml.safe_load(data.read_text("utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise UsageError(f"{data} can't be read as YAML: {error}") from error
    if fault := schemas.fault(document, "sources"):
        raise UsageError(f"{data}, {fault}")
    found: list[dict[str, str]] = document["sources"]
    return found


def paths(data: Path) -> tuple[Path, ...]:
    """Everything that ``data``, a YAML file, says is to be read; each is there.

    Raises:
        UsageError: it isn't such a file, or names what doesn't exist.
    """
    found: dict[Path, None] = {}
    for source in entries(data):
        for key in ("images", "annotations", "groups"):
            if key not in source or (key, source[key]) == ("annotations", NOTHING):
                continue
            path = data.parent / source[key]
            if not path.exists():
                raise UsageError(f"{data}, source {source['name']}: there is no {path} ({key})")
            found[path] = None
    return tuple(found)


def beside(annotations: Path) -> Path | None:
    """The folder that is read with a YAML file of YOLO's, which names classes; None for any other file or folder."""
    return annotations.parent if annotations.suffix.lower() in (".yaml", ".yml") else None
