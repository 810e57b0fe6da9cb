"""The rows of the table: what is measured, in which unit, how far it may go, and what a list of samples says of it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Judged = Literal["median", "min", "max"]


@dataclass(frozen=True)
class Figure:
    """One row of the budget; ``judged`` is the statistic that must be within ``reach``."""

    name: str
    unit: str
    reach: float
    aim: float
    judged: Judged = "median"
    more_is_better: bool = False


BYTES = Figure("bytes of the first visit up to the first answer", "B", 1.2e6, 0.9e6, "max")
FIRST_ANSWER = Figure("first answer at Slow 4G, cold cache", "× bytes/bandwidth", 1.35, 1.15)
USABLE = Figure("page usable at Slow 4G", "s", 2.5, 1.5)
OFFLINE = Figure("second visit, offline, to first answer", "s", 1.0, 0.5)
PHOTO = Figure("warm recognition of a 12-megapixel JPEG, file to digits", "ms", 250, 120)
FRAME = Figure("warm recognition of a 640×480 frame", "ms", 60, 25)
BLOCKED = Figure("longest block of the main thread during recognition", "ms", 50, 0, "max")
LIGHTHOUSE = {
    category: Figure(f"Lighthouse: {category.replace('-', ' ')}", "of 100", 95, 100, more_is_better=True)
    for category in ("performance", "accessibility", "best-practices", "seo")
}
MODEL_BYTES = Figure("web model over the wire", "B", 1.0e6, 0.6e6, "max")
INFERENCE = Figure("one inference, wasm, one thread", "ms", 40, 15, "min")
LOOKS = Figure("recognition of a photo, all looks at it together", "ms", 100, 40)
FIGURES = (
    BYTES,
    FIRST_ANSWER,
    USABLE,
    OFFLINE,
    PHOTO,
    FRAME,
    BLOCKED,
    *LIGHTHOUSE.values(),
    MODEL_BYTES,
    INFERENCE,
    LOOKS,
)


@dataclass(frozen=True)
class Row:
    """What was measured of a figure; no samples: ``skipped`` says why."""

    figure: Figure
    samples: Sequence[float] = ()
    skipped: str = ""

    @property
    def value(self) -> float | None:
        """The statistic that is judged."""
        if not self.samples:
            return None
        of = {"median": statistics.median(self.samples), "min": min(self.samples), "max": max(self.samples)}
        return float(of[self.figure.judged])

    @property
    def spread(self) -> float:
        """The distance from the lower to the upper quartile of the samples."""
        if len(self.samples) < 2:
            return 0.0
        lower, _, upper = statistics.quantiles(self.samples, n=4, method="inclusive")
        return upper - lower

    @property
    def is_within_reach(self) -> bool | None:
        """Whether the value is as good as it has to be; None where there is none."""
        return self._is_at(self.figure.reach)

    @property
    def is_at_aim(self) -> bool | None:
        """Whether the value is as good as it is wished to be; None where there is none."""
        return self._is_at(self.figure.aim)

    def _is_at(self, limit: float) -> bool | None:
        if self.value is None:
            return None
        return self.value >= limit if self.figure.more_is_better else self.value <= limit

    @property
    def words(self) -> dict[str, Any]:
        """The object of ``schemas/bench.schema.json``."""
        figure = self.figure
        return {
            "name": figure.name,
            "value": _rounded(self.value),
            "unit": figure.unit,
            "median": _rounded(statistics.median(self.samples)) if self.samples else None,
            "min": _rounded(min(self.samples)) if self.samples else None,
            "spread": _rounded(self.spread) if self.samples else None,
            "reach": figure.reach,
            "aim": figure.aim,
            "judged": figure.judged,
            "more_is_better": figure.more_is_better,
            "within_reach": self.is_within_reach,
            "samples": [_rounded(sample) for sample in self.samples],
            **({"skipped": self.skipped} if self.skipped else {}),
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
