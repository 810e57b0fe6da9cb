"""What an object's pixels say of it: where its edges point, how it stands out, its strokes, the ground around it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]

HEIGHT = 48
"""Pixels that an object is scaled to before it is measured."""
LONGEST = 4 * HEIGHT
"""Its width is at most so many."""
AROUND, SPARED = 0.35, 0.08
"""The ground is what lies around a box, from the second to the first of these parts of its height away from it."""
ENOUGH = 60
"""Scaled pixels of ground or of ink, below which nothing is said of it."""
DIRECTIONS = 45
"""Classes of edges' directions, 2 degrees each: those at right angles are one."""
SPREAD = 3.0
"""Degrees, standard deviation, within which edges count as parallel."""
COHERENT = 1.8
"""Times as many edges as on average in the most frequent direction, below which there is none."""
VISIBLE = 4.0
"""Contrast below which strokes can't be told from their ground."""


@dataclass(frozen=True)
class Look:
    """One object's; what can't be told is NaN."""

    edges: Floats
    """[`DIRECTIONS`] strength of the edges of each direction"""
    contrast: float
    stroke: float
    ground: float


def look(pixels: Pixels, boxes: Floats, index: int, characters: bool) -> Look:
    """Look at the object with box ``index`` of ``boxes`` [n, 4] (ymin, xmin, ymax, xmax) in a photo [h, w, 3], RGB."""
    patch, box, free = _patch(pixels, boxes, index)
    if patch is None:
        return Look(np.zeros(DIRECTIONS), np.nan, np.nan, np.nan)
    lab = cv2.cvtColor(patch.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).astype(np.float64)
    inside = lab[box]
    ring = lab[free]
    edges = _edges(lab[..., 0], box)
    ground = _unevenness(lab[..., 0], free) if len(ring) >= ENOUGH else np.nan
    if not characters:
        middle = _ellipse(inside.shape[0], inside.shape[1])
        told = len(ring) >= ENOUGH
        contrast = _distance(inside[middle], ring) if told else np.nan
        return Look(edges, contrast, np.nan, ground)
    ink = _ink(inside, ring)
    contrast = _distance(inside[ink], inside[~ink]) if 0 < ink.sum() < ink.size else 0.0
    stroke = _stroke(ink) if contrast >= VISIBLE else np.nan
    return Look(edges, contrast, stroke, ground)


def angle(edges: Floats) -> float:
    """Degrees, 0 to 45, by which most edges are out of level and upright; diagonals of a 4 or a 7 are fewer."""
    apart = np.abs((np.arange(DIRECTIONS) + DIRECTIONS / 2) % DIRECTIONS - DIRECTIONS / 2) * (90 / DIRECTIONS)
    window = np.exp(-0.5 * (apart / SPREAD) ** 2)
    smooth = np.fft.irfft(np.fft.rfft(edges) * np.fft.rfft(window), DIRECTIONS)
    best = int(smooth.argmax())
    if smooth[best] < max(COHERENT * smooth.mean(), 1e-6):
        return math.nan
    return float(apart[best])


