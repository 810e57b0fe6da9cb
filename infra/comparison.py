"""Two models on the same photos: by how much one reads more of them right, and whether that may be chance."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import dataclass
from pathlib import Path

from infra.errors import UsageError

Z = 1.959964
"""95 %"""
ROOM = 0.005
"""How much mAP may fall where more numbers are read right: it moves by more from one seed to the next."""


@dataclass(frozen=True)
class Comparison:
    """A candidate and the current model, judged on the same photos."""

    photos: int
    both_right: int
    candidate_only: int
    """photos that only the candidate reads right"""
    current_only: int
    candidate_map50: float
    current_map50: float

    @property
    def difference(self) -> float:
        """Full-number accuracy of the candidate less that of the current model."""
        return (self.candidate_only - self.current_only) / self.photos

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of `difference` for pairs (Agresti 2013, "Categorical Data Analysis", equation 11.2)."""
        changed = self.candidate_only + self.current_only
        gain = self.candidate_only - self.current_only
        reach = Z * math.sqrt(changed - gain**2 / self.photos) / self.photos
        return self.difference - reach, self.difference + reach

    def fault(self) -> str | None:
        """Why the candidate may not take the current model's place, or None where it may."""
        if self.difference < 0:
            return f"it reads {-self._gain} fewer of the photos right"
        if self.candidate_map50 < self.current_map50 - ROOM:
            return f"its mAP50 is {self.current_map50 - self.candidate_map50:.4f} lower"
        if self.difference == 0 and self.candidate_map50 <= self.current_map50:
            return "it is no better"
        return None

    @property
    def _gain(self) -> int:
        return self.candidate_only - self.current_only

    def __str__(self) -> str:
        """Both sides, and what lies between them."""
        low, high = self.interval
        return (
            f"candidate {self.both_right + self.candidate_only} of {self.photos} photos right, "
            f"current {self.both_right + self.current_only}: {100 * self.difference:+.1f} points "
            f"(95 % interval {100 * low:+.1f} to {100 * high:+.1f}; only the candidate {self.candidate_only}, "
            f"only the current {self.current_only}); "
            f"mAP50 {self.candidate_map50:.4f} against {self.current_map50:.4f}"
        )


def compare(candidate: Path, current: Path) -> Comparison:
    """Compare two evaluations, folders with evaluation.json and photos.csv.

    Raises:
        UsageError: they are of different photos or labels.
    """
    ours, theirs = _right(candidate), _right(current)
    if ours.keys() != theirs.keys():
        raise UsageError(
            f"{candidate} and {current} aren't of the same photos with the same labels: evaluate both again"
        )
    pairs = [(ours[photo], theirs[photo]) for photo in ours]
    return Comparison(
        len(pairs),
        pairs.count((True, True)),
        pairs.count((True, False)),
        pairs.count((False, True)),
        *(
            float(json.loads((folder / "evaluation.json").read_text("utf-8"))["map50"])
            for folder in (candidate, current)
        ),
    )


def _right(evaluation: Path) -> dict[tuple[str, str], bool]:
    """For each photo with its label: whether it was read right."""
    with (evaluation / "photos.csv").open(newline="", encoding="utf-8") as file:
        return {(row["filename"], row["label"]): row["right"] == "1" for row in csv.DictReader(file)}
