"""Photos of numbers whose angle, perspective and colours are known, since they are drawn with them."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from training.data.formats import LabelledObject, Photo
from training.drawing import fonts_folder


def photo_of(boxes: np.ndarray, width: int = 320, height: int = 320, name: str = "1") -> Photo:
    """A label with ``boxes`` [n, 4] ymin, xmin, ymax, xmax."""
    objects = [LabelledObject(name, *(float(box[i]) for i in (1, 0, 3, 2))) for box in boxes]
    return Photo("a.png", width, height, "", objects)


def number(
    text: str,
    size: int = 60,
    turned: float = 0.0,
    smallest: float = 1.0,
    ink: tuple[int, ...] = (0, 0, 0),
    ground: tuple[int, ...] = (255, 255, 255),
) -> tuple[np.ndarray, Photo]:
    """A photo of a number, turned by degrees, whose last character is ``smallest`` times as high as its first."""
    layers = []
    left = 160 - 0.32 * size * len(text)
    for place, character in enumerate(text):
        part = 1 + (smallest - 1) * place / max(1, len(text) - 1)
        font = ImageFont.truetype(str(fonts_folder() / "DejaVuSans.ttf"), round(size * part))
        layer = Image.new("L", (320, 320))
        ImageDraw.Draw(layer).text((left, 160), character, 255, font, anchor="lm")
        left += 0.66 * size * part
        layers.append(np.asarray(layer.rotate(turned, Image.Resampling.BICUBIC)))
    boxes = []
    for layer_pixels in layers:
        rows, columns = np.nonzero(layer_pixels > 127)
        boxes.append([rows.min(), columns.min(), rows.max() + 1, columns.max() + 1])
    mask = np.max(layers, axis=0)[..., None] / 255
    pixels = (mask * np.array(ink) + (1 - mask) * np.array(ground)).astype(np.uint8)
    return pixels, photo_of(np.array(boxes))
