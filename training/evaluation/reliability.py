"""How far scores can be believed: the share of detections that are right at each score, and the line through it.

What a network says is a score, not a probability: here it says how well the box fits, too. `fit` makes
``score_calibration`` of it from calibration photos, for what people are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from training.detector.recognition import Floats
from training.detector.scores import Calibration, shown
from training.evaluation.analysis import Outcome, outcome
from training.evaluation.metrics import THRESHOLDS, Judged, class_thresholds

SCORE_BINS = 10
KNOTS = (0.01, 0.03, 0.05, 0.08, 0.12, 0.16, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Where the curve becomes a line: closer where it is steep."""
ENOUGH = 20
"""Fewer detections, or fewer right or wrong ones than a quarter of this, say nothing about scores."""
ROUNDS = 50


class ScoreBin(NamedTuple):
    """Detections of similar score."""

    score: float
    """their mean score"""
    right: int
    detections: int


def reliability(outcomes: Sequence[Outcome], calibration: Calibration | None = None) -> tuple[list[ScoreBin], float]:
    """Tenths of what is shown with how many of their detections are right, and the expected calibration error.

    Without ``calibration``, raw scores are shown. Only detections whose raw score reaches the lowest of `THRESHOLDS`
    count: nobody shows what lies below. The error is the mean distance of what is shown and the share of right ones
    (Naeini et al. 2015).
    """
    scores, right = _seen(outcomes)
    scores = shown(scores, calibration)
    place = np.minimum((scores * SCORE_BINS).astype(int), SCORE_BINS - 1)
    bins = [
        ScoreBin(float(scores[place == i].mean()), int(right[place == i].sum()), int((place == i).sum()))
        for i in range(SCORE_BINS)
        if (place == i).any()
    ]
    error = sum(abs(one.score * one.detections - one.right) for one in bins) / max(1, len(scores))
    return bins, error


def fit(outcomes: Sequence[Outcome]) -> dict[str, list[float]] | None:
    """``score_calibration`` by the detections of calibration photos; None where they are too few to tell.

    Beta calibration (Kull et al. 2017): the log-odds of being right are a·ln s − b·ln(1 − s) + c with a, b ≥ 0, so that
    a surer detection is never shown as a less sure one. Few detections bend it little; as Platt (1999) does, none is
    taken for certain.
    """
    scores, right = _seen(outcomes)
    if len(scores) < ENOUGH or min(right.sum(), (~right).sum()) < ENOUGH // 4:
        return None
    weights = _beta(scores, right)
    knots = np.array(KNOTS)
    probabilities = 1 / (1 + np.exp(-_features(knots) @ weights))
    return {"scores": list(KNOTS), "probabilities": [round(float(one), 4) for one in probabilities]}


def worth(judged: Sequence[Judged], classes: Sequence[str], reading: str, threshold: float) -> dict[str, Any]:
    """What calibration photos say of scores, as fields of detector.json: class_thresholds and score_calibration.

    Each is absent where they are too few to say. Objects that are read together share the common ``threshold``.
    """
    own = class_thresholds(judged, classes, threshold) if reading == "none" and len(classes) > 1 else {}
    least = np.array([own.get(name, threshold) for name in classes])
    calibration = fit([outcome(one, classes, least) for one in judged])
    return {
        **({"class_thresholds": own} if own else {}),
        **({"score_calibration": calibration} if calibration else {}),
    }


def _seen(outcomes: Sequence[Outcome]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """[k] raw scores, and whether they are right, of all detections that may be shown."""
    scores = np.concatenate([np.zeros(0), *(one.scores for one in outcomes)])
    right = np.concatenate([np.zeros(0, bool), *(one.right for one in outcomes)])
    seen = scores >= THRESHOLDS[0]
    return scores[seen], right[seen]


def _features(scores: Floats) -> Floats:
    """[k, 3]"""
    inside = np.clip(scores, 1e-6, 1 - 1e-6)
    return np.stack([np.log(inside), -np.log1p(-inside), np.ones_like(inside)], axis=1)


def _beta(scores: Floats, right: npt.NDArray[np.bool_]) -> Floats:
    """[3] a, b, c by Newton's method; a feature whose weight would be negative is left out."""
    features = _features(scores)
    hits = right.sum()
    target = np.where(right, (hits + 1) / (hits + 2), 1 / (len(right) - hits + 2))
    used = [0, 1, 2]
    while True:
        chosen, weights = features[:, used], np.zeros(len(used))
        for _ in range(ROUNDS):
            expected = 1 / (1 + np.exp(-chosen @ weights))
            # A little of the unit matrix: scores that tell right from wrong without a fault would have no end.
            slope = chosen.T @ (target - expected) - 1e-3 * weights
            curve = (chosen * (expected * (1 - expected))[:, None]).T @ chosen + 1e-3 * np.eye(len(used))
            step = np.linalg.solve(curve, slope)
            weights += np.clip(step, -2, 2)
            if np.abs(step).max() < 1e-8:
                break
        negative = [place for place, weight in zip(used, weights, strict=True) if place < 2 and weight < 0]
        if not negative:
            return np.bincount(used, weights, minlength=3).astype(np.float64)
        used.remove(min(negative, key=lambda place: weights[used.index(place)]))
