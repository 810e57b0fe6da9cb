"""Which photos are learned from, and which are kept to judge and to calibrate.

Membership stays a hash of the photo's group (see `data.selection`). Few photos get larger shares, and a salt for the
hash where without one a class would be missing from a split that it has photos enough for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from training.config import Split
from training.data.selection import SPLITS, split_of

SHARES = ((100, 0.25, 0.15), (500, 0.2, 0.1), (2000, 0.15, 0.1))
"""Up to so many groups, shares of validation and calibration; beyond them those of `Split`."""
SALTS = 2000
HASHES = 400_000
"""At most so many are computed."""
COSTS = {"train": 100.0, "validation": 10.0, "calibration": 3.0}
"""What it costs that a split lacks a class: what isn't learned can't be found."""


def shares(groups: int) -> tuple[float, float]:
    """Shares of validation and calibration for a number of groups of photos."""
    for most, validation, calibration in SHARES:
        if groups <= most:
            return validation, calibration
    return Split().validation, Split().calibration


def choose(groups: Mapping[str, set[str]], split: Split) -> int | None:
    """The salt by which every class is in every split, as far as that can be; None: the plain hash does it.

    Args:
        groups: the classes of each group
        split: shares
    """
    tries = [None, *range(min(SALTS, HASHES // max(1, len(groups))))]
    best: tuple[float, int | None] = (float("inf"), None)
    for salt in tries:
        cost = _cost(groups, split.model_copy(update={"salt": salt}))
        if cost < best[0]:
            best = cost, salt
        if cost == 0:
            break
    return best[1]


def _cost(groups: Mapping[str, set[str]], split: Split) -> float:
    members = {name: split_of(name, split) for name in groups}
    sizes = Counter(members.values())
    wanted = {"validation": split.validation, "calibration": split.calibration}
    cost = sum(1000.0 for name in SPLITS if not sizes[name])
    # Of few photos, a split far from its share is no better than one without a class.
    for name, share in wanted.items():
        expected = share * len(groups)
        if not 0.8 * expected <= sizes[name] <= 1.3 * expected + 1:
            cost += COSTS[name]
    per_class = {name: Counter(members[group] for group in found) for name, found in by_class(groups).items()}
    for found in per_class.values():
        for name in SPLITS[:1] if found.total() == 1 else ("train", "validation") if found.total() == 2 else SPLITS:
            cost += COSTS[name] * (not found[name])
    return cost


def by_class(groups: Mapping[str, set[str]]) -> dict[str, list[str]]:
    """The groups in which each class occurs."""
    found: dict[str, list[str]] = {}
    for group, classes in groups.items():
        for name in classes:
            found.setdefault(name, []).append(group)
    return found


def missing(groups: Mapping[str, set[str]], split: Split, classes: Sequence[str]) -> dict[str, list[str]]:
    """For each split the classes that it has no object of."""
    present: dict[str, set[str]] = {name: set() for name in SPLITS}
    for group, found in groups.items():
        present[split_of(group, split)] |= found
    return {name: [one for one in classes if one not in present[name]] for name in SPLITS}
