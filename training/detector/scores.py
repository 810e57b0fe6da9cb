"""What raw scores mean: from which on an object counts, and how often one that scores so is right.

``frontend/recognizer`` has the same two rules; both are held to ``tests/vectors/scores.json``. Thresholds are compared
with raw scores, after suppression; people are shown probabilities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from training.detector.recognition import Floats

Calibration = Mapping[str, Sequence[float]]
"""``score_calibration`` of schemas/manifest.schema.json"""


def thresholds(description: Mapping[str, Any]) -> Floats:
    """[c] the raw score from which on each class counts, by a model's detector.json or manifest.json."""
    own = description.get("class_thresholds", {})
    return np.array([own.get(name, description["score_threshold"]) for name in description["classes"]], np.float64)


def shown(scores: Floats, calibration: Calibration | None) -> Floats:
    """Probabilities [k] of raw ``scores`` [k]: along the line through the points, level beyond its ends.

    Scores of a model that wasn't calibrated are shown as they are.
    """
    if calibration is None:
        return scores
    return np.interp(scores, calibration["scores"], calibration["probabilities"])
