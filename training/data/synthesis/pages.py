"""Printed pages with labelled characters: text with numbers in it, sheets of single characters, tables of numbers.

What a screenshot, a poster or a calendar shows, and what street scenes lack: small print, full rows, and letters next
to digits, for a detector to tell apart.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from training.data.formats import LabelledObject
from training.data.synthesis.lettering import DISPLAY, SEGMENTED, typeface
from training.data.synthesis.scenery import Generator, colour, ink_on

SIDES = (200, 640)
"""Width and height of a page, pixels."""
PRINT = (11, 40)
"""Font sizes of text and tables, pixels."""
SHEET = (3, 9)
"""Characters side by side on a sheet."""
ALIKE = "OoIl"
"""Letters that alone can't be told from a digit: they stand in words only."""
VOWELS = "aeiou"
JOINTS = ",.:-/"
"""What stands between the parts of a number: 10:20, 5,463, 2021-01-24."""
SHADE = 0.25
"""Share of pages that aren't light."""
VISIBLE = 0.4
"""Part of a character's darkest ink from which a pixel belongs to it: fainter are its edges."""
MOST = 60
"""Characters of the classes on a page: a crop can hold `batches.MAX_OBJECTS`."""


class _Page:
    """A page that is being printed: where a character goes is where its box is."""

    def __init__(self, rng: Generator, classes: Sequence[str]) -> None:
        self.rng, self.classes = rng, frozenset(classes)
        width, height = (int(side) for side in rng.integers(*SIDES, 2, endpoint=True))
        shade, white = colour(rng), int(rng.integers(225, 256))
        self.ground = shade if rng.random() < SHADE else (white, white, white)
        self.canvas = Image.new("RGB", (width, height), self.ground)
        self.pen = ImageDraw.Draw(self.canvas)
        self.objects: list[LabelledObject] = []

    @property
    def full(self) -> bool:
        """Whether no more characters of the classes should come."""
        return len(self.objects) >= MOST

    def ink(self) -> tuple[int, int, int]:
        """A colour to print in."""
        dark = self.rng.random() < 0.6 and sum(self.ground) > 600
        return (int(self.rng.integers(0, 70)),) * 3 if dark else ink_on(self.rng, self.ground)

    def write(self, left: int, baseline: int, word: str, font: ImageFont.FreeTypeFont, ink: tuple[int, ...]) -> int:
        """Print ``word`` from ``left`` on and label its characters of the classes; returns where it ends."""
        for character in word:
            self.pen.text((left, baseline), character, ink, font, "ls")
            hull = _hull(character, font) if character in self.classes else None
            if hull:
                sides = zip(hull, (left, baseline, left, baseline), strict=True)
                self.objects.append(LabelledObject(character, *(float(side + place) for side, place in sides)))
            left += round(font.getlength(character))
        return left


def page(
    number: int, seed: int, classes: Sequence[str], faces: Sequence[Path]
) -> tuple[Image.Image, list[LabelledObject]]:
    """Page ``number`` of the series ``seed``, with the boxes of its characters in pixels."""
    rng = np.random.default_rng([seed, number])
    printed = _Page(rng, classes)
    with_letters = [face for face in faces if face != DISPLAY and not face.name.startswith(SEGMENTED)]
    if with_letters:
        face = str(with_letters[int(rng.integers(len(with_letters)))])
        LAYOUTS[int(rng.integers(len(LAYOUTS)))](printed, face)
    canvas = printed.canvas
    if rng.random() < 0.3:
        canvas = canvas.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.2, 0.8))))
    return canvas, printed.objects


