"""What every format's entries must be: the checks behind each reader, with the field named as that format calls it."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from training.data.labels import Annotations, LabelledObject, Photo
from training.errors import AnnotationError
from training.findings import Finding, Kind, Where

Value = object
"""As it stands in the file: text, a number, or nothing."""
SIDES = ("xmin", "ymin", "xmax", "ymax")
ROUNDING = 1.0
"""Boxes hang over the photo's edge by less than so many pixels where somebody's program rounded: they are cut there."""
Sizes = Callable[[str], tuple[int, int]]
"""Width and height of a photo file; raises AnnotationError."""


class Fault(NamedTuple):
    """What is wrong, and with which field of an entry."""

    kind: Kind
    field: str
    words: str


@dataclass(frozen=True)
class Box:
    """An object as its file has it; ``fault`` is what the reader itself found wrong."""

    where: Where
    name: Value = None
    sides: tuple[Value, Value, Value, Value] = (None, None, None, None)
    """xmin, ymin, xmax, ymax in pixels"""
    fault: Fault | None = None


@dataclass(frozen=True)
class Entry:
    """A photo as its file has it; a size that isn't said is that of the photo's own file."""

    where: Where
    filename: Value
    size: tuple[Value, Value] | None
    boxes: Sequence[Box] = ()
    group: Value = None


class _BadValueError(Exception):
    """A value that can't be used."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass
