r"""What the rules of further looks are worth: the calibration photos read again with other constants of detector.looks.

    .environments/train/bin/python -m benchmarks.looks --checkpoint models/digits/checkpoint \
        --records runs/NAME/records CERTAIN=0.6 CERTAIN=0.5,LEGIBLE=0.2

The first row is as released, each further one has the constants that are given. The network runs once for each input:
rules are compared on the same outputs.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import tensorflow as tf

from training import command
from training.config import load
from training.detector import looks
from training.evaluation.average_precision import average_precision
from training.evaluation.metrics import THRESHOLDS, Judged, full_number_accuracy
from training.loop.calibration import Calibration
from training.models import Outputs, load_description, load_weights, look_at, outputs

RULES = ("TALL", "CLEAR", "NUMBERS", "CROWD", "LOW", "MARGIN", "GAIN", "CERTAIN", "LEGIBLE", "FAITH")
"""Constants that looks.py alone reads."""
BATCH = 16


class Remembered:
    """A network that runs once for each input; counts how often it is asked."""

    def __init__(self, checkpoint: Path) -> None:
        """Load the weights of a checkpoint's folder."""
        model = load_weights(checkpoint, load(checkpoint / "config.yaml"))
        self.call = tf.function(lambda images: outputs(model, images), reduce_retracing=True)
        self.known: dict[bytes, Outputs] = {}
        self.asked = 0

    def run(self, inputs: list[np.ndarray]) -> list[Outputs]:
        """What `look_at` wants: inputs float32 [h, w, 3] to boxes [n, 4] and scores [n, c] of each."""
        self.asked += len(inputs)
        keys = [hashlib.sha256(image.tobytes()).digest() for image in inputs]
        new = [place for place, key in enumerate(keys) if key not in self.known]
        if new:
            boxes, scores = self.call(tf.constant(np.stack([inputs[place] for place in new])))
            for place, *found in zip(new, boxes.numpy(), scores.numpy(), strict=True):
                # Most cells say nothing: what no threshold lets through need not be kept.
                heard = found[1].max(axis=1) >= THRESHOLDS[0]
                self.known[keys[place]] = (found[0][heard], found[1][heard])
        return [self.known[key] for key in keys]


@contextmanager
def changed(rules: dict[str, float]) -> Iterator[None]:
    """The constants of detector.looks with other values, for a while."""
    before = {name: getattr(looks, name) for name in rules}
    for name, value in rules.items():
        setattr(looks, name, type(before[name])(value))
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(looks, name, value)


def rules_of(text: str) -> dict[str, float]:
    """``NAME=VALUE,NAME=VALUE`` to names and values; ArgumentTypeError for any other."""
    pairs = [pair.partition("=") for pair in text.split(",")]
    if unknown := [name for name, _, _ in pairs if name not in RULES]:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: no rule; there are {', '.join(RULES)}")
    return {name: float(value) for name, _, value in pairs}


def main() -> None:
    """Print a row for each set of rules."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("rules", nargs="*", type=rules_of, metavar="NAME=VALUE,…", help=f"of {', '.join(RULES)}")
    options = parser.parse_args()
    description = load_description(options.checkpoint)
    classes, reading, threshold = (description[key] for key in ("classes", "reading", "score_threshold"))
    calibration = Calibration(options.records, load(options.checkpoint / "config.yaml"))
    photos, network = calibration.photos, Remembered(options.checkpoint)
    print(f"{len(photos)} photos, threshold {threshold}\n\n| rules | numbers right | mAP50 / mAP | looks a photo |")
    print("|---|---|---|---|")
    for rules in ({}, *options.rules):
        network.asked = 0
        judged = []
        with changed(rules):
            starts = range(0, len(photos), BATCH)
            for start in command.progress(starts, len(starts), "batches"):
                found = look_at(
                    calibration.pixels[start : start + BATCH], network.run, description, float(THRESHOLDS[0])
                )
                judged += [Judged(*pair) for pair in zip(photos[start : start + BATCH], found, strict=True)]
        accuracy, _ = full_number_accuracy(judged, classes, reading, threshold)
        precision = average_precision(judged, classes)
        words = ", ".join(f"{name} {value:g}" for name, value in rules.items()) or "as released"
        spent = network.asked / len(photos)
        print(f"| {words} | {accuracy:.1%} | {precision.map50:.3f} / {precision.map:.3f} | {spent:.2f} |", flush=True)


if __name__ == "__main__":
    command.run(main)
