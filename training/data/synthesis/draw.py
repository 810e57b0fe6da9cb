"""Synthetic labelled photos: characters in any fonts, on plates and walls, under light, blur and compression.

Each photo depends on the seed, its own number and the fonts of the machine, so that any number of workers, or of
machines with a shard each, draws the same photos. Boxes are exact: characters are drawn a second time as numbered
areas that go through the same warp.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from training import command, shards
from training.config import load
from training.data.formats import LabelledObject, Photo
from training.data.selection import csv_text, total
from training.data.synthesis.clutter import scatter
from training.data.synthesis.lettering import DISPLAY, TAKEN, characters, fonts
from training.data.synthesis.pages import page
from training.data.synthesis.scenery import STREET, STUDIO, Generator, Scenery, colour, ink_on
from training.errors import ConfigurationError, ShardError
from training.findings import counted
from training.outputs import whole_folder

Draw = Callable[[int, int, Sequence[str], Sequence[Path]], tuple[Image.Image, list[LabelledObject]]]
"""A photo of a number, a seed, classes and fonts, with the boxes of its characters in pixels."""
CLUTTER = "ACEFHJKMNPRTUVWXYaefhkmnrtuvwxy&%#-"
"""Distractors: nothing that could be taken for a digit, and nothing that is a class in whatever case."""
DIGITS = frozenset("0123456789")
NUMBERS = 0.6
"""Share of words that are numbers, where there are letters to draw, too."""
MIN_BOX = 5
"""Characters whose visible box is lower than this many pixels aren't labelled, and aren't drawn on purpose."""
SMALLEST = 0.075
"""Font size, as part of the photo's longer side, that is still readable once a phone's photo is letterboxed."""
TRIES = 6
"""Places looked for before a word is left out."""
GLYPHS = 240
"""Font size that characters are drawn at before they are scaled to fill a photo."""
FILLED = (0.3, 1.0)
"""How high a large number is, as part of the photo's height."""
EMPTY = 0.06
"""Share of photos without any character of the classes."""


def synthesise(
    number: int, seed: int, classes: Sequence[str], faces: Sequence[Path]
) -> tuple[Image.Image, list[LabelledObject]]:
    """Photo ``number`` of the series ``seed``, with the boxes of its characters in pixels."""
    rng = np.random.default_rng([seed, number])
    width, height = int(rng.integers(120, 420)), int(rng.integers(90, 320))
    canvas = STREET.wall(rng, width, height)
    labels = Image.new("L", (width, height))
    names: list[str] = []
    if rng.random() > EMPTY:
        for _ in range(1 + int(rng.random() < 0.25)):
            length = int(rng.choice([1, 2, 3, 4, 5], p=[0.15, 0.3, 0.3, 0.15, 0.1]))
            alphabet = _alphabet(rng, classes)
            word = [alphabet[index] for index in rng.integers(0, len(alphabet), length)]
            if any(_write(rng, canvas, labels, word, faces, len(names) + 1) for _ in range(TRIES)):
                names += word
    with_letters = [face for face in faces if face != DISPLAY]
    for _ in range(int(rng.integers(0, 3))):
        letters = list(rng.choice(_clutter(classes), int(rng.integers(1, 6))))
        _write(rng, canvas, labels, letters, with_letters, TAKEN)
    scatter(rng, canvas, labels)
    photo = STREET.expose(rng, canvas)
    return photo, _boxes(np.asarray(labels), names)


def _alphabet(rng: Generator, classes: Sequence[str]) -> Sequence[str]:
    """What a word is made of: any of the classes, or digits alone, since numbers are what stands on most things."""
    digits = [name for name in classes if name in DIGITS]
    if not digits or len(digits) == len(classes):
        return classes
    return digits if rng.random() < NUMBERS else classes


def _clutter(classes: Sequence[str]) -> list[str]:
    """Characters that nothing is to be said of: an unlabelled K would teach that a K is nothing."""
    known = {name.casefold() for name in classes}
    return [character for character in CLUTTER if character.casefold() not in known]


