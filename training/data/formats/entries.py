"""What readers hand over: photos and their objects as files have them, before anything is checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from training.findings import Kind, Where

Value = object
"""As it stands in the file: text, a number, or nothing."""
SIDES = ("xmin", "ymin", "xmax", "ymax")


class Fault(NamedTuple):
    """What is wrong, with which field of an entry, and what stands there."""

    kind: Kind
    field: str
    words: str
    value: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """An object as its file has it; ``fault`` is what the reader itself found wrong."""

    where: Where
    name: Value = None
    sides: tuple[Value, Value, Value, Value] = (None, None, None, None)
    """xmin, ymin, xmax, ymax in pixels, or in shares of the photo (see `Entry.whole`)"""
    fault: Fault | None = None
    extra: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A photo as its file has it; a size that isn't said is that of the photo's own file."""

    where: Where
    filename: Value
    size: tuple[Value, Value] | None
    boxes: Sequence[Box] = ()
    group: Value = None
    alone: bool = True
    """whether it has all labels of its photo, so that a second one is at fault"""
    whole: float | None = None
    """what the photo's full width and height are in its boxes' unit: 1 or 100; None: pixels"""
    within: str = ""
    """folder of the entry's file, which names may be relative to"""
    stem: str | None = None
    """name of the entry's own file without its ending, where it is to be that of the photo"""
    extra: Mapping[str, Any] | None = None


class BadValueError(Exception):
    """A value that can't be used; ``photos`` are spoilt by it."""

    def __init__(self, fault: Fault, photos: Sequence[str] = ()) -> None:
        super().__init__(fault)
        self.fault, self.photos = fault, photos


class GroupOf(NamedTuple):
    """A line of a file of groups."""

    where: Where
    filename: str
    group: str


def text(number: float) -> str:
    """A number as text that reads back as the same one."""
    return str(int(number)) if number == int(number) else repr(float(number))