def _hull(character: str, font: ImageFont.FreeTypeFont) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of a character, pixels from the start of its baseline; None for a blank."""
    side = round(2 * font.size)
    glyph = Image.new("L", (2 * side, 2 * side))
    ImageDraw.Draw(glyph).text((side, side), character, 255, font, "ls")
    # Small print in thin fonts is nowhere dark.
    darkest = int(np.asarray(glyph).max())
    hull = glyph.point(lambda value: 255 * (value > VISIBLE * darkest)).getbbox()
    return hull and (hull[0] - side, hull[1] - side, hull[2] - side, hull[3] - side)


def _word(printed: _Page) -> str:
    """Letters that can be spoken, none of a class: sometimes a capital first, sometimes all of them."""
    rng = printed.rng
    consonants = [letter for letter in string.ascii_lowercase if letter not in VOWELS]
    letters = [str(rng.choice(part)) for _ in range(int(rng.integers(1, 5))) for part in (consonants, list(VOWELS))]
    word = "".join(letters[int(len(letters) > 2 and rng.random() < 0.5) :])
    style = rng.random()
    word = word.upper() if style < 0.1 else word.capitalize() if style < 0.35 else word
    return "".join(letter for letter in word if letter not in printed.classes)


def _number(printed: _Page) -> str:
    """One to four parts of one to four characters of the classes, joined as dates, times and sums are."""
    rng, classes = printed.rng, sorted(printed.classes)
    parts = 1 if rng.random() < 0.6 else int(rng.integers(2, 5))
    joint = str(rng.choice([mark for mark in JOINTS if mark not in printed.classes] or [" "]))
    return joint.join("".join(rng.choice(classes, int(rng.integers(1, 5)))) for _ in range(parts))


def _text(printed: _Page, face: str) -> None:
    """Paragraphs: words and numbers in lines, each paragraph of one size and colour."""
    rng, (width, height) = printed.rng, printed.canvas.size
    margin = int(rng.integers(4, 40))
    top = int(rng.integers(0, 30))
    while top < height:
        size = round(float(np.exp(rng.uniform(*np.log(PRINT)))))
        font, ink, step = typeface(face, size), printed.ink(), round(size * rng.uniform(1.15, 1.7))
        numbers = float(rng.choice([0.1, 0.3, 0.8]))
        for _ in range(int(rng.integers(1, 6))):
            top += step
            left = margin
            while top < height - size // 3:
                word = _number(printed) if rng.random() < numbers and not printed.full else _word(printed)
                if left + font.getlength(word) > width - margin:
                    break
                left = printed.write(left, top, word, font, ink) + round(font.getlength(" "))
        top += round(size * rng.uniform(0.2, 2))


def _sheet(printed: _Page, face: str) -> None:
    """Characters row by row, letters and those of the classes, in order or in none."""
    rng, (width, height) = printed.rng, printed.canvas.size
    across = int(rng.integers(*SHEET, endpoint=True))
    cell = width / across
    letters = [letter for letter in string.ascii_letters if letter not in printed.classes and letter not in ALIKE]
    capitals = rng.random()
    if capitals < 0.8:
        letters = [letter for letter in letters if letter.isupper() == (capitals < 0.6)]
    row = [*letters, *sorted(printed.classes)] if rng.random() < 0.5 else [*sorted(printed.classes), *letters]
    if rng.random() < 0.4:
        row = rng.permutation(row).tolist()
    start = int(rng.integers(len(row)))
    font, ink = typeface(face, cell * rng.uniform(0.5, 1.0)), printed.ink()
    step = cell * rng.uniform(0.9, 1.4)
    for place in range(int(height / step) * across):
        character = row[(start + place) % len(row)]
        line, column = divmod(place, across)
        left = column * cell + (cell - font.getlength(character)) / 2
        if not printed.full:
            printed.write(round(left), round((line + 0.85) * step), character, font, ink)


def _table(printed: _Page, face: str) -> None:
    """Numbers in rows and columns, with lines, with bands of another ground, or with neither."""
    rng, (width, height) = printed.rng, printed.canvas.size
    columns, rows = (int(count) for count in rng.integers(2, 8, 2))
    wide, high = width / columns, height / rows
    size = min(wide / 3.0, high * 0.85, 4.0 * PRINT[1]) * float(rng.uniform(0.6, 1))
    font, ink = typeface(face, max(float(PRINT[0]), size)), printed.ink()
    style = rng.random()
    for row in range(rows):
        if style < 0.4 and row % 2:
            tone = tuple(int(value * 0.9) for value in printed.ground)
            printed.pen.rectangle((0, round(row * high), width, round((row + 1) * high)), tone)
        for column in range(columns):
            word = "".join(rng.choice(sorted(printed.classes), int(rng.integers(1, 4))))
            left = column * wide + (wide - font.getlength(word)) / 2
            if left > 0 and not printed.full:
                printed.write(round(left), round((row + 0.5) * high + size * 0.35), word, font, ink)
    if style > 0.7:
        for column in range(1, columns):
            printed.pen.line((round(column * wide), 0, round(column * wide), height), ink)
        for row in range(1, rows):
            printed.pen.line((0, round(row * high), width, round(row * high)), ink)


LAYOUTS = (_text, _sheet, _table)
