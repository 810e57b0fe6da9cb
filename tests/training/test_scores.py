"""What raw scores mean: held to the vectors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.detector.recognition import Suppression, detect
from training.detector.scores import shown, thresholds

VECTORS: dict[str, list[Any]] = json.loads((Path(__file__).parents[1] / "vectors" / "scores.json").read_text())


@pytest.mark.parametrize("case", VECTORS["shown"], ids=lambda case: case["name"])
def test_shown_scores_are_those_of_the_vectors(case: Any) -> None:
    found = shown(np.array(case["scores"]), case["calibration"])
    assert found.tolist() == case["shown"]
    assert (np.diff(found) >= 0).all(), "a surer detection is never shown as a less sure one"


@pytest.mark.parametrize("case", VECTORS["thresholds"])
def test_what_counts_is_what_the_vectors_say(case: Any) -> None:
    found = detect(np.array(case["boxes"]), np.array(case["scores"]), Suppression(**case["suppression"]), 0.01)
    kept = found.above(thresholds(case))
    assert kept.classes.tolist() == case["expected"]["classes"]
    assert kept.scores.tolist() == case["expected"]["scores"]
