"""Synthetic labelled photos: characters in any fonts, on plates and walls, under light, blur and compression.

Each photo depends on the seed and its own number alone, so that any number of workers draws the same photos. Boxes
are exact: characters are drawn a second time as numbered areas that go through the same warp.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from fontTools.ttLib import TTFont, TTLibError
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from training import command
from training.config import load
from training.data.formats import LabelledObject, Photo
from training.data.selection import csv_text
from training.drawing import fonts_folder
from training.errors import ConfigurationError
from training.outputs import whole_folder

SYSTEM_FONTS = Path("/usr/share/fonts")
CLUTTER = "ACEFHJKMNPRTUVWXYaefhkmnrtuvwxy&%#-"
"""Distractors: nothing that could be taken for a digit."""
TAKEN = 255
"""Number of whatever isn't one of the photo's characters."""
MIN_BOX = 5
"""Characters whose visible box is lower than this many pixels aren't labelled, and aren't drawn on purpose."""
NOT_LETTERS = (
    *("cm", "STIXSiz", "STIXNonUni", "LastResort"),
    *("D050000L", "DSEGWeather", "LinBiolinum_K", "OCRBE", "OCRBX"),
)
"""Fonts that hold other shapes where digits belong: matplotlib's for formulas, and some of Debian's of symbols."""
SMALLEST = 0.075
"""Font size, as part of the photo's longer side, that is still readable once a phone's photo is letterboxed."""
TRIES = 6
"""Places looked for before a word is left out."""
EMPTY = 0.06
"""Share of photos without any character of the classes."""

Generator = np.random.Generator


def fonts(classes: Sequence[str]) -> list[Path]:
    """Font files on this machine that have every character of the classes, sorted.

    Raises:
        ConfigurationError: where the classes aren't characters that a font can draw
    """
    needed = {ord(character) for name in classes for character in name}
    if any(len(name) != 1 for name in classes):
        raise ConfigurationError(
            f"classes {', '.join(classes)}: only single characters can be synthesised; give photos with --images"
        )
    found = []
    for folder in (fonts_folder(), SYSTEM_FONTS):
        for path in sorted([*folder.rglob("*.ttf"), *folder.rglob("*.otf")]):
            if not path.name.startswith(NOT_LETTERS) and _covers(path, needed):
                found.append(path)
    if not found:
        raise ConfigurationError(f"no font in {fonts_folder()} or {SYSTEM_FONTS} has all of {', '.join(classes)}")
    return found


def _covers(path: Path, needed: set[int]) -> bool:
    try:
        with TTFont(path, lazy=True) as font:
            symbolic = font["cmap"].getcmap(3, 0) is not None
            return not symbolic and needed <= set(font.getBestCmap() or {})
    except (TTLibError, OSError, KeyError, ValueError):
        return False


def synthesise(
    number: int, seed: int, classes: Sequence[str], faces: Sequence[Path]
) -> tuple[Image.Image, list[LabelledObject]]:
    """Photo ``number`` of the series ``seed``, with the boxes of its characters in pixels."""
    rng = np.random.default_rng([seed, number])
    width, height = int(rng.integers(120, 420)), int(rng.integers(90, 320))
    canvas = _wall(rng, width, height)
    labels = Image.new("L", (width, height))
    names: list[str] = []
    if rng.random() > EMPTY:
        for _ in range(1 + int(rng.random() < 0.25)):
            length = int(rng.choice([1, 2, 3, 4, 5], p=[0.15, 0.3, 0.3, 0.15, 0.1]))
            word = [classes[index] for index in rng.integers(0, len(classes), length)]
            if any(_write(rng, canvas, labels, word, faces, len(names) + 1) for _ in range(TRIES)):
                names += word
    for _ in range(int(rng.integers(0, 3))):
        letters = list(rng.choice(list(CLUTTER), int(rng.integers(1, 6))))
        _write(rng, canvas, labels, letters, faces, TAKEN)
    photo = _expose(rng, canvas)
    return photo, _boxes(np.asarray(labels), names)


def _noise(rng: Generator, width: int, height: int, cells: int) -> np.ndarray:
    """Smooth noise [height, width, 3], -1 to 1, with about ``cells`` bumps across."""
    small = rng.integers(0, 256, (max(2, cells * height // width), max(2, cells), 3), np.uint8)
    large = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    noise = np.asarray(large, np.float32) / 127.5 - 1
    shared: np.ndarray = noise.mean(axis=2, keepdims=True)
    return noise * np.float32(0.35) + shared * np.float32(0.65)


def _wall(rng: Generator, width: int, height: int) -> Image.Image:
    """A background: colour, stains of several sizes, sometimes bricks or boards."""
    wall = np.full((height, width, 3), _colour(rng), np.float32)
    for cells in (2, 6, 24, 80):
        wall += _noise(rng, width, height, cells) * rng.uniform(0, 70 / cells**0.5)
    image = Image.fromarray(np.clip(wall, 0, 255).astype(np.uint8))
    if rng.random() < 0.35:
        pen = ImageDraw.Draw(image)
        colour = _colour(rng)
        course, thickness = int(rng.integers(10, 60)), int(rng.integers(1, 4))
        vertical = rng.random() < 0.5
        for offset in range(0, width if vertical else height, course):
            line = (offset, 0, offset, height) if vertical else (0, offset, width, offset)
            pen.line(line, colour, thickness)
        if not vertical and rng.random() < 0.6:
            for row, top in enumerate(range(0, height, course)):
                for left in range(course * (row % 2), width, course * 2):
                    pen.line((left, top, left, top + course), colour, thickness)
    return image


def _colour(rng: Generator) -> tuple[int, int, int]:
    """Any colour, mostly a dull one."""
    grey, vivid = rng.uniform(0, 255), rng.uniform(0, 255, 3)
    red, green, blue = (int(value) for value in grey + (vivid - grey) * rng.uniform(0, 1) ** 2)
    return red, green, blue


def _ink(rng: Generator, ground: tuple[float, ...]) -> tuple[int, int, int]:
    """A colour that can be told from the ground's."""
    for _ in range(20):
        colour = _colour(rng)
        if abs(float(np.dot(np.subtract(colour, ground), (0.3, 0.59, 0.11)))) > rng.uniform(45, 120):
            return colour
    return (0, 0, 0) if np.mean(ground) > 127 else (255, 255, 255)


