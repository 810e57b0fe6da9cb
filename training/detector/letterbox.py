"""A photo of any size to the network's fixed input, and boxes back to the photo.

The photo is scaled to fit, laid in the top left corner and the rest is filled with grey. Scaling is Pillow's
bilinear resampling with antialiasing; ``frontend/recognizer/src/detector/letterbox.ts`` computes the same bytes, and
both are held to ``tests/vectors/letterbox.json``. From further away the photo is scaled to fit that part of the input.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PIL import Image

FILL = 114
"""Grey level around the photo, the convention of the YOLO family."""


def scaled_size(width: int, height: int, input_width: int, input_height: int, distance: int = 1) -> tuple[int, int]:
    """Width and height in input pixels that a photo of ``width`` × ``height`` is scaled to.

    From ``distance`` times as far away it fits into the same part of the input's sides.
    """
    scale = min(input_width / distance / width, input_height / distance / height)
    return max(1, math.floor(width * scale + 0.5)), max(1, math.floor(height * scale + 0.5))


def letterbox(
    photo: npt.NDArray[np.uint8], input_width: int, input_height: int, distance: int = 1
) -> npt.NDArray[np.uint8]:
    """Scale ``photo`` [h, w, 3] to fit and return the input [input_height, input_width, 3]."""
    height, width = photo.shape[:2]
    size = scaled_size(width, height, input_width, input_height, distance)
    scaled = Image.fromarray(photo).resize(size, Image.Resampling.BILINEAR)
    framed = np.full((input_height, input_width, 3), FILL, np.uint8)
    framed[: size[1], : size[0]] = np.asarray(scaled)
    return framed


def to_photo(
    boxes: npt.NDArray[np.float64], width: int, height: int, input_width: int, input_height: int, distance: int = 1
) -> npt.NDArray[np.float64]:
    """Boxes [n, 4] (ymin, xmin, ymax, xmax; 0–1 of the input) to pixels of the photo, clipped to it."""
    scaled_width, scaled_height = scaled_size(width, height, input_width, input_height, distance)
    x, y = input_width / scaled_width * width, input_height / scaled_height * height
    limits = np.array([height, width, height, width], np.float64)
    scaled: npt.NDArray[np.float64] = np.clip(boxes * np.array([y, x, y, x]), 0.0, limits)
    return scaled
