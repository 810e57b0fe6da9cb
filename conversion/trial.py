"""Whether a SavedModel finds labelled objects with what its detector.json says, and if not, with what else it would.

Before suppression: an object is found where a place of its class scores enough and its box fits. So that a model whose
every place scores doesn't find everything, the places that score have to lie on objects, too.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from PIL import Image

from conversion.errors import SavedModelError
from conversion.meaning import BOX_FORMS, SCORE_FORMS, Meaning, inputs
from conversion.photos import Photo
from conversion.saved_model import SavedDetector

PHOTOS = 24
"""Labelled photos that are looked at."""
LEAST_OBJECTS = 10
"""Labelled objects from which what is found says something."""
PLACES = 300
"""Places of a photo that count, those of the highest scores."""
FITS, NEAR = 0.5, 0.3
"""Intersection over union of a box that finds an object, and of one that lies on it."""
GOOD = 0.8
"""Agreement that needs no further looking."""
BOXES_AGREE = 0.3
"""Agreement of boxes alone from which classes may be in another order."""
NOTHING = 0.02
MORE, TIMES = 0.1, 1.25
"""By how much another meaning has to agree better, lest chance or likeness be taken for a reason."""
THRESHOLDS = (0.3, 0.2, 0.1, 0.05, 0.02)
FILL = 114
ROUNDING = 1e-3

Array = npt.NDArray[Any]
Words = dict[str, Any]
"""Entries of detector.json."""


@dataclass(frozen=True)
class Seen:
    """The places of one photo, as one meaning has them."""

    overlaps: Array
    """[places, objects] intersection over union"""
    classes: Array
    """[places] index of the best class"""
    scores: Array
    """[places]"""
    labels: Array
    """[objects] index of the class"""


@dataclass(frozen=True)
class Agreement:
    """How well places and labels agree."""

    found: int
    objects: int
    precision: float
    """share of the places that score which lie on objects"""

    @property
    def figure(self) -> float:
        """Harmonic mean of the share of objects that are found and of `precision`."""
        recall = self.found / self.objects
        return 2 * recall * self.precision / (recall + self.precision) if self.found else 0.0


def hold(saved: SavedDetector, photos: Sequence[Photo]) -> str:
    """See whether labelled objects are found; returns what to say of it.

    Raises:
        SavedModelError: for a SavedModel that this project didn't train: they aren't, with what detector.json would
            have to say; or nothing is found whatever it says
    """
    labelled = [photo for photo in photos if photo.labels]
    labelled = labelled[:: max(1, len(labelled) // PHOTOS)][:PHOTOS]
    objects = sum(len(photo.labels) for photo in labelled)
    if objects < LEAST_OBJECTS:
        return f"trained detector: too few labelled objects ({objects}) to see whether it finds any"
    said, threshold = saved.meaning, saved.detector["score_threshold"]
    trials = _Trials(saved, labelled)
    now = trials.agreement(said, threshold) if trials.fits(said) else Agreement(0, objects, 0.0)
    found = f"{now.found} of {objects} labelled objects on {len(labelled)} photos"
    told = f"trained detector: finds {found} before suppression"
    if not saved.is_foreign:
        # What its tensors mean is known; it may have learned little.
        return told
    if now.figure < GOOD:
        better = trials.better(said, threshold, max(now.figure + MORE, now.figure * TIMES))
        if better:
            raise SavedModelError(
                f"{saved.folder}: with what {saved.description} says, {found} are found; {better[0].found} would be "
                f"with\n  {better[1]}\nWrite that into {saved.description} (docs/detector.md explains it), and convert "
                "again"
            )
    if now.found < NOTHING * objects and trials.fits(said):
        raise SavedModelError(
            f"{saved.folder}: {found} are found, with what {saved.description} says as with other usual meanings of "
            f"its tensors (the best score of a class is {trials.highest(said):.3g}, score_threshold {threshold:g}). "
            "Are these photos of what it was trained on, and classes in its order? docs/detector.md says what is needed"
        )
    return told


class _Trials:
    """A SavedModel's raw outputs on photos, kept, and what they are under one meaning or another."""

    def __init__(self, saved: SavedDetector, photos: Sequence[Photo]) -> None:
        self.saved, self.photos = saved, photos
        self.height, self.width = (saved.detector["input"][side] for side in ("height", "width"))
        self.names = saved.detector["classes"]
        self.images = [_letterboxed(photo, self.height, self.width) for photo in photos]
        self._raw: dict[tuple[Any, ...], list[tuple[Array, Array]]] = {}
        self._overlaps: dict[tuple[Any, ...], list[Array]] = {}
        self._scores: dict[tuple[Any, ...], list[Array]] = {}

    def raw(self, meaning: Meaning) -> list[tuple[Array, Array]]:
        """Boxes [places, 4] and scores [places, columns] of each photo, those of the highest scores."""
        key = _key(meaning)
        if key not in self._raw:
            outputs = [self.saved.raw(meaning.given(tf.constant(image[None], tf.float32))) for image in self.images]
            self._raw[key] = [_highest(boxes[0], scores[0]) for boxes, scores in outputs]
        return self._raw[key]

    def fits(self, meaning: Meaning) -> bool:
        """Whether there is a column for each class."""
        columns = self.saved.columns
        return columns == len(self.names) + (meaning.background != "none")

    def overlaps(self, meaning: Meaning) -> list[Array]:
        """Of each photo's places and labels [places, objects]."""
        key = (*_key(meaning), meaning.boxes)
        if key not in self._overlaps:
            self._overlaps[key] = [
                _overlaps(meaning.corners(tf.constant(boxes), self.height, self.width).numpy(), self._labelled(photo))
                for photo, (boxes, _) in zip(self.photos, self.raw(meaning), strict=True)
            ]
        return self._overlaps[key]

    def scores(self, meaning: Meaning) -> list[Array]:
        """Of each photo's places and classes [places, classes]; -1 where they are no probabilities."""
        key = (*_key(meaning), meaning.scores, meaning.background)
        if key not in self._scores:
            certain = [meaning.certainties(tf.constant(scores)).numpy() for _, scores in self.raw(meaning)]
            possible = all(one.min() >= -ROUNDING and one.max() <= 1 + ROUNDING for one in certain if one.size)
            certain = [one[:, 1:] if meaning.background == "first" else one for one in certain]
            self._scores[key] = certain if possible else [np.full_like(one, -1.0) for one in certain]
        return self._scores[key]

    def seen(self, meaning: Meaning) -> list[Seen]:
        """All photos."""
        return [
            Seen(overlaps, scores.argmax(1), scores.max(1), np.array([self._index(one.name) for one in photo.labels]))
            for photo, overlaps, scores in zip(self.photos, self.overlaps(meaning), self.scores(meaning), strict=True)
        ]

    def agreement(self, meaning: Meaning, threshold: float) -> Agreement:
        """How well labels and places of at least ``threshold`` agree."""
        return _agreement(self.seen(meaning), threshold)

    def highest(self, meaning: Meaning) -> float:
        """The best score of any class."""
        return max(float(one.scores.max(initial=0)) for one in self.seen(meaning))

    def better(self, said: Meaning, threshold: float, least: float) -> tuple[Agreement, str] | None:
        """What agrees by at least ``least``, of the best the least different one, and what detector.json has to say."""
        best: list[tuple[Agreement, Words]] = []
        # Another order of classes, or another threshold, can pass for another meaning: these come last.
        for try_out in (self._as_it_is, self._renamed, self._lowered):
            found: list[tuple[Agreement, Words]] = []
            for _, these in itertools.groupby(self._others(said), key=lambda one: _changes(one.words(said))):
                found += [one for meaning in these for one in try_out(meaning, meaning.words(said), threshold)]
                # What differs in more would only be another way to say it.
                if any(agreement.figure >= GOOD for agreement, _ in found):
                    break
            best += _simplest(found)
            if any(agreement.figure >= GOOD for agreement, _ in best):
                break
        agreement, words = max(best, key=lambda one: one[0].figure, default=(Agreement(0, 1, 0.0), {}))
        return (agreement, json.dumps(words, ensure_ascii=False)[1:-1]) if agreement.figure >= least else None

    def _others(self, said: Meaning) -> list[Meaning]:
        """Usual meanings that the columns allow, the least different first."""
        extra = self.saved.columns - len(self.names)
        backgrounds = {0: ("none",), 1: ("first", "last")}.get(extra, ())
        others = [
            replace(source, boxes=boxes, scores=scores, background=background)
            for source, boxes, scores, background in itertools.product(
                inputs(said), BOX_FORMS, SCORE_FORMS, backgrounds
            )
        ]
        return sorted(others, key=lambda one: _changes(one.words(said)))

    def _as_it_is(self, meaning: Meaning, words: Words, threshold: float) -> Iterator[tuple[Agreement, Words]]:
        yield self.agreement(meaning, threshold), words

    def _renamed(self, meaning: Meaning, words: Words, threshold: float) -> Iterator[tuple[Agreement, Words]]:
        """With its classes in another order, where boxes alone agree."""
        seen = self.seen(meaning)
        if _agreement(seen, threshold, agnostic=True).figure >= BOXES_AGREE:
            order = _order(seen, threshold, self.names)
            mapping = np.array([self.names.index(name) for name in order])
            yield _agreement(seen, threshold, mapping), {"classes": order, **words}

    def _lowered(self, meaning: Meaning, words: Words, threshold: float) -> Iterator[tuple[Agreement, Words]]:
        """With a lower threshold."""
        seen = self.seen(meaning)
        for lower in THRESHOLDS:
            if lower < threshold:
                yield _agreement(seen, lower), {"score_threshold": lower, **words}

    def _index(self, name: str) -> int:
        return self.names.index(name) if name in self.names else -1

    def _labelled(self, photo: Photo) -> Array:
        """Boxes [objects, 4] of the labels, parts of the input that the photo is laid into."""
        scale = _scale(photo, self.height, self.width)
        boxes = np.array([one.box for one in photo.labels], np.float64).reshape(-1, 4)
        return boxes * scale / np.array([self.height, self.width, self.height, self.width])