def _write(
    rng: Generator,
    canvas: Image.Image,
    labels: Image.Image,
    word: Sequence[str],
    faces: Sequence[Path],
    first: int,
) -> bool:
    """Write characters where ``labels`` is empty, number them there from ``first``; False where no room was."""
    width, height = canvas.size
    face = str(faces[int(rng.integers(len(faces)))])
    smallest = SMALLEST * max(width, height)
    size = int(np.exp(rng.uniform(np.log(smallest), np.log(height * 1.1))))
    size = max(int(smallest), min(size, int(1.5 * width / len(word))))
    # The basic layout: the other one is there or not, as a library of the machine is, and kerns otherwise.
    font = ImageFont.truetype(face, size, layout_engine=ImageFont.Layout.BASIC)
    gap = rng.uniform(-0.02, 0.25) * size
    spots, x = [], 0.0
    for character in word:
        left, _, right, _ = font.getbbox(character)
        spots.append(x - left)
        x += right - left + gap
    ascent, descent = font.getmetrics()
    margin = int(size * rng.uniform(0.1, 0.5))
    layer_width, layer_height = int(x - gap) + 2 * margin, ascent + descent + 2 * margin
    ink = Image.new("L", (layer_width, layer_height))
    numbered = Image.new("L", (layer_width, layer_height))
    stroke = int(rng.integers(0, 1 + size // 24))
    for index, (character, spot) in enumerate(zip(word, spots, strict=True)):
        place = (margin + spot, margin + rng.normal(0, 0.01) * size)
        single = Image.new("L", ink.size)
        ImageDraw.Draw(single).text(place, character, 255, font, stroke_width=stroke)
        ink.paste(255, mask=single)
        numbered.paste(min(first + index, TAKEN), mask=single.point(lambda value: 255 * (value > 100)))
    warp = _warp(rng, (layer_width, layer_height), canvas.size)
    if warp is None:
        return False
    perspective = Image.Transform.PERSPECTIVE
    plate = Image.new("L", ink.size, 255).transform(canvas.size, perspective, warp, Image.Resampling.BILINEAR)
    if np.any(np.asarray(labels)[np.asarray(plate) > 0]):
        return False
    area = numbered.transform(canvas.size, perspective, warp, Image.Resampling.NEAREST)
    labels.paste(area, mask=area.point(lambda value: 255 * (value > 0)))
    middle = canvas.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    assert isinstance(middle, tuple)
    ground: tuple[float, ...] = middle
    if rng.random() < 0.55:
        ground = _colour(rng)
        canvas.paste(tuple(int(value) for value in ground), mask=plate)
    mask = ink.transform(canvas.size, perspective, warp, Image.Resampling.BICUBIC)
    if rng.random() < 0.25:
        shadow = Image.new("L", mask.size)
        shadow.paste(mask, (1 + size // 20, 1 + size // 20))
        soft = shadow.filter(ImageFilter.GaussianBlur(size / 25))
        canvas.paste((0, 0, 0), mask=soft.point(lambda value: value * 0.6))
    canvas.paste(_ink(rng, ground), mask=mask)
    return True


def _warp(rng: Generator, layer: tuple[int, int], canvas: tuple[int, int]) -> tuple[float, ...] | None:
    """Coefficients that lay a layer somewhere on the canvas, turned and seen at an angle; None where it has no room."""
    width, height = layer
    angle = rng.normal(0, 0.08) if rng.random() < 0.8 else rng.uniform(-0.5, 0.5)
    shear = rng.normal(0, 0.12)
    turn = np.array([[np.cos(angle), np.sin(shear) - np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = (np.array([[0, 0], [width, 0], [width, height], [0, height]]) - (width / 2, height / 2)) @ turn.T
    corners += rng.uniform(-0.06, 0.06, (4, 2)) * (height, height)
    low, high = corners.min(0), corners.max(0)
    room = np.array(canvas) - (high - low)
    # A little may hang over the edge: margins have no character.
    if (room < -0.12 * height).any():
        return None
    corners += rng.uniform(0, 1, 2) * np.maximum(room, 0) + np.minimum(room, 0) / 2 - low
    source = ((0, 0), (width, 0), (width, height), (0, height))
    rows, values = [], []
    for (u, v), (x, y) in zip(source, corners, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return tuple(np.linalg.solve(np.array(rows, float), np.array(values, float)).tolist())


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


def _boxes(labels: np.ndarray, names: Sequence[str]) -> list[LabelledObject]:
    objects = []
    for number, name in enumerate(names, 1):
        rows, columns = np.nonzero(labels == number)
        if len(rows) and rows.max() - rows.min() >= MIN_BOX:
            box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            objects.append(LabelledObject(name, *(float(value) for value in box)))
    return objects


def _save(number: int, seed: int, classes: Sequence[str], faces: Sequence[Path], folder: Path) -> Photo:
    image, objects = synthesise(number, seed, classes, faces)
    quality = int(np.random.default_rng([seed, number, 1]).integers(55, 96))
    filename = f"{number:06d}.jpg"
    image.save(folder / filename, quality=quality)
    return Photo(filename, image.width, image.height, filename, objects)


def main() -> None:
    """Draw labelled photos: DIR/images and DIR/annotations.csv."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--config", type=Path, required=True, help="its classes are drawn")
    parser.add_argument("--photos", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if options.photos < 1:
        raise ConfigurationError(f"--photos {options.photos}: at least one")
    classes = load(options.config).classes
    faces = fonts(classes)
    with whole_folder(options.out) as folder, ProcessPoolExecutor(os.cpu_count()) as pool:
        (folder / "images").mkdir()
        save = partial(_save, seed=options.seed, classes=classes, faces=faces, folder=folder / "images")
        drawn = pool.map(save, range(options.photos), chunksize=32)
        photos = list(command.progress(drawn, options.photos, "photos drawn"))
        (folder / "annotations.csv").write_text(csv_text(photos))
        summary = {"photos": options.photos, "seed": options.seed, "fonts": [path.name for path in faces]}
        (folder / "manifest.json").write_text(json.dumps(summary, indent=1) + "\n")
    print(f"{options.photos} photos, {sum(len(photo.objects) for photo in photos)} objects, {len(faces)} fonts")


if __name__ == "__main__":
    command.run(main)
