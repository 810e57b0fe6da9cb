"""What asking a service would cost, and whether it may be asked: never without a budget and a yes."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.readers.photos import Photo
from benchmarks.readers.vision import FEATURES, Vision, price
from infra.errors import UsageError
from infra.settings import settings


@dataclass(frozen=True)
class Bill:
    """Questions without a kept answer, how many there are in all, bytes of their photos, and US dollars at most."""

    questions: int
    of: int
    bytes: int
    dollars: float

    def __str__(self) -> str:
        """For whoever pays."""
        kept = f", {self.of - self.questions:,} of {self.of:,} answers are kept" if self.of > self.questions else ""
        if not self.questions:
            return f"nothing is sent to {settings().readers.endpoint}: all {self.of:,} answers are kept"
        return (
            f"{self.questions:,} questions of {self.bytes:,} bytes of photos to {settings().readers.endpoint} "
            f"({' and '.join(FEATURES)}) for up to ${self.dollars:.4f} by the prices of "
            f"{settings().readers.prices_of}{kept}"
        )


def bill(vision: Vision, photos: Sequence[Photo]) -> Bill:
    """What having ``vision`` read ``photos`` would cost."""
    missing = [photo for photo in photos for feature in FEATURES if not vision.has(photo, feature)]
    size = sum(len(photo.bytes) for photo in missing)
    return Bill(len(missing), len(photos) * len(FEATURES), size, len(missing) * price())


def allow(what: Bill, budget: float | None, *, yes: bool, is_named: bool) -> str:
    """Why the service isn't asked, or an empty string where it may be; ``is_named``: somebody wants it by name.

    Raises:
        UsageError: the budget doesn't do, or nobody can be asked for a yes.
    """
    if not what.questions:
        return ""
    if budget is None:
        # Rounded up: rounded down, it wouldn't do.
        needed = f"{math.ceil(1e4 * what.dollars - 1e-6) / 1e4:.4f}"
        if is_named:
            raise UsageError(f"it is billed: {what}\n  --budget {needed} allows it; --dry-run only shows it")
        return f"not asked: it is billed; --budget {needed} allows it"
    if what.dollars > budget + 1e-9:
        photos = int(budget / price() / len(FEATURES) + 1e-9)
        fits = f"--limit {photos} fits, or raise it" if photos else "raise it"
        raise UsageError(f"--budget: {budget:g} is too little: {what}\n  {fits}")
    return "" if yes or _agreed(what) else "not asked: nobody said yes"


def _agreed(what: Bill) -> bool:
    if not sys.stdin.isatty():
        raise UsageError(f"it is billed, and there is nobody to ask: {what}\n  --yes says that it may be")
    sys.stderr.write(f"Send {what}? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