def _changes(words: Words) -> int:
    """Words that differ; a mean and a deviation belong to their range."""
    return len({*words, *words.get("tensors", {})} - {"tensors", "mean", "deviation"})


def _simplest(found: Sequence[tuple[Agreement, Words]]) -> list[tuple[Agreement, Words]]:
    """Of those that agree about as well as any the one that differs least, if there is one."""
    top = max((agreement.figure for agreement, _ in found), default=0.0)
    near = [one for one in found if one[0].figure >= top - MORE / 2]
    return sorted(near, key=lambda one: (_changes(one[1]), -one[0].figure))[:1]


def _key(meaning: Meaning) -> tuple[Any, ...]:
    return meaning.input_range, meaning.channels, meaning.mean, meaning.deviation


def _scale(photo: Photo, height: int, width: int) -> float:
    return min(height / photo.height, width / photo.width)


def _letterboxed(photo: Photo, height: int, width: int) -> Array:
    """The photo in the upper left corner of an input, uint8 [height, width, 3]."""
    scale = _scale(photo, height, width)
    size = max(1, round(photo.width * scale)), max(1, round(photo.height * scale))
    image = np.full((height, width, 3), FILL, np.uint8)
    pixels = Image.fromarray(photo.pixels()).resize(size, Image.Resampling.BILINEAR)
    image[: size[1], : size[0]] = np.asarray(pixels)[:height, :width]
    return image


