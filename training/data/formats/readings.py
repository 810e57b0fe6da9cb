"""What else the four numbers of a box may mean: where many don't fit their photos, the reading by which all would.

A set whose boxes are written otherwise than its format wants is wrong as a whole, though a part of the boxes fits by
chance; so the likeliest reading is named before the single faults.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

CORNERS, SIZED, CENTRED, REVERSED = (
    "xmin, ymin, xmax, ymax",
    "x, y, width, height from the upper left corner",
    "x, y, width, height from the middle",
    "xmax, ymax, xmin, ymin",
)
"""Forms that four numbers are written in, as messages call them."""
UNITS: dict[float | None, str] = {None: "pixels", 1: "shares of the photo", 100: "percent of the photo"}
"""By what the photo's full width and height are in them."""
ROUNDING = 1.0
"""Boxes hang over the photo's edge by so many pixels where somebody's program rounded."""
FEWEST, MANY, ALL = 3, 0.05, 0.98
"""Boxes, and their share of all, that have to be strange; share of all that another reading has to make right."""

Floats = npt.NDArray[np.float64]


class Reading(NamedTuple):
    """How four numbers are meant."""

    form: str
    whole: float | None = None
    swapped: bool = False

    @property
    def words(self) -> str:
        """For messages."""
        return f"{self.form}{' with y before x' if self.swapped else ''}, in {UNITS.get(self.whole, 'other units')}"

    def distance(self, other: Reading) -> int:
        """In how much two readings differ."""
        return sum(one != two for one, two in zip(self, other, strict=True))

    def numbers(self, sides: Floats, photos: Floats) -> Floats:
        """The numbers [n, 4] as they were written, of sides [n, 4] in pixels and sizes of photos [n, 2]."""
        low, high = sides[:, :2], sides[:, 2:]
        if self.form == CENTRED:
            low, high = (low + high) / 2, high - low
        elif self.form == SIZED:
            high = high - low
        return np.hstack([low, high]) / self._unit(photos)

    def sides(self, numbers: Floats, photos: Floats) -> Floats:
        """Sides [n, 4] in pixels: xmin, ymin, xmax, ymax."""
        first, second = numbers[:, :2], numbers[:, 2:]
        if self.swapped:
            first, second = first[:, ::-1], second[:, ::-1]
        if self.form == REVERSED:
            first, second = second, first
        elif self.form == SIZED:
            second = first + second
        elif self.form == CENTRED:
            first, second = first - second / 2, first + second / 2
        return np.hstack([first, second]) * self._unit(photos)

    def _unit(self, photos: Floats) -> Floats | float:
        return 1.0 if self.whole is None else np.tile(photos, 2) / self.whole


PLAIN = Reading(CORNERS)


class Placed(NamedTuple):
    """A box in pixels as it was read, and the size of its photo."""

    sides: tuple[float, float, float, float]
    width: int
    height: int

    def enlarged(self) -> Placed:
        """The same where its sides are shares of the photo."""
        xmin, ymin, xmax, ymax = self.sides
        sides = xmin * self.width, ymin * self.height, xmax * self.width, ymax * self.height
        return Placed(sides, self.width, self.height)


def likeliest(declared: Reading, strange: Sequence[Placed], right: Sequence[Placed]) -> str | None:
    """A sentence on what the boxes seem to be, and what to do; None where there is no such reading.

    Args:
        declared: how the format has them
        strange: boxes that don't fit their photos, read so
        right: boxes that do
    """
    count = len(strange) + len(right)
    if len(strange) < max(FEWEST, MANY * count):
        return None
    sides = np.array([one.sides for one in (*strange, *right)])
    photos = np.array([(one.width, one.height) for one in (*strange, *right)], float)
    numbers = declared.numbers(sides, photos)
    others = [Reading(*one) for one in product((CORNERS, SIZED, CENTRED, REVERSED), UNITS, (False, True))]
    for other in sorted(others, key=lambda one: (declared.distance(one), declared.whole != one.whole)):
        fits = _fits(other.sides(numbers, photos), photos)
        if other != declared and fits.mean() >= ALL and fits[: len(strange)].mean() >= ALL:
            turned = other.swapped and other.distance(declared) == 1
            cause = " (or the photos were labelled before EXIF turned them)" if turned else ""
            return (
                f"{len(strange):,} of {count:,} boxes don't fit their photos; all would, were their numbers "
                f"{other.words}{cause}. Write them as {declared.words}: as they stand, the others lie wrong, too"
            )
    return None


def _fits(sides: Floats, photos: Floats) -> npt.NDArray[np.bool_]:
    """Whether boxes lie in their photos, and are a pixel large."""
    low, high = sides[:, :2], sides[:, 2:]
    right: npt.NDArray[np.bool_] = (high - low >= 1) & (low >= -ROUNDING) & (high <= photos + ROUNDING)
    return np.asarray(right.all(axis=1))


def counted_otherwise(used: set[int], known: set[int]) -> str | None:
    """A sentence on numbers of classes that are all off by one; None where they aren't."""
    for step, start in ((1, "1 instead of 0"), (-1, "0 instead of 1")):
        if used - known and {number - step for number in used} <= known:
            return (
                f"the labels' numbers of classes are {min(used)} to {max(used)} where {min(known)} to {max(known)} are "
                f"known: they seem to be counted from {start}, so that every label has another class than it says. "
                "Count them as the list of classes does"
            )
    return None
