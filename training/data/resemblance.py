"""Whether drawn photos are like real ones: what real photos have, and drawn ones hardly, is learned from few."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from training import command
from training.data import kinds
from training.data.kinds import Floats
from training.data.labels import Photo
from training.data.photos import decode
from training.data.selection import place
from training.errors import AnnotationError

PHOTOS, OBJECTS = 200, 1000
"""At most so many of a source are measured, the first by hash."""
ENOUGH = 50
"""Objects of a source, below which nothing is said of it."""
COMMON = 0.03
"""Part of a source's objects from which a kind is to be drawn, too."""
LACKING = 3.0
"""How many times as frequent it is there as on drawn photos to be named."""
NAMED = 6
"""Kinds that are named of a source."""
SURE = 3.0
"""Standard errors. Objects of one photo are alike, so that fewer of them would call chance a difference."""


def compare(sources: Mapping[str, Sequence[Photo]], drawn: Sequence[str], images: Path) -> list[str]:
    """A line on each source of real photos that has kinds of objects which the drawn ones lack.

    Args:
        sources: photos of each, named as below ``images``
        drawn: which of the sources are drawn
        images: folder of photos
    """
    if not drawn or len(drawn) == len(sources):
        return []
    names = {item.name for photos in sources.values() for photo in photos for item in photo.objects}
    characters = kinds.are_characters(names)
    chosen = {name: _sample(photos) for name, photos in sources.items()}
    todo = [(name, photo) for name, photos in chosen.items() for photo in photos]
    found: dict[str, list[Floats]] = {name: [np.zeros((0, len(kinds.MEASURES)))] for name in sources}
    for name, photo in command.progress(todo, len(todo), "photos compared"):
        try:
            found[name].append(kinds.measure(decode(images / photo.filename), photo, characters))
        except AnnotationError:
            continue  # `records` names photos that can't be decoded
    tables = {name: np.concatenate(parts) for name, parts in found.items()}
    ours = np.concatenate([tables[name] for name in drawn])
    lines = []
    for name, table in tables.items():
        if name in drawn or min(len(table), len(ours)) < ENOUGH:
            continue
        if lacking := _lacking(table, ours, characters):
            told = ", ".join(f"{kind} {one:.0%} (drawn: {other:.1%})" for kind, one, other in lacking[:NAMED])
            lines.append(
                f"{name} has objects that the drawn photos ({', '.join(drawn)}) hardly have: {told}. Judge by real "
                "photos, and draw or take more of these"
            )
    return lines


def _sample(photos: Sequence[Photo]) -> list[Photo]:
    chosen, objects = [], 0
    for photo in sorted((one for one in photos if one.objects), key=lambda one: place(one.filename))[:PHOTOS]:
        if objects >= OBJECTS:
            break
        chosen.append(photo)
        objects += len(photo.objects)
    return chosen


def _lacking(real: Floats, drawn: Floats, characters: bool) -> list[tuple[str, float, float]]:
    """Kinds that are frequent among ``real`` and rare among ``drawn`` objects, with both shares; the worst first."""
    found = []
    for column, measure in kinds.of(characters):
        classes = [measure.classes(table[:, column]) for table in (real, drawn)]
        for index, kind in enumerate(measure.kinds):
            one, other = (float((values == index).mean()) for values in classes)
            error = math.sqrt(one * (1 - one) / len(real) + other * (1 - other) / len(drawn))
            if one >= COMMON and one >= LACKING * other and one - other > SURE * error:
                found.append((kind, one, other))
    return sorted(found, key=lambda entry: entry[2] - entry[1])
