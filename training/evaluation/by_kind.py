"""What becomes of objects by what makes them hard to find, see `data.kinds`; photos of several sources side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from training.data import kinds
from training.data.kinds import Measure
from training.evaluation.analysis import Floats, Outcome
from training.evaluation.metrics import Threshold

SOURCES = 5
"""At most so many are shown beside each other, those with most objects."""


class Fate(NamedTuple):
    """Of some objects how many there are, and how many are found as what they are."""

    objects: int
    right: int


class Row(NamedTuple):
    """Objects of one kind."""

    measure: Measure
    name: str
    """follows "objects …" """
    all: Fate
    by_source: tuple[Fate, ...]


class Kinds(NamedTuple):
    """All of an evaluation's."""

    sources: tuple[str, ...]
    """empty where there are no several"""
    objects: tuple[int, ...]
    """of all sources together, and of each: those that can't be told included"""
    rows: list[Row]


def count(outcomes: Sequence[Outcome], values: Sequence[Floats], characters: bool, threshold: Threshold) -> Kinds:
    """Count objects by kind.

    Args:
        outcomes: of each photo
        values: of each photo what `kinds.measure` says of its labels
        characters: whether they are characters
        threshold: from which detections count
    """
    width = len(kinds.MEASURES)
    table = np.concatenate([np.zeros((0, width)), *values])
    right = np.concatenate([np.zeros(0, bool), *(one.found(threshold) for one in outcomes)])
    names = [name for one in outcomes for name in [_source(one.judged.photo.filename)] * len(one.names)]
    chosen = [name for name, _ in Counter(names).most_common(SOURCES)] if len(set(names)) > 1 else []
    parts = [np.ones(len(table), bool), *(np.array(names) == name for name in chosen)]
    rows = []
    for column, measure in kinds.of(characters):
        classes = measure.classes(table[:, column])
        for place, name in enumerate(measure.kinds):
            fates = [
                Fate(int(part.sum()), int(right[part].sum())) for part in (one & (classes == place) for one in parts)
            ]
            rows.append(Row(measure, name, fates[0], tuple(fates[1:])))
    return Kinds(tuple(chosen), tuple(int(part.sum()) for part in parts), rows)


def _source(filename: str) -> str:
    """The folder that a photo lies in: where several sources were merged, the one that it comes from."""
    folder, slash, _ = filename.partition("/")
    return folder if slash else ""
