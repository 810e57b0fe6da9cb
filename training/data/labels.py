"""Labelled photos: the one typed form that every format of annotations is read into and written from."""

from __future__ import annotations

from dataclasses import dataclass, field

from training.findings import Finding, Where


@dataclass(frozen=True, slots=True)
class LabelledObject:
    """One labelled object; the box is in pixels of the photo."""

    name: str
    xmin: float
    ymin: float
    xmax: float
    ymax: float


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


@dataclass(frozen=True)
class Annotations:
    """All photos in the order of their file, what was left out (one finding a fault), and what else is to be said."""

    photos: list[Photo]
    skipped: list[Finding]
    notes: list[str] = field(default_factory=list)
