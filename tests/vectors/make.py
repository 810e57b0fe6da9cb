"""Writes letterbox.json and recognition.json beside this file: the vectors that hold the Python and TypeScript
versions of letterbox, suppression and reading order together. Run it after a deliberate change of the routines:

    .environments/train/bin/python -m tests.vectors.make
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np

from training.detector.letterbox import letterbox, scaled_size, to_photo
from training.detector.reading import numbers
from training.detector.recognition import Suppression, detect

HERE = Path(__file__).parent
SIZES = [(7, 5), (64, 48), (48, 64), (100, 30), (33, 200), (1, 1), (500, 3), (40, 40)]


def _photo(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Noise over a gradient, so that every filter tap matters."""
    gradient = np.linspace(0, 255, width)[None, :, None] + np.zeros((height, 1, 3))
    return np.clip(gradient * 0.6 + rng.integers(0, 120, (height, width, 3)), 0, 255).astype(np.uint8)


def letterbox_cases() -> list[dict[str, Any]]:
    """Photos of odd sizes, enlarged and shrunk, into a square and an oblong input."""
    rng, cases = np.random.default_rng(1), []
    for width, height in SIZES:
        for input_width, input_height in [(32, 32), (48, 32)]:
            photo = _photo(rng, width, height)
            whole = np.array([[0.0, 0.0, 1.0, 1.0], [0.1, 0.2, 0.3, 0.4]])
            cases.append(
                {
                    "width": width,
                    "height": height,
                    "input_width": input_width,
                    "input_height": input_height,
                    "scaled": scaled_size(width, height, input_width, input_height),
                    "photo_rgb": base64.b64encode(photo.tobytes()).decode(),
                    "input_rgb": base64.b64encode(letterbox(photo, input_width, input_height).tobytes()).decode(),
                    "boxes": whole.tolist(),
                    "photo_boxes": to_photo(whole, width, height, input_width, input_height).tolist(),
                }
            )
    return cases


def recognition_cases() -> list[dict[str, Any]]:
    """Random heaps of overlapping boxes, ties included, under several settings."""
    rng, cases = np.random.default_rng(2), []
    settings = [
        (Suppression(), False, 0.3),
        (Suppression(iou_threshold=0.55, class_agnostic=False), False, 0.1),
        (Suppression(max_candidates=12, max_detections=5), True, 0.05),
        (Suppression(), False, 0.999),
    ]
    for suppression, background, min_score in settings:
        for count in (0, 1, 40):
            centres = rng.uniform(0.1, 0.9, (count, 2))
            sizes = rng.uniform(0.02, 0.3, (count, 2))
            boxes = np.concatenate([centres - sizes / 2, centres + sizes / 2], 1).astype(np.float32)
            scores = (rng.integers(0, 40, (count, 4)) / 40).astype(np.float32)
            found = detect(boxes, scores.reshape(count, 4), suppression, min_score, background)
            cases.append(
                {
                    "boxes": boxes.tolist(),
                    "scores": scores.tolist(),
                    "background_column": background,
                    "min_score": min_score,
                    "suppression": vars(suppression),
                    "detections": {
                        "classes": found.classes.tolist(),
                        "scores": found.scores.tolist(),
                        "boxes": found.boxes.tolist(),
                    },
                }
            )
    return cases


def _row(left: float, top: float, count: int, height: float = 20, tilt: float = 0) -> list[list[float]]:
    width = height * 0.6
    return [
        [top + i * tilt, left + i * (width + 2), top + i * tilt + height, left + i * (width + 2) + width]
        for i in range(count)
    ]


def reading_cases() -> list[dict[str, Any]]:
    """One number, two on a line, two lines, tilted, stacked, mixed sizes, shuffled, random."""
    rng = np.random.default_rng(3)
    layouts = {
        "none": [],
        "one digit": _row(5, 5, 1),
        "one number": _row(5, 5, 4),
        "two numbers on a line": _row(5, 5, 2) + _row(120, 8, 3),
        "two lines": _row(5, 5, 3) + _row(10, 40, 3),
        "tilted down": _row(5, 5, 6, tilt=7),
        "tilted up": _row(5, 90, 6, tilt=-7),
        "stacked": [[10 + 25 * i, 10, 30 + 25 * i, 22] for i in range(4)],
        "large beside small": _row(5, 5, 2, height=60) + _row(85, 30, 3, height=15),
    }
    cases = []
    for name, layout in layouts.items():
        boxes = np.array(layout, np.float64).reshape(-1, 4)
        boxes = boxes[rng.permutation(len(boxes))]
        cases.append({"name": name, "boxes": boxes.tolist(), "numbers": numbers(boxes)})
    for index in range(12):
        corner = rng.uniform(0, 100, (15, 2))
        boxes = np.concatenate([corner, corner + rng.uniform(5, 30, (15, 2))], 1)
        cases.append({"name": f"random {index}", "boxes": boxes.tolist(), "numbers": numbers(boxes)})
    return cases


def main() -> None:
    """Write both files."""
    recognition = {"detect": recognition_cases(), "numbers": reading_cases()}
    for name, value in (("letterbox", letterbox_cases()), ("recognition", recognition)):
        (HERE / f"{name}.json").write_text(json.dumps(value) + "\n")


if __name__ == "__main__":
    main()