class Checker:
    """Takes entries, keeps those that are right, and has a finding for each fault of the others."""

    classes: Collection[str] | None = None
    """names that may occur; any where None"""
    group_of: Mapping[str, str] = field(default_factory=dict)
    size_of: Sizes | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    """what the format calls filename, width, height, class, xmin, …, where it differs"""
    cuts: bool = False
    """boxes that hang over the photo's edge, however far, are cut there instead of being faults"""
    cut: int = 0
    spoilt: set[str] = field(default_factory=set)
    """photos with a fault: what is right of them would teach that the rest is background"""
    photos: dict[str, Photo] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        """Check a photo and its objects. A photo with a fault is left out whole; what stands twice counts once."""
        try:
            photo = self._photo(entry)
        except _BadValueError as error:
            self.reject(entry.where, error.fault, entry.filename)
            return
        if photo.filename in self.photos and not entry.boxes:
            words = f"the same photo stands above ({photo.filename})"
            self.reject(entry.where, self._fault(Kind.TWICE, "filename", words))
            return
        known = self.photos.get(photo.filename, photo)
        good: list[LabelledObject] = []
        for box in entry.boxes:
            try:
                item = self._object(box, photo)
            except _BadValueError as error:
                self.reject(box.where, error.fault, photo.filename)
                continue
            if item in known.objects or item in good:
                words = f"the same object stands above ({photo.filename})"
                self.reject(box.where, self._fault(Kind.TWICE, "filename", words))
            else:
                good.append(item)
        self.photos[photo.filename] = known
        known.objects += good

    def reject(self, where: Where, fault: Fault, filename: Value = None) -> None:
        """Note a fault; ``filename`` is the photo that it spoils."""
        photo = filename if isinstance(filename, str) else ""
        self.findings.append(Finding(fault.kind, where, fault.field, fault.words, photo))
        if photo:
            self.spoilt.add(photo)

    def result(self, path: Path, skip_bad: bool) -> Annotations:
        """What was right.

        Raises:
            AnnotationError: with all findings, unless ``skip_bad``; or where nothing was right
        """
        if self.findings and not skip_bad:
            raise AnnotationError(
                f"{path}: {len(self.findings)} of its entries can't be used; correct them, or leave them out "
                "with --skip-bad",
                self.findings,
            )
        good = [photo for photo in self.photos.values() if photo.filename not in self.spoilt]
        if not good:
            raise AnnotationError(f"{path}: has no usable entry", self.findings)
        notes = []
        grouped = self.group_of.keys() & self.photos.keys()
        if self.group_of and not grouped:
            raise AnnotationError(
                f"{path}: no photo has one of the names that the groups are given for, like {next(iter(self.group_of))}"
            )
        if other := len(self.group_of) - len(grouped):
            notes.append(f"groups are given for {other} names that no photo has")
        if self.cut:
            notes.append(f"{self.cut} boxes hang over the edge of their photo and were cut there")
        lost = sum(len(photo.objects) for photo in self.photos.values() if photo.filename in self.spoilt)
        if lost:
            notes.append(
                f"{lost} right labels are left out as well: others of the same {len(self.spoilt)} photos are wrong"
            )
        return Annotations(good, self.findings, notes)

    def _photo(self, entry: Entry) -> Photo:
        name = self._filename(entry.filename)
        width, height = self._size(name, entry.size)
        known = self.photos.get(name)
        if known and (known.width, known.height) != (width, height):
            raise self._bad(Kind.SIZE, "width", f"{name} was {known.width} × {known.height} in an earlier entry")
        group = str(entry.group) if entry.group else self.group_of.get(name, name)
        return Photo(name, width, height, group, where=entry.where)

    def _filename(self, value: Value) -> str:
        if not isinstance(value, str) or not value:
            raise self._bad(Kind.NAME, "filename", "is missing")
        if Path(value).is_absolute() or ".." in Path(value).parts:
            raise self._bad(Kind.NAME, "filename", f"{value!r} leaves the folder of photos")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise self._bad(Kind.NAME, "filename", f"{value!r} is not valid Unicode") from None
        if "\0" in value:
            raise self._bad(Kind.NAME, "filename", f"{value!r} can't be a file's name")
        return value

    def _size(self, name: str, size: tuple[Value, Value] | None) -> tuple[int, int]:
        if size is None:
            if self.size_of is None:
                words = f"{name}: its size isn't said, and there is no folder of photos to look into"
                raise self._bad(Kind.SIZE, "width", words)
            try:
                return self.size_of(name)
            except AnnotationError as error:
                raise self._bad(Kind.MISSING, "filename", str(error)) from error
        width, height = (self._number(value, key) for value, key in zip(size, ("width", "height"), strict=True))
        if width < 1 or height < 1 or width % 1 or height % 1:
            raise self._bad(Kind.SIZE, "width", f"a photo of {size[0]} × {size[1]} pixels")
        return int(width), int(height)

    def _object(self, box: Box, photo: Photo) -> LabelledObject:
        if box.fault:
            raise _BadValueError(box.fault)
        name = "" if box.name is None else str(box.name)
        if not name or (self.classes is not None and name not in self.classes):
            raise self._bad(Kind.CLASS, "class", self._unknown(name))
        xmin, ymin, xmax, ymax = (self._number(value, key) for value, key in zip(box.sides, SIDES, strict=True))
        over = max(-xmin, -ymin, xmax - photo.width, ymax - photo.height)
        if over > 0 and (self.cuts or over < ROUNDING):
            xmin, ymin = max(xmin, 0), max(ymin, 0)
            xmax, ymax = min(xmax, photo.width), min(ymax, photo.height)
            self.cut += 1
        for low, high, size, axis in ((xmin, xmax, photo.width, "x"), (ymin, ymax, photo.height, "y")):
            if low >= high:
                raise self._bad(Kind.AREA, f"{axis}max", f"{high:g} is not above {self._called(f'{axis}min')}, {low:g}")
            if low < 0:
                raise self._bad(Kind.OUTSIDE, f"{axis}min", f"{low:g} is outside the photo (0 to {size:g})")
            if high > size:
                raise self._bad(Kind.OUTSIDE, f"{axis}max", f"{high:g} is outside the photo (0 to {size:g})")
        return LabelledObject(name, xmin, ymin, xmax, ymax)

    def _unknown(self, name: str) -> str:
        return f"{name or '(empty)'} is not one of {', '.join(self.classes)}" if self.classes else "is missing"

    def _number(self, value: Value, key: str) -> float:
        try:
            if isinstance(value, bool) or not isinstance(value, str | float | int | Decimal):
                raise ValueError
            number = float(value)
        except (ValueError, OverflowError):
            raise self._bad(Kind.NUMBER, key, f"{'' if value is None else value!r} is not a number") from None
        if not math.isfinite(number):
            raise self._bad(Kind.NUMBER, key, f"{value!r} is not a finite number")
        return number

    def _bad(self, kind: Kind, key: str, words: str) -> _BadValueError:
        return _BadValueError(self._fault(kind, key, words))

    def _fault(self, kind: Kind, key: str, words: str) -> Fault:
        return Fault(kind, self._called(key), words)

    def _called(self, key: str) -> str:
        return self.fields.get(key, key)


def text(number: float) -> str:
    """A number as text that reads back as the same one."""
    return str(int(number)) if number == int(number) else repr(float(number))
