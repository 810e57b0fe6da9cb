"""The boxes of a set: numbers as files have them, to sides in pixels that lie in their photo."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from training.data.formats import readings
from training.data.formats.entries import SIDES, BadValueError, Box, Fault, Value
from training.data.formats.files import Exact
from training.data.formats.readings import ROUNDING, Placed, Reading
from training.data.labels import LabelledObject, Photo
from training.findings import Kind, Where

NUMBERS = frozenset({str, float, int, Decimal, Exact})
"""Types that a number may be read as; a truth value is none."""
SLACK = 0.01
"""By which sides in shares of a photo may pass its edge."""
Sides = tuple[float, float, float, float]


@dataclass
class Boxes:
    """Reads boxes one by one, and remembers what says something about all of them."""

    reading: Reading = readings.PLAIN
    """how the format's numbers of a box are meant"""
    cuts: bool = False
    """boxes that hang over the photo's edge, however far, are cut there instead of being faults"""
    fields: Mapping[str, str] = field(default_factory=dict)
    """what the format calls the sides"""
    mended: Counter[str] = field(default_factory=Counter)
    count: int = 0
    strange: list[Placed] = field(default_factory=list)
    """those that don't fit their photos"""
    tiny: list[tuple[str, Where]] = field(default_factory=list)
    """those within the first pixel of their photos, which may be in shares"""

    def read(self, box: Box, photo: Photo, whole: float | None) -> tuple[Sides, Mapping[str, Any] | None]:
        """Sides in pixels, and what else the file says of the object; ``whole`` as `Entry` has it.

        Raises:
            BadValueError: what isn't a number, or doesn't lie in the photo
        """
        extra = box.extra
        xmin, ymin, xmax, ymax = (self.number(value, key) for value, key in zip(box.sides, SIDES, strict=True))
        if whole is not None:
            across, down = photo.width / whole, photo.height / whole
            xmin, ymin, xmax, ymax = xmin * across, ymin * down, xmax * across, ymax * down
            extra = _scaled(extra, across, down)
        self.count += 1
        sides = (xmin, ymin, xmax, ymax)
        # Of most boxes the first comparison tells.
        if whole is None and xmax <= 1 + SLACK and max(xmin, ymin, ymax) <= 1 + SLACK and min(sides) >= -SLACK:
            self.tiny.append((photo.filename, box.where))
        over = max(-xmin, -ymin, xmax - photo.width, ymax - photo.height)
        if over > 0 and (self.cuts or over <= ROUNDING):
            xmin, ymin = max(xmin, 0), max(ymin, 0)
            xmax, ymax = min(xmax, photo.width), min(ymax, photo.height)
            self.mended["edge"] += 1
        try:
            self._check(xmin, ymin, xmax, ymax, photo)
        except BadValueError:
            self.strange.append(Placed(sides, photo.width, photo.height))
            raise
        return (xmin, ymin, xmax, ymax), extra

    def number(self, value: Value, key: str) -> float:
        """A finite number, of the field ``key``. Raises BadValueError."""
        try:
            if type(value) not in NUMBERS:
                raise ValueError
            number = float(value)  # type: ignore[arg-type]
        except (ValueError, OverflowError):
            said = value if isinstance(value, str) else "" if value is None else str(value)
            words = f"{said!r} is not a number" + ("; decimals are written with a point" if "," in said else "")
            raise self._bad(Kind.NUMBER, key, words) from None
        if not math.isfinite(number):
            raise self._bad(Kind.NUMBER, key, f"{value!s} is not a finite number")
        return number

    def are_shares(self) -> bool:
        """Whether all boxes that should be in pixels have sides from 0 to 1."""
        return self.reading.whole is None and len(self.tiny) == self.count > 0

    def enlarge(self, photos: Iterable[Photo]) -> None:
        """Take all sides for shares of the photo: objects change to pixels."""
        self.reading = self.reading._replace(whole=1)
        self.strange = [one.enlarged() for one in self.strange]
        for photo in photos:
            photo.objects = [_enlarged(item, photo.width, photo.height) for item in photo.objects]

    def cause(self, photos: Iterable[Photo]) -> str | None:
        """Why many boxes don't fit, if their numbers seem to mean something else; ``photos`` have those that do."""
        if not self.strange:
            return None
        right = [Placed(item.sides, photo.width, photo.height) for photo in photos for item in photo.objects]
        return readings.likeliest(self.reading, self.strange, right)

    def _check(self, xmin: float, ymin: float, xmax: float, ymax: float, photo: Photo) -> None:
        for low, high, size, axis in ((xmin, xmax, photo.width, "x"), (ymin, ymax, photo.height, "y")):
            if low > high or (low == high and 0 <= low <= size):
                kind, other = Kind.AREA if low == high else Kind.OUTSIDE, f"{axis}min"
                raise self._bad(kind, f"{axis}max", f"{high:g} is not above {self.fields.get(other, other)}, {low:g}")
            if low < 0:
                raise self._bad(Kind.OUTSIDE, f"{axis}min", f"{low:g} is outside the photo (0 to {size:g})")
            if high > size:
                raise self._bad(Kind.OUTSIDE, f"{axis}max", f"{high:g} is outside the photo (0 to {size:g})")

    def _bad(self, kind: Kind, key: str, words: str) -> BadValueError:
        return BadValueError(Fault(kind, self.fields.get(key, key), words))


def _scaled(extra: Mapping[str, Any] | None, across: float, down: float) -> Mapping[str, Any] | None:
    """The same with polygons in pixels."""
    if not extra or "polygons" not in extra:
        return extra
    polygons = [
        [value * (down if place % 2 else across) for place, value in enumerate(polygon)]
        for polygon in extra["polygons"]
    ]
    return {**extra, "polygons": polygons}


def _enlarged(item: LabelledObject, width: int, height: int) -> LabelledObject:
    """An object whose sides are shares of its photo, in pixels; what hangs over the edge is cut."""
    xmin, ymin, xmax, ymax = (min(max(side, 0.0), 1.0) for side in item.sides)
    extra = _scaled(item.extra, width, height)
    return LabelledObject(item.name, xmin * width, ymin * height, xmax * width, ymax * height, extra=extra)
