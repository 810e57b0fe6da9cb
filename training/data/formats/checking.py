"""What every format's entries must be: the checks behind each reader, with the field named as that format calls it.

What is harmless is mended and counted (`MENDED`); what may mislead is a finding. A photo with a finding is left out
whole, and where a label can't be tied to a photo, so is every photo without a label of its own.
"""

from __future__ import annotations

import contextlib
import posixpath
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from training.data.causes import refusal
from training.data.formats import spelling
from training.data.formats.boxes import Boxes
from training.data.formats.class_names import ClassNames
from training.data.formats.entries import BadValueError, Box, Entry, Fault, GroupOf, Value
from training.data.labels import Annotations, LabelledObject, Photo
from training.data.naming import Names, NoPhotoError
from training.data.pictures import PictureError
from training.errors import AnnotationError
from training.findings import Finding, Kind, Where, counted, shown

Sizes = Callable[[str], tuple[int, int]]
"""Width and height of a photo file; raises PictureError."""
MENDED = {
    "edge": "boxes that hang over the edge of their photo, cut there",
    "object twice": "objects that stand twice, counted once",
    "no area": "boxes without area beside good ones, left out",
    "class's blanks": "labels whose class has blanks or unseen signs too many, or other accents, taken for it",
    "class as decimal": "labels whose class is a whole number written as a decimal, like 1.0, taken for it",
    "photo twice": "photos without objects that stand twice, counted once",
    "group twice": "lines of groups that stand twice, counted once",
    "no size": "entries whose size is 0 or isn't said, taken from the photo",
}
"""What is harmless, by kind, and how it is said."""


@dataclass(slots=True)
class _Claim:
    """The first entry of a photo."""

    where: Where
    spelt: Value
    group: Value
    empty: bool


