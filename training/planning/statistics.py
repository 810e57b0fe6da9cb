"""What labels say in numbers: how many, how large, how close together. No pixel is looked at."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from training.data.labels import Photo

Floats = npt.NDArray[np.float64]
CROWD = 300
"""Objects of one photo that are compared with each other."""


@dataclass(frozen=True)
class Statistics:
    """Numbers of labelled photos; ``photos`` have no objects but those of ``classes``."""

    photos: Sequence[Photo]
    classes: Sequence[str]

    @cached_property
    def counts(self) -> dict[str, int]:
        """Objects of each class."""
        found = Counter(item.name for photo in self.photos for item in photo.objects)
        return {name: found[name] for name in self.classes}

    @property
    def objects(self) -> int:
        """All of them."""
        return sum(self.counts.values())

    @cached_property
    def empty(self) -> int:
        """Photos without any object."""
        return sum(not photo.objects for photo in self.photos)

    @cached_property
    def groups(self) -> dict[str, set[str]]:
        """The classes that occur in each group of photos."""
        found: dict[str, set[str]] = defaultdict(set)
        for photo in self.photos:
            found[photo.group].update(item.name for item in photo.objects)
        return dict(found)

    @cached_property
    def most(self) -> int:
        """Objects of the photo that has most."""
        return max((len(photo.objects) for photo in self.photos), default=0)

    @cached_property
    def sides(self) -> Floats:
        """[p, 2] width and height of the photos, pixels."""
        return np.array([(photo.width, photo.height) for photo in self.photos], float).reshape(-1, 2)

    @cached_property
    def boxes(self) -> Floats:
        """[n, 5] index of the photo, index of the class, width, height and number of pixels of the objects."""
        index = {name: number for number, name in enumerate(self.classes)}
        rows = [
            (number, index[item.name], item.xmax - item.xmin, item.ymax - item.ymin)
            for number, photo in enumerate(self.photos)
            for item in photo.objects
        ]
        found = np.array(rows, float).reshape(-1, 4)
        return np.column_stack([found, found[:, 2] * found[:, 3]])

    def scales(self, width: int, height: int) -> Floats:
        """[n] input pixels per pixel of the photo, for each object, in an input of ``width`` × ``height``."""
        per_photo = np.minimum(width / self.sides[:, 0], height / self.sides[:, 1])
        scales: Floats = per_photo[self.boxes[:, 0].astype(int)]
        return scales

    def heights(self, width: int, height: int) -> Floats:
        """[n] heights of the objects in an input of ``width`` × ``height``, pixels."""
        return self.boxes[:, 3] * self.scales(width, height)

    def sizes(self, width: int, height: int) -> Floats:
        """[n] the same of the side of a square as large as the object."""
        return np.sqrt(self.boxes[:, 4]) * self.scales(width, height)

    @cached_property
    def overlaps(self) -> tuple[Floats, Floats]:
        """[n] of each object its largest intersection over union with one of its class, and with one of another."""
        same, other = [np.zeros(0)], [np.zeros(0)]
        for photo in self.photos:
            objects = photo.objects[:CROWD]
            boxes = np.array([(item.xmin, item.ymin, item.xmax, item.ymax) for item in objects], float).reshape(-1, 4)
            if not len(boxes):
                continue
            low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
            high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
            common = np.prod(np.clip(high - low, 0, None), axis=2)
            areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
            iou = common / (areas[:, None] + areas[None] - common)
            np.fill_diagonal(iou, 0)
            names = np.array([item.name for item in objects])
            alike = names[:, None] == names[None]
            same.append(np.where(alike, iou, 0).max(1))
            other.append(np.where(alike, 0, iou).max(1))
        return np.concatenate(same), np.concatenate(other)
