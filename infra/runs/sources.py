"""Data files: which folders and files a set of sources consists of. ``training.data.sources`` says what they mean."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from infra import schemas
from infra.errors import UsageError

YAML, LABELS, LISTS = (".yaml", ".yml"), "labels", ("classes.txt", "obj.names", "_darknet.labels", "labels.txt")
"""As ``training.data.formats.yolo`` looks for names of classes."""
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


def beside(annotations: Path) -> tuple[Path, ...]:
    """What is read with labels of YOLO's form and isn't named.

    With a YAML file, which names classes, its folder; with a folder of labels, the files above it that may name them.
    """
    if annotations.suffix.lower() in YAML and not annotations.is_dir():
        return (annotations.parent,)
    if LABELS not in annotations.resolve().parts[-2:] or not annotations.is_dir():
        return ()
    above = [file for place in annotations.resolve().parents[:2] for file in sorted(place.iterdir()) if file.is_file()]
    return tuple(file for file in above if file.name in LISTS or file.suffix.lower() in YAML)
