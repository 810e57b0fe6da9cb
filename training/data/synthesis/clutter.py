"""Shapes that are no characters, for a detector to stay silent on: screws, bells, arrows, rails, stones, swirls.

Rings and single bars are left out: a 0 and a 1 are drawn like that in some fonts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw

from training.data.synthesis.scenery import Generator, ink_on

MOST = 4
"""Shapes of a photo."""
SIDES = (0.06, 0.6)
"""How large they are, as part of the photo's shorter side."""

Point = tuple[float, float]
Shape = Callable[[Generator, ImageDraw.ImageDraw, Point, float], None]


def scatter(rng: Generator, canvas: Image.Image, taken: Image.Image) -> None:
    """Draw some shapes on ``canvas``, each where nothing of ``taken`` (mode L, 0 is free) is in its way."""
    width, height = canvas.size
    for _ in range(int(rng.integers(0, MOST + 1))):
        radius = float(np.exp(rng.uniform(*np.log(SIDES)))) * min(width, height) / 2
        middle = float(rng.uniform(0, width)), float(rng.uniform(0, height))
        mask = Image.new("L", canvas.size)
        SHAPES[int(rng.integers(len(SHAPES)))](rng, ImageDraw.Draw(mask), middle, radius)
        hull = mask.getbbox()
        if hull is None or np.any(np.asarray(taken)[np.asarray(mask) > 0]):
            continue
        ground = canvas.crop(hull).resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
        assert isinstance(ground, tuple)
        canvas.paste(ink_on(rng, ground), mask=mask)


def _around(middle: Point, radius: float, angles: Sequence[float], parts: Sequence[float]) -> list[Point]:
    """Points at ``angles`` (radians) around ``middle``, each its part of ``radius`` away."""
    x, y = middle
    return [
        (x + radius * part * float(np.cos(angle)), y + radius * part * float(np.sin(angle)))
        for angle, part in zip(angles, parts, strict=True)
    ]


def _disc(rng: Generator, pen: ImageDraw.ImageDraw, middle: Point, radius: float) -> None:
    """Filled; a screw has a slot, a bell a rim."""
    (x, y), stroke = middle, max(1, round(radius * rng.uniform(0.1, 0.3)))
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), 255)
    style = rng.random()
    if style < 0.35:
        pen.line(_around(middle, radius, [turn := float(rng.uniform(0, np.pi)), turn + np.pi], (0.9, 0.9)), 0, stroke)
    elif style < 0.7:
        inner = radius * float(rng.uniform(0.5, 0.85))
        pen.ellipse((x - inner, y - inner, x + inner, y + inner), 0)
        inner *= float(rng.uniform(0.4, 0.9))
        pen.ellipse((x - inner, y - inner, x + inner, y + inner), 255)


def _polygon(rng: Generator, pen: ImageDraw.ImageDraw, middle: Point, radius: float) -> None:
    """With three to eight corners in any places around the middle: leaves, stones."""
    count = int(rng.integers(3, 9))
    angles = np.sort(rng.uniform(0, 2 * np.pi, count)).tolist()
    corners = _around(middle, radius, angles, rng.uniform(0.3, 1, count).tolist())
    if rng.random() < 0.6:
        pen.polygon(corners, 255)
    else:
        pen.line([*corners, corners[0]], 255, max(1, round(radius * rng.uniform(0.05, 0.2))), "curve")


def _arrow(rng: Generator, pen: ImageDraw.ImageDraw, middle: Point, radius: float) -> None:
    turn, wide = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(0.3, 0.8))
    tip, tail, left, right = _around(middle, radius, (turn, turn + np.pi, turn - wide, turn + wide), (1, 1, 0.6, 0.6))
    stroke = max(1, round(radius * rng.uniform(0.08, 0.25)))
    pen.line((tail, tip), 255, stroke)
    pen.line((left, tip, right), 255, stroke, "curve")


def _rails(rng: Generator, pen: ImageDraw.ImageDraw, middle: Point, radius: float) -> None:
    """Four to nine bars side by side, as of a fence, a grid or a ventilator."""
    turn = float(rng.normal(0, 0.15)) + (np.pi / 2 if rng.random() < 0.5 else 0.0)
    count, long = int(rng.integers(4, 10)), float(rng.uniform(0.4, 1))
    stroke = max(1, round(radius / count * rng.uniform(0.3, 1.2)))
    for place in np.linspace(-1, 1, count):
        ends = [(float(place), -long), (float(place), long)]
        angles = [float(np.arctan2(y, x)) + turn for x, y in ends]
        pen.line(_around(middle, radius, angles, [float(np.hypot(x, y)) for x, y in ends]), 255, stroke)


def _swirl(rng: Generator, pen: ImageDraw.ImageDraw, middle: Point, radius: float) -> None:
    """A line that winds inwards, as wrought iron does."""
    turns, start = float(rng.uniform(1.2, 3)), float(rng.uniform(0, 2 * np.pi))
    along = np.linspace(0, 1, 40)
    angles = (start + 2 * np.pi * turns * along).tolist()
    stroke = max(1, round(radius * rng.uniform(0.04, 0.12)))
    pen.line(_around(middle, radius, angles, (1 - along).tolist()), 255, stroke)


SHAPES: tuple[Shape, ...] = (_disc, _polygon, _arrow, _rails, _swirl)