@dataclass
class Checker:
    """Takes entries, keeps those that are right, and has a finding for each fault of the others."""

    classes: Collection[str] | None = None
    """names that may occur; any where None"""
    groups: Sequence[GroupOf] = ()
    size_of: Sizes | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    """what the format calls filename, width, height, class, xmin, …, where it differs"""
    keep: bool = False
    """whether readers keep what other formats may hold: polygons, attributes, ids"""
    names: Names | None = None
    """the photos that are there; any name is taken where None"""
    boxes: Boxes = field(default_factory=Boxes)
    declared: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """classes that the file lists, whether they occur or not, with what it says of them"""
    about: dict[str, Any] = field(default_factory=dict)
    """what the file says of the whole set"""
    notes: list[str] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)
    """what is wrong with the set as a whole, before its single faults"""
    mended: Counter[str] = field(default_factory=Counter)
    untied: int = 0
    """labels that belong to no photo that is known"""
    spoilt: set[str] = field(default_factory=set)
    """photos with a fault: what is right of them would teach that the rest is background"""
    photos: dict[str, Photo] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    _claims: dict[str, _Claim] = field(default_factory=dict)
    _objects: dict[str, set[LabelledObject]] = field(default_factory=dict)
    _flat: list[tuple[str, Where, Fault]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.boxes.fields, self.boxes.mended = self.fields, self.mended

    def add(self, entry: Entry) -> None:
        """Check a photo and its objects. A photo with a fault is left out whole."""
        try:
            photo = self._photo(entry)
        except BadValueError as error:
            self._note(entry.where, error)
            self._remember_classes(entry)
            return
        kept = self._objects.setdefault(photo.filename, set())
        for box in entry.boxes:
            try:
                item = self._object(box, photo, entry.whole)
            except BadValueError as error:
                if error.fault.kind is Kind.AREA:
                    self._flat.append((photo.filename, box.where, error.fault))
                else:
                    self._note(box.where, error, photo.filename)
                continue
            if item in kept:
                self.mended["object twice"] += 1
            else:
                kept.add(item)
                photo.objects.append(item)

    def reject(self, where: Where, fault: Fault, filename: Value = None, within: str = "") -> None:
        """Note a fault of a reader; ``filename`` is the photo that it spoils, where one is named."""
        try:
            self._note(where, BadValueError(fault), self._file(filename, within, quiet=True))
        except BadValueError as error:
            self._note(where, BadValueError(fault, error.photos))

    def loose(self, where: Where, fault: Fault) -> None:
        """Note a label that belongs to no photo."""
        self._note(where, BadValueError(fault))

    def result(self, path: Path, skip_bad: bool) -> Annotations:
        """What was right.

        Raises:
            AnnotationError: with all findings, unless ``skip_bad``; or where nothing was right
        """
        self._close_flat()
        self._close_shares()
        other = self._close_groups(path)
        if self.untied:
            self._close_untied()
        if cause := self.boxes.cause(self.photos.values()):
            self.causes.append(cause)
        good = [photo for photo in self.photos.values() if photo.filename not in self.spoilt]
        if self.findings and not skip_bad:
            raise refusal(
                f"{path}: {len(self.findings):,} of its entries can't be used; correct them, or leave them out "
                "with --skip-bad",
                self.findings,
                good,
                self.causes,
            )
        if not self.photos and not self.findings:
            raise AnnotationError("\n".join([f"{path}: names no photo", *self.notes]))
        if not good:
            raise refusal(f"{path}: has no usable entry", self.findings, suspected=self.causes)
        notes = [*self.notes, *(self.names.notes() if self.names else ())]
        if other:
            notes.append(f"groups are given for {other:,} names that no photo has")
        notes += [f"{words}: {self.mended[kind]:,}" for kind, words in MENDED.items() if self.mended[kind]]
        lost = sum(len(photo.objects) for photo in self.photos.values() if photo.filename in self.spoilt)
        if lost:
            notes.append(
                f"{counted(lost, 'right label')} left out as well: others of the same "
                f"{counted(len(self.spoilt), 'photo')} are wrong"
            )
        named = self._names_of_classes.named()
        return Annotations(good, self.findings, notes, self.declared, self.about, named, self.causes)

    def _note(self, where: Where, error: BadValueError, photo: str = "") -> None:
        fault, photos = error.fault, [photo] if photo else error.photos
        spoilt = photos[0] if len(photos) == 1 else ""
        self.findings.append(Finding(fault.kind, where, fault.field, fault.words, spoilt, fault.remedy, fault.value))
        self.spoilt.update(photos)
        # A label of a photo that isn't there is no other photo's.
        if not photos and fault.kind is not Kind.MISSING:
            self.untied += 1

    def _close_flat(self) -> None:
        """Boxes without area: left out beside good objects, else what is left would be a photo of nothing."""
        for file, where, fault in self._flat:
            if self.photos[file].objects:
                self.mended["no area"] += 1
            else:
                self._note(where, BadValueError(fault), file)

    def _close_shares(self) -> None:
        """Boxes in shares: what people hand in is read so where all are; what steps exchange is in pixels."""
        if self.names is None:
            return
        if self.boxes.are_shares():
            self.boxes.enlarge(self.photos.values())
            self.notes.append(
                f"all sides of all boxes ({self.boxes.count:,}) are from 0 to 1: taken for shares of the photo's width "
                "and height, not for pixels"
            )
            return
        for file, where in self.boxes.tiny:
            words = "all its sides are from 0 to 1, while those of other boxes are larger"
            self._note(where, BadValueError(self._fault(Kind.SHARES, "xmin", words)), file)

    def _remember_classes(self, entry: Entry) -> None:
        """Of a photo that can't be used: its classes are the set's, too."""
        for box in entry.boxes:
            if not box.fault:
                with contextlib.suppress(BadValueError):
                    self._names_of_classes.find(box.name)

    def _close_untied(self) -> None:
        for file, photo in self.photos.items():
            if not photo.objects and file not in self.spoilt:
                count = f"{self.untied:,} labels belong" if self.untied > 1 else "a label belongs"
                words = f"{shown(file)} has no objects, and {count} to no photo"
                self._note(photo.where, BadValueError(self._fault(Kind.UNLABELLED, "filename", words)), file)

    def _close_groups(self, path: Path) -> int:
        """Give photos their groups; the number of lines for photos that have no label."""
        said: dict[str, GroupOf] = {}
        other = 0
        for line in self.groups:
            try:
                file = self._file(line.filename)
            except BadValueError:
                other += 1
                continue
            if file not in self.photos:
                other += 1
            elif (first := said.setdefault(file, line)) is line:
                claim = self._claims[file]
                if not claim.group:
                    self.photos[file].group = line.group
            elif first.group == line.group:
                self.mended["group twice"] += 1
            else:
                words = f"{shown(file)} is in {shown(line.group)}, and in {shown(first.group)} at {first.where}"
                self._note(line.where, BadValueError(Fault(Kind.TWICE, "group", words)), file)
        if self.groups and not said:
            raise AnnotationError(
                f"{path}: no photo has one of the names that the groups are given for, like "
                f"{shown(self.groups[0].filename)}"
            )
        return other

    def _photo(self, entry: Entry) -> Photo:
        file = self._own_file(entry)
        claim = self._claims.get(file)
        if claim is None:
            self._claims[file] = _Claim(entry.where, entry.filename, entry.group, not entry.boxes)
        else:
            self._claim_again(entry, file, claim)
        if isinstance(entry.group, str) and spelling.UNWRITABLE.search(entry.group):
            raise self._bad(Kind.FORMAT, "group", f"{shown(entry.group)} holds what no text can", file)
        known = self.photos.get(file)
        width, height = self._size(file, entry.size, known)
        if known is None:
            group = str(entry.group) if entry.group else file
            self.photos[file] = known = Photo(file, width, height, group, where=entry.where, extra=entry.extra)
        elif (known.width, known.height) != (width, height):
            words = f"{shown(file)} was {known.width} × {known.height} in an earlier entry"
            raise self._bad(Kind.SIZE, "width", words, file)
        return known

    def _claim_again(self, entry: Entry, file: str, claim: _Claim) -> None:
        """A further entry of a photo. Raises BadValueError where that is a fault."""
        before = f"{shown(file)} stands at {claim.where}"
        if claim.spelt != entry.filename:
            spelt = [shown(name) if isinstance(name, str) else "nothing" for name in (claim.spelt, entry.filename)]
            words = f"{before} already, as {spelt[0]}; here it is {spelt[1]}"
            raise self._bad(Kind.TWICE, "filename", words, file)
        if entry.alone or claim.where.file != entry.where.file:
            raise self._bad(Kind.TWICE, "filename", f"the same photo stands above: {before}", file)
        if claim.empty != (not entry.boxes):
            words = f"the same photo stands above, {'without' if claim.empty else 'with'} objects: {before}"
            raise self._bad(Kind.TWICE, "filename", words, file)
        if claim.empty:
            self.mended["photo twice"] += 1
        if entry.group and not claim.group:
            claim.group = entry.group
            if file in self.photos:
                self.photos[file].group = str(entry.group)
        elif entry.group and entry.group != claim.group:
            words = f"{before} in group {shown(str(claim.group))}, and here in {shown(str(entry.group))}"
            raise self._bad(Kind.TWICE, "group", words, file)

    def _own_file(self, entry: Entry) -> str:
        """The photo of an entry: as it is named, or called like the entry's own file; never one against the other."""
        if entry.stem is None or self.names is None:
            return self._file(entry.filename, entry.within)
        if entry.filename is None:
            return self._file(entry.stem, quiet=True)
        try:
            named = self._file(entry.filename, entry.within)
        except BadValueError as error:
            try:
                found = self._file(entry.stem, quiet=True)
            except BadValueError:
                raise error from None
            self.names.taken[str(entry.filename)] = found
            return found
        try:
            own = self._file(entry.stem, quiet=True)
        except BadValueError:
            return named
        if own != named:
            words = f"names {shown(named)}, and is called like {shown(own)}: one of both is stale"
            raise BadValueError(self._fault(Kind.TWICE, "filename", words), [named, own])
        return named

    def _file(self, value: Value, within: str = "", quiet: bool = False) -> str:
        if not isinstance(value, str) or not value:
            raise self._bad(Kind.NAME, "filename", "is missing")
        if self.names is not None:
            try:
                return self.names.find(value, within, quiet)
            except NoPhotoError as error:
                fault = self._fault(error.kind, "filename", error.words)._replace(value=value)
                raise BadValueError(fault, error.candidates) from None
        plain = posixpath.normpath(value)
        if plain.startswith("../"):
            plain = posixpath.normpath(posixpath.join(within, value))
        if plain.startswith("/") or plain.split("/")[0] == "..":
            raise self._bad(Kind.NAME, "filename", f"{shown(value)} leaves the folder of photos")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise self._bad(Kind.NAME, "filename", f"{shown(value)} is not valid Unicode") from None
        if "\0" in value or plain == ".":
            raise self._bad(Kind.NAME, "filename", f"{shown(value)} can't be a file's name")
        return plain

    def _size(self, file: str, size: tuple[Value, Value] | None, known: Photo | None) -> tuple[int, int]:
        unsaid = size is None or any(_is_nothing(value) for value in size)
        if unsaid and known:
            return known.width, known.height
        if unsaid and self.size_of:
            if size is not None:
                self.mended["no size"] += 1
            try:
                return self.size_of(file)
            except PictureError as error:
                fault = self._fault(Kind.UNREADABLE, "filename", f"{shown(file)}: {error.fault}")
                raise BadValueError(fault._replace(remedy=error.remedy), [file]) from error
        if size is None:
            words = f"{shown(file)}: its size isn't said, and there is no folder of photos to look into"
            raise self._bad(Kind.SIZE, "width", words, file)
        try:
            width, height = (
                self.boxes.number(value, key) for value, key in zip(size, ("width", "height"), strict=True)
            )
        except BadValueError as error:
            raise BadValueError(error.fault, [file]) from None
        if width < 1 or height < 1 or width % 1 or height % 1:
            raise self._bad(Kind.SIZE, "width", f"a photo of {size[0]} × {size[1]} pixels", file)
        return int(width), int(height)

    def _object(self, box: Box, photo: Photo, whole: float | None) -> LabelledObject:
        if box.fault:
            raise BadValueError(box.fault)
        name = self._class(box.name)
        sides, extra = self.boxes.read(box, photo, whole)
        return LabelledObject(name, *sides, extra=extra)

    def _class(self, value: Value) -> str:
        """The class that a label names, in the one spelling that is kept."""
        name, mended = self._names_of_classes.find(value)
        if mended:
            self.mended[mended] += 1
        return name

    @cached_property
    def _names_of_classes(self) -> ClassNames:
        return ClassNames(self.classes, self._called("class"))

    def _bad(self, kind: Kind, key: str, words: str, *photos: str) -> BadValueError:
        return BadValueError(self._fault(kind, key, words), photos)

    def _fault(self, kind: Kind, key: str, words: str) -> Fault:
        return Fault(kind, self._called(key), words)

    def _called(self, key: str) -> str:
        return self.fields.get(key, key)


def _is_nothing(value: Value) -> bool:
    """Whether a size isn't said: nothing, no text, 0, or pandas' nan."""
    if isinstance(value, str):
        return value.strip().lower() in ("", "0", "0.0", "nan", "null", "none")
    return value is None or (isinstance(value, int | float | Decimal) and (value == 0 or value != value))
