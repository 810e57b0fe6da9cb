"""Which photos are read, and the number on each: the labels' digits in the order in which the page reads."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from infra.browser import frontend
from infra.errors import CommandError, MissingPartError, UsageError

ORDER = Path(__file__).with_name("numbers.mjs")


@dataclass(frozen=True)
class Photo:
    """A photo's file and the digits on it in reading order, none: an empty string."""

    path: Path
    number: str

    @cached_property
    def bytes(self) -> bytes:
        """The file as it is."""
        return self.path.read_bytes()

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the file."""
        return hashlib.sha256(self.bytes).hexdigest()


def chosen(images: Path, annotations: Path, limit: int | None = None) -> list[Photo]:
    """The photos in ``images`` that the CSV ``annotations`` lists, the first ``limit`` by name.

    Raises:
        UsageError: there is none, or a label is no digit; names it.
    """
    labels: dict[str, list[dict[str, Any]]] = {}
    with annotations.open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            objects = labels.setdefault(row["filename"], [])
            if not row["class"]:
                continue
            if row["class"] not in tuple("0123456789"):
                raise UsageError(
                    f"{annotations}, row {number}: class {row['class']!r} is no digit; readers of numbers can't be "
                    "compared on other objects"
                )
            box = [float(row[side]) for side in ("ymin", "xmin", "ymax", "xmax")]
            objects.append({"name": row["class"], "box": box})
    names = sorted(labels)[:limit]
    if not names:
        raise UsageError(f"{annotations} lists no photo: there is nothing to read")
    numbers = _in_reading_order([labels[name] for name in names])
    return [Photo(images / name, number) for name, number in zip(names, numbers, strict=True)]


def _in_reading_order(objects: Sequence[Sequence[dict[str, Any]]]) -> list[str]:
    frontend.build_recognizer()
    library = frontend.RECOGNIZER / "index.js"
    command = ["node", str(ORDER), str(library)]
    try:
        done = subprocess.run(command, input=json.dumps(objects), capture_output=True, text=True, check=False)
    except OSError as error:
        raise MissingPartError(
            "there is no Node, which orders the labels: ./inv doctor says what to install"
        ) from error
    if done.returncode:
        raise CommandError("numbers", command, done.returncode, done.stderr.splitlines()[-5:])
    found: list[str] = json.loads(done.stdout)
    return found
