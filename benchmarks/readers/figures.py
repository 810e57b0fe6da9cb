"""What readings amount to: full numbers with their interval, digits, milliseconds, bytes."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.readers.photos import Photo

Z = 1.959964
"""95 %"""
CHATTER = 100
"""Bytes that HTTP/2 and TLS say by themselves now and then, of pings and ends: less than any request."""


@dataclass(frozen=True)
class Reading:
    """What became of one photo: its digits, milliseconds from file to answer, bytes on the line; or a fault."""

    text: str = ""
    milliseconds: float = 0.0
    down: int = 0
    up: int = 0
    fault: str = ""


def wilson(right: int, total: int) -> tuple[float, float]:
    """95 % score interval of a proportion (Wilson 1927)."""
    share, scale = right / total, 1 + Z**2 / total
    middle = (share + Z**2 / (2 * total)) / scale
    reach = Z * math.sqrt(share * (1 - share) / total + Z**2 / (4 * total**2)) / scale
    return max(0.0, middle - reach), min(1.0, middle + reach)


def common(label: str, text: str) -> int:
    """How many digits of ``label`` stand in ``text`` in order: their longest common subsequence."""
    row = [0] * (len(text) + 1)
    for digit in label:
        before = row[:]
        for place, other in enumerate(text, 1):
            row[place] = before[place - 1] + 1 if digit == other else max(before[place], row[place - 1])
    return row[-1]


def percentile95(samples: Sequence[float]) -> float:
    """The least sample that 95 % don't exceed (nearest rank)."""
    return sorted(samples)[math.ceil(0.95 * len(samples)) - 1]


def of_readings(photos: Sequence[Photo], readings: Sequence[Reading]) -> dict[str, Any]:
    """Figures of one reader's ``readings`` of ``photos``, a reading each; those that failed count as faults only."""
    pairs = [(photo.number, one) for photo, one in zip(photos, readings, strict=True) if not one.fault]
    right = sum(number == one.text for number, one in pairs)
    labelled = sum(len(number) for number, _ in pairs)
    faults = Counter(one.fault for one in readings if one.fault)
    figures: dict[str, Any] = {
        "photos": len(readings),
        "answered": len(pairs),
        "faults": [{"what": what, "photos": count} for what, count in faults.most_common()],
        "full_numbers": None,
        "digits": None,
        "warm": None,
        "down_per_photo": None,
        "up_per_photo": None,
    }
    if not pairs:
        return figures
    times = [one.milliseconds for _, one in pairs]
    figures["full_numbers"] = {
        "right": right,
        "share": round(right / len(pairs), 4),
        "interval": [round(end, 4) for end in wilson(right, len(pairs))],
    }
    if labelled:
        found = sum(common(number, one.text) for number, one in pairs)
        figures["digits"] = {"found": found, "labelled": labelled, "share": round(found / labelled, 4)}
    figures["warm"] = {
        "median": round(statistics.median(times), 1),
        "p95": round(percentile95(times), 1),
        "samples": [round(time, 1) for time in times],
    }
    figures["down_per_photo"] = round(statistics.median(one.down for _, one in pairs))
    figures["up_per_photo"] = round(statistics.median(one.up for _, one in pairs))
    return figures


def left(readings: Sequence[Reading]) -> str:
    """What a reader in the browser sent while it read photo after photo."""
    most = max(one.up for one in readings)
    return f"up to {most} bytes a photo" if most > CHATTER else "nothing"


def compared(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """``rows`` with how many times as long as the page each takes, warm and cold."""
    page = next((row for row in rows if row["name"] == "page" and row.get("warm")), None)
    for row in rows:
        if page and row.get("warm"):
            row["warm_by_pages"] = round(row["warm"]["median"] / page["warm"]["median"], 2)
        if page and row.get("cold") and page["cold"]:
            row["cold_by_pages"] = round(row["cold"]["milliseconds"] / page["cold"]["milliseconds"], 2)
    return rows
