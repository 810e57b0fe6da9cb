"""Files of labels: one, or those of a folder, and how a reader of JSON or XML takes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from training.data.formats import table
from training.errors import AnnotationError
from training.findings import Where

XML_FAULTS = (OSError, ElementTree.ParseError, UnicodeDecodeError, LookupError, ValueError)
"""What a file that is no XML raises."""


@dataclass(frozen=True)
class LabelFile:
    """A file of labels; ``name`` is its path relative to the folder that was given, or its name alone."""

    path: Path
    name: str
    document: Any = field(default=None, compare=False, repr=False)
    """what it holds, where recognising it took reading it whole"""

    @property
    def within(self) -> str:
        """Its folder, which names of photos may be relative to."""
        return self.name.rpartition("/")[0]

    @property
    def stem(self) -> str:
        """Its name without the ending."""
        return self.name.rpartition(".")[0]

    def at(self, element: str = "") -> Where:
        """A place in it."""
        return Where(self.name, element)


class Exact(float):
    """A number of a JSON file that still knows its digits."""

    digits: str

    def __new__(cls, digits: str) -> Exact:
        """Read the digits."""
        number = super().__new__(cls, digits)
        number.digits = digits
        return number


def load(file: LabelFile, keep: bool = False) -> Any:
    """The document of a JSON file, which isn't read twice without need. Raises as `load_json`."""
    return load_json(file.path, keep) if keep or file.document is None else file.document


def load_json(path: Path, keep: bool = False) -> Any:
    """A document; numbers with a point are text, or `Exact` where everything is to be kept.

    Text takes less time than numbers, and is all that a box needs. Polygons that no box is made of are forgotten while
    reading, unless kept.

    Raises:
        AnnotationError: where it isn't JSON
    """
    content, _ = table.decoded(path)
    try:
        if keep:
            return json.loads(content, parse_float=Exact)
        return json.loads(content, parse_float=str, object_hook=_without_polygons)
    except (ValueError, RecursionError) as error:
        raise AnnotationError(f"{path}: can't be read as JSON: {error}") from error


def _without_polygons(entry: dict[str, Any]) -> dict[str, Any]:
    if entry.get("bbox"):
        entry.pop("segmentation", None)
    return entry


def root_tag(path: Path) -> str | None:
    """The name of an XML file's outermost element, or None if it isn't XML."""
    try:
        with path.open("rb") as file:
            for _, element in ElementTree.iterparse(file, ("start",)):
                return str(element.tag)
    except XML_FAULTS:
        return None
    return None


def number(value: object) -> float:
    """A number that is written as one, or as text. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(value)
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError(value) from error


def points(values: Any) -> Iterator[tuple[float, float]]:
    """Pairs of numbers. Raises ValueError, TypeError."""
    for x, y in values:
        yield number(x), number(y)


def around(corners: list[tuple[float, float]]) -> tuple[float, float, float, float]:
    """The box around points: xmin, ymin, xmax, ymax. Raises ValueError where there is none."""
    across, down = [x for x, _ in corners], [y for _, y in corners]
    return min(across), min(down), max(across), max(down)