def _patch(
    pixels: Pixels, boxes: Floats, index: int
) -> tuple[Pixels | None, tuple[slice, slice], npt.NDArray[np.bool_]]:
    """An object with what is around it, scaled to `HEIGHT`; the rows and columns of its box; what is free ground."""
    top, left, bottom, right = boxes[index]
    height, width = bottom - top, right - left
    nothing = (slice(0), slice(0)), np.zeros((0, 0), bool)
    if height < 1 or width < 1:
        return None, *nothing
    margin = AROUND * height
    rows, columns = pixels.shape[:2]
    y0, x0 = max(0, math.floor(top - margin)), max(0, math.floor(left - margin))
    y1, x1 = min(rows, math.ceil(bottom + margin)), min(columns, math.ceil(right + margin))
    if y1 <= y0 or x1 <= x0:
        return None, *nothing
    scale = min(HEIGHT / height, LONGEST / width)
    size = max(1, round((x1 - x0) * scale)), max(1, round((y1 - y0) * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    patch = cv2.resize(pixels[y0:y1, x0:x1], size, interpolation=method)

    def cells(one: Floats, more: float = 0.0) -> tuple[slice, slice]:
        """Rows and columns of the patch that a box takes, widened by ``more`` pixels of the photo."""
        factors = size[1] / (y1 - y0), size[0] / (x1 - x0)
        first = (one[0] - more - y0) * factors[0], (one[1] - more - x0) * factors[1]
        last = (one[2] + more - y0) * factors[0], (one[3] + more - x0) * factors[1]
        low = [min(max(0, round(value)), most - 1) for value, most in zip(first, size[::-1], strict=True)]
        high = [
            min(max(start + 1, round(value)), most) for start, value, most in zip(low, last, size[::-1], strict=True)
        ]
        return slice(low[0], high[0]), slice(low[1], high[1])

    free = np.ones(patch.shape[:2], bool)
    near = (boxes[:, :2] < [y1, x1]).all(1) & (boxes[:, 2:] > [y0, x0]).all(1)
    for other in np.flatnonzero(near):
        free[cells(boxes[other], SPARED * height)] = False
    return patch.astype(np.uint8), cells(boxes[index]), free


def _edges(lightness: Floats, box: tuple[slice, slice]) -> Floats:
    """Strength of the edges in a box by direction, as `Look` has it."""
    smooth = cv2.GaussianBlur(lightness, (0, 0), 1.0)
    across, down = (cv2.Scharr(smooth, cv2.CV_64F, *axis)[box] for axis in ((1, 0), (0, 1)))
    directions = np.arctan2(down, across) * (2 * DIRECTIONS / np.pi)
    places = np.round(directions).astype(np.int64) % DIRECTIONS
    strength: Floats = np.bincount(places.ravel(), (across**2 + down**2).ravel(), DIRECTIONS).astype(np.float64)
    return strength


def _ink(inside: Floats, ring: Floats) -> npt.NDArray[np.bool_]:
    """Which pixels of a box [h, w, 3] are a character's: the tone that isn't the ground's."""
    flat = inside.reshape(-1, 3)
    middle = flat.mean(0)
    axis = np.linalg.eigh((flat - middle).T @ (flat - middle))[1][:, -1]
    tones = (flat - middle) @ axis
    low, high = float(tones.min()), float(tones.max())
    if high - low < 1e-6:
        return np.zeros(inside.shape[:2], bool)
    levels = ((tones - low) * (255 / (high - low))).astype(np.uint8)
    cut, split = cv2.threshold(levels.reshape(inside.shape[:2]), 0, 1, cv2.THRESH_OTSU)
    bright: npt.NDArray[np.bool_] = split.astype(bool)
    if len(ring) >= ENOUGH:
        around = ((ring - middle) @ axis - low) * (255 / (high - low)) > cut
    else:
        around = np.concatenate([bright[0], bright[-1], bright[:, 0], bright[:, -1]])
    return ~bright if around.mean() > 0.5 else bright


def _stroke(ink: npt.NDArray[np.bool_]) -> float:
    """Mean width of strokes, as a part of the height: a stroke's pixels lie a quarter of its width deep, on average."""
    depth = cv2.distanceTransform(np.pad(ink, 1).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    return float(4 * (depth[ink].mean() - 0.5) / ink.shape[0]) if ink.sum() >= ENOUGH else np.nan


def _distance(one: Floats, other: Floats) -> float:
    """Of the medians of two sets of colours [k, 3]: those between two tones, at their border, count for neither."""
    return float(np.linalg.norm(np.median(one, axis=0) - np.median(other, axis=0)))


def _unevenness(lightness: Floats, free: npt.NDArray[np.bool_]) -> float:
    """Standard deviation of lightness [h, w] where it is ``free``, from a plane laid through it."""
    rows, columns = np.nonzero(free)
    plane = np.column_stack([np.ones(len(rows)), rows, columns])
    values = lightness[free]
    return float((values - plane @ np.linalg.lstsq(plane, values, rcond=None)[0]).std())


def _ellipse(height: int, width: int) -> npt.NDArray[np.bool_]:
    """[height, width] the middle: an ellipse half as wide and high."""
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    middle: npt.NDArray[np.bool_] = x**2 + y**2 <= 0.25
    return middle if middle.any() else np.ones((height, width), bool)
