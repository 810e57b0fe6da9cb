"""What the benchmark calls chance is none where two models say the same, and some where they don't."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.precision import figures, spread
from tests.training.test_metrics import CLASSES, judged
from training.metrics import Judged


def test_equal_models_differ_by_nothing_and_others_by_chance() -> None:
    right = [judged("012", "012") for _ in range(20)]
    half = [judged("012", "012" if number % 2 else "021") for number in range(20)]
    assert spread(right, right, CLASSES, 5).tolist() == [0, 0]
    errors = spread(right, half, CLASSES, 20)
    # Of 20 coins, about 0.11 is the standard error of their mean.
    assert errors[0] == pytest.approx(2 / 3 * 0.11, rel=0.5)


def test_photos_are_drawn_in_pairs() -> None:
    half = [judged("012", "012" if number % 2 else "021") for number in range(20)]
    lower = [Judged(one.photo, replace(one.detections, scores=one.detections.scores / 2)) for one in half]
    np.testing.assert_allclose(figures(half, CLASSES), figures(lower, CLASSES))
    assert spread(half, lower, CLASSES, 5).tolist() == [0, 0]