def _highest(boxes: Array, scores: Array) -> tuple[Array, Array]:
    """The places that can be among the best `PLACES`, whichever column is the background."""
    best = [scores.max(1), scores[:, 1:].max(1, initial=-np.inf) - scores[:, 0], scores[:, :-1].max(1, initial=-np.inf)]
    best.append(best[2] - scores[:, -1])
    kept = np.unique(np.concatenate([np.argsort(-one, kind="stable")[:PLACES] for one in best]))
    return boxes[kept], scores[kept]


def _overlaps(boxes: Array, labels: Array) -> Array:
    """Intersection over union [places, objects] of boxes (ymin, xmin, ymax, xmax)."""
    one, other = boxes[:, None].astype(np.float64), labels[None]
    sides = np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])
    common = np.clip(sides, 0, None).prod(-1)
    areas = [np.clip(two[..., 2:] - two[..., :2], 0, None).prod(-1) for two in (one, other)]
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(common / np.maximum(areas[0] + areas[1] - common, 1e-12))


def _agreement(
    seen: Sequence[Seen], threshold: float, mapping: Array | None = None, agnostic: bool = False
) -> Agreement:
    """Of all photos; ``mapping`` [classes] renames what is found, ``agnostic`` looks at boxes alone."""
    found = objects = right = places = 0
    for one in seen:
        classes = one.classes if mapping is None else mapping[one.classes]
        # Whatever else scores: beyond so many, suppression looks at no more.
        scoring = (one.scores >= threshold) & (one.scores >= np.sort(one.scores)[-PLACES:][:1].min(initial=np.inf))
        same = np.full(one.overlaps.shape, agnostic) | (classes[:, None] == one.labels[None])
        found += int((same & (one.overlaps >= FITS) & scoring[:, None]).any(0).sum())
        right += int((same & (one.overlaps >= NEAR) & scoring[:, None]).any(1).sum())
        places += int(scoring.sum())
        objects += len(one.labels)
    return Agreement(found, max(objects, 1), right / places if places else 0.0)


def _order(seen: Sequence[Seen], threshold: float, names: Sequence[str]) -> list[str]:
    """The names of the columns, by what lies where each scores; those that score nowhere take what is left, in turn."""
    votes: Counter[tuple[int, int]] = Counter()
    for one in seen:
        for place, label in zip(*np.nonzero((one.overlaps >= FITS) & (one.scores >= threshold)[:, None]), strict=True):
            votes[int(one.classes[place]), int(one.labels[label])] += 1
    order: dict[int, str] = {}
    for (column, label), _ in votes.most_common():
        if column not in order and label >= 0 and names[label] not in order.values():
            order[column] = names[label]
    shifts = Counter((names.index(name) - column) % len(names) for column, name in order.items())
    left = [name for name in names if name not in order.values()]
    for column in range(len(names)):
        if column not in order:
            # Most lists that are wrong are right but for a shift.
            shifted = names[(column + shifts.most_common(1)[0][0]) % len(names)] if shifts else names[column]
            order[column] = left.pop(left.index(shifted) if shifted in left else 0)
    return [order[column] for column in range(len(names))]
