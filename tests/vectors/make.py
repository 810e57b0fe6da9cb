"""Writes letterbox.json, recognition.json, looks.json and scores.json beside this file: the vectors that hold the
Python and the TypeScript versions of letterbox, suppression, reading order, further looks and shown scores together.
Run it after a deliberate change of the routines:

    .environments/train/bin/python -m tests.vectors.make
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np

from training.detector.letterbox import letterbox, scaled_size, to_photo
from training.detector.looks import AWAY, again, too_close
from training.detector.reading import numbers
from training.detector.recognition import Detections, Suppression, detect
from training.detector.scores import shown, thresholds

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
        for input_width, input_height, distance in [(32, 32, 1), (48, 32, 1), (48, 32, AWAY)]:
            photo = _photo(rng, width, height)
            shape, framed = (width, height, input_width, input_height, distance), (input_width, input_height, distance)
            whole = np.array([[0.0, 0.0, 1.0, 1.0], [0.1, 0.2, 0.3, 0.4]])
            cases.append(
                {
                    "width": width,
                    "height": height,
                    "input_width": input_width,
                    "input_height": input_height,
                    "distance": distance,
                    "scaled": scaled_size(*shape),
                    "photo_rgb": base64.b64encode(photo.tobytes()).decode(),
                    "input_rgb": base64.b64encode(letterbox(photo, *framed).tobytes()).decode(),
                    "boxes": whole.tolist(),
                    "photo_boxes": to_photo(whole, *shape).tolist(),
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
            assert found.class_scores is not None
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
                        "classScores": found.class_scores.tolist(),
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


def _rising(degrees: float, top: float, *lefts: float) -> list[list[float]]:
    """Numbers of four digits on one line that rises to the right, each from its ``lefts`` on."""
    slope = -float(np.tan(np.radians(degrees)))
    return [box for left in lefts for box in _row(left, top + slope * left, 4, height=40, tilt=slope * 26)]


def slanting(
    degrees: float, count: int, smallest: float = 1, sheared: bool = False, left: float = 5, top: float = 300
) -> list[list[float]]:
    """A number on a line that rises to the right, its last digit ``smallest`` times as high as its first.

    Its digits are upright, or sheared as on a wall that is seen from the side: boxes grow by what the line rises.
    """
    slope, boxes = float(np.tan(np.radians(degrees))), []
    x = left
    for place in range(count):
        height = 40 * (1 + (smallest - 1) * place / max(1, count - 1))
        width = 0.6 * height
        high = height + abs(slope) * width * sheared
        middle = top - slope * (x + width / 2)
        boxes.append([middle - high / 2, x, middle + high / 2, x + width])
        x += 0.72 * height
    return boxes


def reading_cases() -> list[dict[str, Any]]:
    """One number, two on a line, two lines, tilted, stacked, mixed sizes, random, several on tilted lines; shuffled."""
    rng = np.random.default_rng(3)

    def shuffled(layouts: dict[str, list[list[float]]]) -> dict[str, np.ndarray]:
        boxes = {name: np.array(layout, np.float64).reshape(-1, 4) for name, layout in layouts.items()}
        return {name: array[rng.permutation(len(array))] for name, array in boxes.items()}

    cases = shuffled(
        {
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
    )
    for index in range(12):
        corner = rng.uniform(0, 100, (15, 2))
        cases[f"random {index}"] = np.concatenate([corner, corner + rng.uniform(5, 30, (15, 2))], 1)
    cases |= shuffled(
        {
            "two numbers on a rising line": _rising(8, 200, 5, 159),
            "two numbers on a falling line": _rising(-8, 20, 5, 159),
            "three numbers on each of two rising lines": _rising(8, 200, 5, 159, 313) + _rising(8, 260, 5, 159, 313),
            "columns of a level table": _rising(0, 10, 5, 300) + _rising(0, 65, 5, 300) + _rising(0, 120, 5, 300),
            "nothing left of two boxes": [*_row(5, 5, 2), [15, 60, 15, 72], [5, 90, 5, 102], *_row(120, 8, 3)],
        }
    )
    seen_from_aside = {
        f"{count} digits at {degrees} degrees, {'sheared' if sheared else 'upright'}, the last {smallest:g} as high": (
            slanting(degrees, count, smallest, sheared)
        )
        for degrees in (-45, -30, -15, 0, 15, 30, 45)
        for smallest in (0.5, 0.7, 1, 1.5, 2)
        for count in (2, 4)
        for sheared in (False, True)
    }
    cases |= shuffled(seen_from_aside)
    cases |= shuffled(
        {
            f"{name} at {degrees} degrees": boxes
            for degrees in (-40, -25, 25, 40)
            for name, boxes in {
                "two slanted lines": slanting(degrees, 4) + slanting(degrees, 4, top=300 + 80),
                "two numbers on a slanted line": slanting(degrees, 3) + slanting(degrees, 3, left=190),
            }.items()
        }
        | {
            "stacked, tapering": [[0, 10, 40, 34], [44, 11, 74, 29], [78, 12, 100, 25]],
            "stacked below a number": _row(5, 5, 3) + [[80 + 25 * i, 10, 100 + 25 * i, 22] for i in range(3)],
            "two columns of single digits": [
                [25 * row, left, 25 * row + 20, left + 12] for row in range(3) for left in (10, 80)
            ],
            "a list with space between its lines": [[10 + 35 * i, 10, 30 + 35 * i, 22] for i in range(3)],
        }
    )
    return [{"name": name, "boxes": boxes.tolist(), "numbers": numbers(boxes)} for name, boxes in cases.items()]


def looks_cases() -> list[dict[str, Any]]:
    """Photos with nothing sure, one object, several, at the edge, all over, crowds, print; and heaps at random."""
    rng, cases = np.random.default_rng(4), []
    rows = [
        [40.0 + 200 * row, 125.5 * column, 90.0 + 200 * row, 125.5 * column + 25]
        for row in (0, 1)
        for column in range(5)
    ]
    falling = [0.95 - 0.05 * place for place in range(10)]
    small_print = [[300.0, 50.0 + 90 * place, 320.0, 60.0 + 90 * place] for place in range(4)]
    number = [20.0, 30.0, 90.0, 80.0]
    layouts = {
        "nothing": ([], []),
        "nothing sure": ([[10.0, 10.0, 40.0, 30.0]], [0.29]),
        "one small object": ([[100.0, 200.0, 130.0, 220.0]], [0.3]),
        "unsure ones don't count": ([[100.0, 200.0, 130.0, 220.0], [300.0, 20.0, 330.0, 40.0]], [0.9, 0.2]),
        "a number": ([[100.5, 200.25 + 21 * i, 131.0, 219.75 + 21 * i] for i in range(4)], [0.9, 0.5, 0.8, 0.3]),
        "at the edge": ([[0.0, 0.0, 50.0, 30.0], [2.0, 32.0, 50.0, 60.0]], [0.9, 0.9]),
        "two numbers": (
            [[100.0, 200.0, 130.0, 220.0], [101.0, 222.0, 131.0, 240.0], [300.0, 20.0, 330.0, 40.0]],
            [0.6, 0.4, 0.9],
        ),
        "all over": ([[10.0, 10.0, 60.0, 40.0], [400.0, 560.0, 460.0, 600.0]], [0.9, 0.9]),
        "read for certain": ([[100.0, 200.0 + 50 * i, 180.0, 245.0 + 50 * i] for i in range(3)], [0.9, 0.6, 0.55]),
        "all but certain": ([[100.0, 200.0 + 50 * i, 180.0, 245.0 + 50 * i] for i in range(3)], [0.9, 0.6, 0.54]),
        "certain, but small": ([[100.0, 200.0 + 50 * i, 130.0, 245.0 + 50 * i] for i in range(3)], [0.9, 0.6, 0.55]),
        "one of two is certain": ([[100.0, 200.0, 200.0, 260.0], [400.0, 20.0, 430.0, 40.0]], [0.9, 0.6]),
        "too few for a crowd": (rows[:5], falling[:5]),
        "a crowd": (rows[:6], falling[:6]),
        "all but a crowd": (rows[:6], [*falling[:5], 0.29]),
        "print": (small_print, [0.1] * 4),
        "sure print": (small_print, [0.9] * 4),
        "print beside a number": ([*small_print, number], [0.1, 0.1, 0.1, 0.1, 0.9]),
        "too little of it for print": (small_print[:3], [0.4] * 3),
        "one small number for print": ([[300, 50 + 12 * place, 320, 60 + 12 * place] for place in range(8)], [0.2] * 8),
        "too faint for print": (small_print, [0.2, 0.2, 0.2, 0.09]),
        "high for print": ([[300, left, 346, right] for _, left, _, right in small_print], [0.2] * 4),
        "barely low enough for print": ([[300, left, 333, right] for _, left, _, right in small_print], [0.2] * 4),
        "fills the photo": ([[5.0, 5.0, 470.0, 300.0]], [0.9]),
    }
    for _ in range(8):
        corner = rng.uniform(0, 300, (4, 2))
        heap = np.concatenate([corner, corner + rng.uniform(5, 90, (4, 2))], 1)
        layouts[f"random {len(layouts)}"] = (heap.tolist(), rng.uniform(0, 1, 4).tolist())
    for name, (boxes, scores) in layouts.items():
        for width, height, input_width, input_height in [(640, 480, 192, 192), (640, 480, 320, 160)]:
            order = np.argsort(scores)[::-1].astype(np.int64)
            found = Detections(
                np.zeros(len(scores), np.int64), np.array(scores)[order], np.array(boxes).reshape(-1, 4)[order]
            )
            sides = width, height, input_width, input_height
            left = again(found, *sides)
            cases.append(
                {
                    "name": f"{name}, {input_width}x{input_height}",
                    "boxes": found.boxes.tolist(),
                    "scores": found.scores.tolist(),
                    "photo": [width, height],
                    "input": [input_width, input_height],
                    "too_close": too_close(found, *sides),
                    "regions": left.regions,
                    "settled": left.settled,
                    "faith": left.faith,
                }
            )
    return cases


def shown_cases() -> list[dict[str, Any]]:
    """Raw scores on, between and beyond the points of several calibrations, and what is shown for them."""
    tables: dict[str, Any] = {
        "none": None,
        "two points": {"scores": [0.0, 1.0], "probabilities": [0.1, 0.9]},
        "steep": {"scores": [0.05, 0.3, 0.31, 0.9], "probabilities": [0.0, 0.25, 0.75, 1.0]},
        "level": {"scores": [0.2, 0.4, 0.6], "probabilities": [0.5, 0.5, 0.875]},
    }
    scores = np.array([0.0, 0.01, 0.05, 0.2, 0.28, 0.3, 0.305, 0.31, 0.4, 0.5, 0.6, 0.77, 0.9, 0.95, 1.0])
    return [
        {"name": name, "calibration": table, "scores": scores.tolist(), "shown": shown(scores, table).tolist()}
        for name, table in tables.items()
    ]


def threshold_cases() -> list[dict[str, Any]]:
    """Overlapping detections of three classes that count from different scores on."""
    boxes = np.array([[0, 0, 0.5, 0.5], [0, 0, 0.5, 0.45], [0.5, 0.5, 1, 1], [0, 0.5, 0.5, 1], [0.6, 0, 1, 0.4]])
    scores = np.array([[0.55, 0, 0], [0, 0.5, 0], [0, 0, 0.3], [0, 0.2, 0], [0.6, 0, 0]])
    cases = []
    for agnostic in (True, False):
        for own in (None, {}, {"a": 0.6, "b": 0.2}, {"c": 0.31}):
            model = {"classes": ["a", "b", "c"], "score_threshold": 0.3}
            if own is not None:
                model["class_thresholds"] = own
            suppression = Suppression(class_agnostic=agnostic)
            # What counts is chosen after suppression: what doesn't count has hidden others all the same.
            found = detect(boxes, scores, suppression, 0.01).above(thresholds(model))
            cases.append(
                {
                    **model,
                    "boxes": boxes.tolist(),
                    "scores": scores.tolist(),
                    "suppression": vars(suppression),
                    "expected": {"classes": found.classes.tolist(), "scores": found.scores.tolist()},
                }
            )
    return cases


def main() -> None:
    """Write the files."""
    recognition = {"detect": recognition_cases(), "numbers": reading_cases()}
    scores = {"shown": shown_cases(), "thresholds": threshold_cases()}
    files = {"letterbox": letterbox_cases(), "recognition": recognition, "looks": looks_cases(), "scores": scores}
    for name, value in files.items():
        (HERE / f"{name}.json").write_text(json.dumps(value) + "\n")


if __name__ == "__main__":
    main()
