"""What synthetic characters stand on, and what light and camera do to them: two kinds that have nothing in common.

Training sees `STREET`. `STUDIO` is for judging only: other textures under other light, so that a figure on it doesn't
praise a network for knowing its own textures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Generator = np.random.Generator


@dataclass(frozen=True)
class Scenery:
    """A kind of background and light."""

    wall: Callable[[Generator, int, int], Image.Image]
    """draws a background of a width and a height, pixels"""
    expose: Callable[[Generator, Image.Image], Image.Image]
    """what light and camera do to the finished picture"""


def _noise(rng: Generator, width: int, height: int, cells: int) -> np.ndarray:
    """Smooth noise [height, width, 3], -1 to 1, with about ``cells`` bumps across."""
    small = rng.integers(0, 256, (max(2, cells * height // width), max(2, cells), 3), np.uint8)
    large = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    bumps = np.asarray(large, np.float32) / 127.5 - 1
    shared: np.ndarray = bumps.mean(axis=2, keepdims=True)
    return bumps * np.float32(0.35) + shared * np.float32(0.65)


def _wall(rng: Generator, width: int, height: int) -> Image.Image:
    """A background: colour, stains of several sizes, sometimes bricks, boards, stripes or tiles."""
    ground = np.full((height, width, 3), colour(rng), np.float32)
    for cells in (2, 6, 24, 80):
        ground += _noise(rng, width, height, cells) * rng.uniform(0, 70 / cells**0.5)
    pattern = rng.random()
    if pattern < 0.3:
        ground += _bands(rng, width, height, crossed=pattern < 0.15)[..., None] * rng.uniform(-40, 40, 3)
    image = Image.fromarray(np.clip(ground, 0, 255).astype(np.uint8))
    if pattern > 0.65:
        pen = ImageDraw.Draw(image)
        stroke = colour(rng)
        course, thickness = int(rng.integers(10, 60)), int(rng.integers(1, 4))
        vertical = rng.random() < 0.5
        for offset in range(0, width if vertical else height, course):
            line = (offset, 0, offset, height) if vertical else (0, offset, width, offset)
            pen.line(line, stroke, thickness)
        if not vertical and rng.random() < 0.6:
            for row, top in enumerate(range(0, height, course)):
                for left in range(course * (row % 2), width, course * 2):
                    pen.line((left, top, left, top + course), stroke, thickness)
    return image


def _bands(rng: Generator, width: int, height: int, crossed: bool) -> np.ndarray:
    """Stripes of any slope, or ``crossed`` ones that make tiles: [height, width], 0 or 1."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    slope, share = rng.uniform(0, np.pi), rng.uniform(0.15, 0.85)
    bands = np.ones((height, width), np.float32)
    for turn in (slope, slope + np.pi / 2) if crossed else (slope,):
        along = (columns * np.cos(turn) + rows * np.sin(turn)) / rng.uniform(4, 50)
        bands = np.abs(bands - (along % 1 < share))
    return bands


def colour(rng: Generator) -> tuple[int, int, int]:
    """Any colour, mostly a dull one."""
    grey, vivid = rng.uniform(0, 255), rng.uniform(0, 255, 3)
    red, green, blue = (int(value) for value in grey + (vivid - grey) * rng.uniform(0, 1) ** 2)
    return red, green, blue


def ink_on(rng: Generator, ground: tuple[float, ...]) -> tuple[int, int, int]:
    """A colour that can be told from the ground's."""
    for _ in range(20):
        drawn = colour(rng)
        if abs(float(np.dot(np.subtract(drawn, ground), (0.3, 0.59, 0.11)))) > rng.uniform(45, 120):
            return drawn
    return (0, 0, 0) if np.mean(ground) > 127 else (255, 255, 255)


def _expose(rng: Generator, canvas: Image.Image) -> Image.Image:
    """What light and camera do: shading, shadows with an edge, blur, noise."""
    if rng.random() < 0.5:
        canvas = canvas.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.2, 1.4))))
    width, height = canvas.size
    pixels = np.asarray(canvas, np.float32)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    direction = rng.uniform(0, 2 * np.pi)
    slope = (columns / width - 0.5) * np.cos(direction) + (rows / height - 0.5) * np.sin(direction)
    light = 1 + slope * rng.uniform(0, 0.7)
    if rng.random() < 0.3:
        light *= np.where(slope > rng.uniform(-0.3, 0.3), 1.0, rng.uniform(0.45, 0.85))
    pixels = pixels * light[..., None] * rng.uniform(0.6, 1.15)
    pixels += rng.normal(0, rng.uniform(0, 9), pixels.shape).astype(np.float32)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _panel(rng: Generator, width: int, height: int) -> Image.Image:
    """A background of another kind: a gradient between two colours under waves, rings or dots."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    start, end = (np.array(colour(rng), np.float32) for _ in range(2))
    along = rng.uniform(0, 2 * np.pi)
    ramp = (columns * np.cos(along) + rows * np.sin(along)) / (width + height) + 0.5
    ground = start + (end - start) * (ramp * rng.uniform(0, 0.5))[..., None]
    pitch = rng.uniform(6, 60)
    pattern = int(rng.integers(3))
    if pattern == 0:
        waves = np.sin((columns * np.sin(along) + rows * np.cos(along) + 6 * np.sin(columns / 40)) * 2 * np.pi / pitch)
    elif pattern == 1:
        middle_y, middle_x = rng.uniform(0, height), rng.uniform(0, width)
        waves = np.sin(np.hypot(rows - middle_y, columns - middle_x) * 2 * np.pi / pitch)
    else:
        waves = np.sin(columns * 2 * np.pi / pitch) * np.sin(rows * 2 * np.pi / pitch)
    ground = ground + waves[..., None] * rng.uniform(0, 22, 3).astype(np.float32)
    return Image.fromarray(np.clip(ground, 0, 255).astype(np.uint8))


def _spotlight(rng: Generator, canvas: Image.Image) -> Image.Image:
    """Light of another kind: a lamp with a rim of darkness, a colour cast, a shaken hand, coarse grain."""
    width, height = canvas.size
    pixels = np.asarray(canvas, np.float32)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    far = np.hypot(rows / height - rng.uniform(0.2, 0.8), columns / width - rng.uniform(0.2, 0.8))
    light = rng.uniform(0.85, 1.25) - far**2 * rng.uniform(0, 0.7)
    pixels = pixels * light[..., None] * rng.uniform(0.8, 1.1, 3).astype(np.float32)
    shaken = int(rng.integers(0, 4))
    if shaken:
        axis = int(rng.integers(2))
        # To both sides alike, so that nothing leaves its box.
        steps = [step - lean for lean in (shaken // 2, (shaken + 1) // 2) for step in range(shaken + 1)]
        pixels = np.mean([np.roll(pixels, step, axis) for step in steps], axis=0)
    small = rng.normal(0, rng.uniform(0, 10), (height // 2 + 1, width // 2 + 1, 1))
    grain = np.repeat(np.repeat(small, 2, 0), 2, 1)[:height, :width]
    return Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8))


STREET = Scenery(_wall, _expose)
STUDIO = Scenery(_panel, _spotlight)