def large(
    number: int, seed: int, classes: Sequence[str], faces: Sequence[Path], scenery: Scenery
) -> tuple[Image.Image, list[LabelledObject]]:
    """Photo ``number`` of the series ``seed``, filled by one number, with the boxes of its characters in pixels.

    The number is 30 to 100 % as high as the photo.
    """
    rng = np.random.default_rng([seed, number])
    alphabet = _alphabet(rng, classes)
    word = [alphabet[index] for index in rng.integers(0, len(alphabet), int(rng.integers(1, 5)))]
    layers = characters(rng, word, str(faces[int(rng.integers(len(faces)))]), GLYPHS, 1)
    turned = [
        layer.rotate(float(angle), Image.Resampling.NEAREST, expand=True)
        for angle in [rng.normal(0, 3)]
        for layer in layers
    ]
    hull = turned[1].getbbox()
    assert hull is not None
    mask, numbered = (layer.crop(hull) for layer in turned)
    height = int(rng.integers(120, 480))
    tall = max(1, round(height * rng.uniform(*FILLED)))
    wide = max(1, round(mask.width * tall / mask.height))
    width = max(round(wide * rng.uniform(1.0, 1.5)), round(height * rng.uniform(0.6, 1.6)))
    canvas = scenery.wall(rng, width, height)
    corner = int(rng.integers(0, width - wide + 1)), int(rng.integers(0, height - tall + 1))
    middle = canvas.crop((corner[0], corner[1], corner[0] + wide, corner[1] + tall)).resize(
        (1, 1), Image.Resampling.BOX
    )
    ground = middle.getpixel((0, 0))
    assert isinstance(ground, tuple)
    canvas.paste(ink_on(rng, ground), corner, mask.resize((wide, tall), Image.Resampling.BICUBIC))
    labels = Image.new("L", canvas.size)
    labels.paste(numbered.resize((wide, tall), Image.Resampling.NEAREST), corner)
    return scenery.expose(rng, canvas), _boxes(np.asarray(labels), word)


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
    ink, numbered = characters(rng, word, face, size, first)
    warp = _warp(rng, ink.size, canvas.size)
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
        ground = colour(rng)
        canvas.paste(tuple(int(value) for value in ground), mask=plate)
    mask = ink.transform(canvas.size, perspective, warp, Image.Resampling.BICUBIC)
    if rng.random() < 0.25:
        shadow = Image.new("L", mask.size)
        shadow.paste(mask, (1 + size // 20, 1 + size // 20))
        soft = shadow.filter(ImageFilter.GaussianBlur(size / 25))
        canvas.paste((0, 0, 0), mask=soft.point(lambda value: value * 0.6))
    canvas.paste(ink_on(rng, ground), mask=mask)
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


def _boxes(labels: np.ndarray, names: Sequence[str]) -> list[LabelledObject]:
    objects = []
    for number, name in enumerate(names, 1):
        rows, columns = np.nonzero(labels == number)
        if len(rows) and rows.max() - rows.min() >= MIN_BOX:
            box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            objects.append(LabelledObject(name, *(float(value) for value in box)))
    return objects


KINDS: dict[str, Draw] = {
    "street": synthesise,
    "page": page,
    "close": partial(large, scenery=STREET),
    # The same to judge by, on what no training sees.
    "large": partial(large, scenery=STUDIO),
}


def numbers(photos: int, shard: str | None) -> range:
    """Which of ``photos`` photos a shard has: 2/4 each fourth from the second on; all where there is none.

    Raises:
        ConfigurationError: no photo is asked for
        ShardError: it is no shard, or one without a photo
    """
    if photos < 1:
        raise ConfigurationError(f"--photos {photos}: at least one")
    piece = shards.read(shard or "1/1", photos)
    return range(piece.part - 1, photos, piece.parts)


def _save(number: int, kind: str, seed: int, classes: Sequence[str], faces: Sequence[Path], folder: Path) -> Photo:
    image, objects = KINDS[kind](number, seed, classes, faces)
    quality = int(np.random.default_rng([seed, number, 1]).integers(55, 96))
    filename = f"{number:06d}.jpg"
    image.save(folder / filename, quality=quality)
    return Photo(filename, image.width, image.height, filename, objects)


def _digest(faces: Sequence[Path]) -> str:
    """Hash of what the fonts hold: files of one name differ from machine to machine."""
    digest = hashlib.sha256()
    for path in faces:
        digest.update(path.name.encode() + (path.read_bytes() if path != DISPLAY else b""))
    return digest.hexdigest()


def _join(parts: Sequence[Path], out: Path) -> None:
    """Make one folder of the pieces, as if it had been drawn at once.

    Raises:
        ShardError: they were drawn with different fonts, or of different series
    """
    manifests = [json.loads((part / "manifest.json").read_text()) for part in parts]
    first = manifests[0]
    for part, manifest in zip(parts, manifests, strict=True):
        for key in ("kind", "photos", "seed", "fonts", "fonts_sha256"):
            if manifest[key] != first[key]:
                what = _difference(first["fonts"], manifest["fonts"]) if key.startswith("fonts") else key
                raise ShardError(
                    f"{part.name} was drawn with other {what} than {parts[0].name}: install the same fonts on all "
                    "machines (or use one image), and draw again"
                    if key.startswith("fonts")
                    else f"{part.name}: {key} is {manifest[key]}, that of {parts[0].name} {first[key]}; draw them anew"
                )
    with whole_folder(out) as folder:
        (folder / "images").mkdir()
        rows: list[str] = []
        for part in parts:
            header, *some = (part / "annotations.csv").read_text().splitlines()
            rows += some
            for path in (part / "images").iterdir():
                shards.bring(path, folder / "images" / path.name)
        rows.sort(key=lambda row: int(row.partition(".")[0]))
        (folder / "annotations.csv").write_text("\n".join([header, *rows]) + "\n")
        summary = {**{key: value for key, value in first.items() if key != "fonts_sha256"}, "shard": None}
        (folder / "manifest.json").write_text(json.dumps(summary, indent=1) + "\n")
    print(f"{counted(first['photos'], 'photo')}, {counted(len(first['fonts']), 'font')}, {len(parts)} pieces")


def _difference(one: Sequence[str], other: Sequence[str]) -> str:
    """Names of the fonts that only one of two machines has."""
    names = sorted(set(one) ^ set(other))
    return f"fonts ({', '.join(names[:3])}{', …' if len(names) > 3 else ''})" if names else "versions of fonts"


def main() -> None:
    """Draw labelled photos: DIR/images and DIR/annotations.csv."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--config", type=Path, required=True, help="its classes are drawn")
    parser.add_argument("--photos", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--kind",
        choices=KINDS,
        default="street",
        help="page: print; close: one number fills the photo; large: the same for judging, under other light",
    )
    shards.add_arguments(parser)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    wanted = numbers(options.photos, options.shard)
    if options.parts:
        _join(shards.whole(options.parts), options.out)
        return
    classes = load(options.config).classes
    faces = fonts(classes)
    with whole_folder(options.out) as folder, ProcessPoolExecutor(shards.cores()) as pool:
        (folder / "images").mkdir()
        save = partial(
            _save, kind=options.kind, seed=options.seed, classes=classes, faces=faces, folder=folder / "images"
        )
        drawn = pool.map(save, wanted, chunksize=32)
        photos = list(command.progress(drawn, len(wanted), "photos drawn"))
        (folder / "annotations.csv").write_text(csv_text(photos))
        summary = {
            "kind": options.kind,
            "photos": options.photos,
            "seed": options.seed,
            "shard": options.shard,
            "fonts": [path.name for path in faces],
            **({"fonts_sha256": _digest(faces)} if options.shard else {}),
        }
        (folder / "manifest.json").write_text(json.dumps(summary, indent=1) + "\n")
    print(f"{total(photos)}, {counted(len(faces), 'font')}")


if __name__ == "__main__":
    command.run(main)
