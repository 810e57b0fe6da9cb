"""Two models on the same photos: by how much one reads more of them right, and whether that may be chance."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.errors import UsageError

Z = 1.959964
"""95 %"""
ROOM = 0.009
"""How much mAP50 may fall where more numbers are read right: about two standard errors of the difference of two models
on the same 1,171 photos, by benchmarks/precision.py."""
ROOM_ELSEWHERE = 0.02
"""The same on photos of the other sources, of which there are fewer."""
ALARMS = 2.0
"""False alarms per 100 photos without any object that are nothing to refuse a model for."""
FORGIVEN = 0.02
"""How much full-number accuracy may have fallen at most, by the interval's lower bound, to be taken for chance: a few
photos tell too little for that."""
LOST = 0.003
"""Share of the numbers that may be lost by conversion."""
LOST_MAP50 = 0.01
"""The same of mAP50, for objects that aren't read."""


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

    @property
    def may_be_chance(self) -> bool:
        """Whether it reads fewer, but so few fewer that the interval has zero in it, and no great loss."""
        low, high = self.interval
        return self.difference < 0 < high and low > -FORGIVEN

    def fault(self, *, doubted: bool = False) -> str | None:
        """Why the candidate may not take the current model's place, or None where it may.

        Where somebody has ``doubted`` that fewer is worse, `may_be_chance` and mAP50 decide. Each release that does so
        may lose a little: who has the last word is a person, and the card says why.
        """
        if self.difference < 0:
            fewer = f"it reads {-self._gain} fewer of the photos right"
            if not self.may_be_chance:
                return fewer
            if self.candidate_map50 <= self.current_map50:
                return f"{fewer}, and its mAP50 is no higher"
            return None if doubted else f"{fewer}, which may be chance (--because REASON)"
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


def fault_elsewhere(source: str, candidate: Mapping[str, Any], current: Mapping[str, Any]) -> str | None:
    """Why what two evaluations.json say of photos of a further source speaks against the candidate, if it does."""
    ours, theirs = (float(one["false_alarms_per_100_photos"]) for one in (candidate, current))
    if candidate["objects"] == 0:
        more = ours > max(ALARMS, theirs)
        return f"on {source} it has {ours:.1f} false alarms per 100 photos instead of {theirs:.1f}" if more else None
    lower = current["map50"] - candidate["map50"]
    return f"on {source} its mAP50 is {lower:.4f} lower" if lower > ROOM_ELSEWHERE else None


def fault_of_conversion(trained: Mapping[str, Any], converted: Mapping[str, Any]) -> str | None:
    """Why a web model isn't what was trained, by the evaluation.json of both; one photo is always allowed."""
    if "full_number_accuracy" not in trained:
        fallen = trained["map50"] - converted["map50"]
        if fallen <= LOST_MAP50 + 1e-6:
            return None
        return f"conversion costs {fallen:.4f} of mAP50; --quantize uint16 or none costs less"
    lost = trained["full_number_accuracy"] - converted["full_number_accuracy"]
    if lost * trained["photos"] <= max(1.0, LOST * trained["photos"]) + 1e-6:
        return None
    return f"conversion costs {100 * lost:.1f} points; --quantize uint16 or none costs less"


def _right(evaluation: Path) -> dict[tuple[str, str], bool]:
    """For each photo with its label: whether it was read right."""
    with (evaluation / "photos.csv").open(newline="", encoding="utf-8") as file:
        return {(row["filename"], row["label"]): row["right"] == "1" for row in csv.DictReader(file)}
