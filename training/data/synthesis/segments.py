"""Digits of seven segments, as displays show them: for machines that have no such font."""

from __future__ import annotations

import numpy as np
from PIL import ImageDraw

from training.data.synthesis.scenery import Generator

LIT = {
    "0": "abcdef",
    "1": "bc",
    "2": "abdeg",
    "3": "abcdg",
    "4": "bcfg",
    "5": "acdfg",
    "6": "acdefg",
    "7": "abc",
    "8": "abcdefg",
    "9": "abcdfg",
}
"""Which segments each digit lights: a at the top, then clockwise, g in the middle."""
ENDS = {
    "a": ((0, 0), (1, 0)),
    "b": ((1, 0), (1, 1)),
    "c": ((1, 1), (1, 2)),
    "d": ((0, 2), (1, 2)),
    "e": ((0, 1), (0, 2)),
    "f": ((0, 0), (0, 1)),
    "g": ((0, 1), (1, 1)),
}
"""Where each begins and ends: columns 0 and 1, rows 0 to 2."""


class Segments:
    """One display's digits: how wide, thick and slanted they are, and how far their segments stand apart.

    It answers as Pillow's fonts do where these are asked for sizes.
    """

    def __init__(self, rng: Generator, size: int) -> None:
        """Of the same height as those of a font of ``size`` pixels."""
        self.size = size
        self.top, self.height = 0.15 * size, 0.72 * size
        self.width = self.height * rng.uniform(0.45, 0.62)
        self.thickness = self.height * rng.uniform(0.06, 0.17)
        self.gap = self.thickness * rng.uniform(0.0, 0.4)
        self.slant = rng.uniform(0.0, 0.15)

    def getbbox(self, _: str) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of any digit's cell, pixels from where it is drawn."""
        right = self.width + self.slant * self.height + self.thickness / 2
        return -self.thickness / 2, self.top, right, self.top + self.height

    def getmetrics(self) -> tuple[int, int]:
        """Pixels above and below the line that digits stand on."""
        return self.size, 0

    def draw(self, pen: ImageDraw.ImageDraw, place: tuple[float, float], digit: str) -> None:
        """Draw ``digit`` in white, its cell's corner at ``place``."""
        for name in LIT[digit]:
            start, end = (np.array(corner) * (self.width, self.height / 2) for corner in ENDS[name])
            along = (end - start) / np.linalg.norm(end - start)
            across = along[::-1] * self.thickness / 2
            begin, stop = start + along * self.gap, end - along * self.gap
            shoulder = along * self.thickness / 2
            outline = [
                *(begin, begin + shoulder + across, stop - shoulder + across),
                *(stop, stop - shoulder - across, begin + shoulder - across),
            ]
            slanted = [(x + self.slant * (self.height - y) + place[0], y + self.top + place[1]) for x, y in outline]
            pen.polygon(slanted, fill=255)
