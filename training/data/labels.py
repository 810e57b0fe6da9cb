"""Labelled photos: the one typed form that every format of annotations is read into and written from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from training.findings import Finding, Where


@dataclass(frozen=True, slots=True)
class LabelledObject:
    """One labelled object; the box is in pixels of the photo."""

    name: str
    xmin: float
    ymin: float
    xmax: float
    ymax: float
    extra: Mapping[str, Any] | None = field(default=None, compare=False, kw_only=True)
    """what else its file says of it, for formats that can hold it: ``polygons``, ``attributes``"""

    @property
    def sides(self) -> tuple[float, float, float, float]:
        """xmin, ymin, xmax, ymax."""
        return self.xmin, self.ymin, self.xmax, self.ymax


@dataclass(slots=True)
class Photo:
    """One photo's label: its file name relative to the image folder, its size in pixels and its objects.

    Photos of a group (the same scene, copies of one original) stay in one split.
    """

    filename: str
    width: int
    height: int
    group: str
    objects: list[LabelledObject] = field(default_factory=list)
    where: Where = field(default=Where(""), compare=False)
    """file and element that it stands in, for messages"""
    extra: Mapping[str, Any] | None = field(default=None, compare=False)
    """what else its file says of it"""


@dataclass(frozen=True)
class Annotations:
    """All photos in the order of their file, what was left out (one finding a fault), and what else is to be said."""

    photos: list[Photo]
    skipped: list[Finding]
    notes: list[str] = field(default_factory=list)
    declared: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """classes that the file lists, whether they occur or not, with what it says of them"""
    about: Mapping[str, Any] = field(default_factory=dict)
    """what the file says of the whole set"""
    named: frozenset[str] = frozenset()
    """classes that labels name, those of photos that were left out as well"""
    causes: Sequence[str] = ()
    """what is wrong with the set as a whole: why many labels are at fault, and others may be"""
