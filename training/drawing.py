"""Pictures: detections on photos, sheets of them, and the course of a training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from training.detector.recognition import Detections

mpl.use("Agg")
from matplotlib import pyplot as plt

COLOURS = ("#00c853", "#ffab00", "#2979ff", "#d500f9", "#ff1744")
MIN_SIDE = 480
"""Small photos are enlarged to this many pixels, so that the labels can be read."""


def fonts_folder() -> Path:
    """The fonts that come with matplotlib: on every machine that has this environment."""
    return Path(mpl.get_data_path()) / "fonts" / "ttf"


def draw(
    pixels: np.ndarray,
    detections: Detections,
    classes: Sequence[str],
    caption: str = "",
    missed: np.ndarray | None = None,
) -> Image.Image:
    """The photo, uint8 [h, w, 3], with box, class and score of each detection; ``missed`` boxes [m, 4] in white."""
    scale = max(1.0, MIN_SIDE / max(pixels.shape[:2]))
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    image = Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)
    canvas = Image.new("RGB", (image.width, image.height + 22), "white")
    canvas.paste(image, (0, 22))
    pen = ImageDraw.Draw(canvas)
    font = ImageFont.truetype(str(fonts_folder() / "DejaVuSans.ttf"), 14)
    pen.text((4, 3), caption, "black", font)
    for ymin, xmin, ymax, xmax in () if missed is None else missed * scale:
        # Black around white shows on any ground.
        pen.rectangle((xmin - 1, ymin + 21, xmax + 1, ymax + 23), outline="black", width=4)
        pen.rectangle((xmin, ymin + 22, xmax, ymax + 22), outline="white", width=2)
    for index, score, box in zip(detections.classes, detections.scores, detections.boxes, strict=True):
        colour = COLOURS[index % len(COLOURS)]
        ymin, xmin, ymax, xmax = (float(value) for value in box * scale)
        pen.rectangle((xmin, ymin + 22, xmax, ymax + 22), outline=colour, width=2)
        label = f"{classes[index]} {score:.2f}"
        where = pen.textbbox((xmin, max(22.0, ymin + 5)), label, font)
        pen.rectangle(where, fill=colour)
        pen.text((xmin, max(22.0, ymin + 5)), label, "black", font)
    return canvas


def contact_sheet(files: Sequence[Path], path: Path, columns: int = 5, side: int = 300) -> None:
    """The pictures ``files`` in rows, each with its name, as one JPEG."""
    margin, line = 4, 18
    pictures = [_thumbnail(file, side - 2 * margin) for file in files]
    rows = [range(start, min(start + columns, len(files))) for start in range(0, len(files), columns)]
    heights = [max(pictures[place].height for place in row) + line + 2 * margin for row in rows]
    sheet = Image.new("RGB", (columns * side, sum(heights)), "white")
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.truetype(str(fonts_folder() / "DejaVuSans.ttf"), 12)
    y = margin
    for row, height in zip(rows, heights, strict=True):
        for column, place in enumerate(row):
            x = column * side + margin
            pen.text((x, y), files[place].stem, "black", font)
            sheet.paste(pictures[place], (x, y + line))
        y += height
    sheet.save(path, quality=88)


def _thumbnail(file: Path, side: int) -> Image.Image:
    with Image.open(file) as picture:
        picture.thumbnail((side, side))
        return picture.copy()


def plot_history(history: Sequence[Any], path: Path) -> None:
    """Loss and calibration figure over the steps as a PNG."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    steps = [entry["step"] for entry in history]
    for name in ("loss", "class_loss", "box_loss"):
        left.plot(steps, [entry[name] for entry in history], label=name.replace("_", " "))
    left.set(xlabel="step", ylabel="training loss", yscale="log")
    left.legend()
    right.plot(steps, [entry["calibration"] for entry in history], color="#2979ff")
    right.set(xlabel="step", ylabel="calibration figure", ylim=(0, 1))
    for axes in (left, right):
        axes.grid(alpha=0.3)
    temporary = path.with_name(f".{path.name}")
    figure.savefig(temporary, dpi=100, format="png", metadata={"Software": None})
    plt.close(figure)
    temporary.replace(path)
