"""Names of classes as people mean them: what can't be seen doesn't make another class."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

UNSEEN = re.compile("[\u00ad\u200b\u2060\ufeff]")
"""Soft hyphen, and blanks without width. Those that join letters (U+200C, U+200D) mean something."""
UNWRITABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters, and halves of characters."""
BETWEEN = re.compile(r"[\s_-]+")
"""What stands between the words of a name."""
DECIMAL = re.compile(r"(-?\d+)\.0*")


def normal(name: str) -> str:
    """A name in Unicode's composed form, trimmed, each run of blanks one blank."""
    return " ".join(unicodedata.normalize("NFC", UNSEEN.sub("", name)).split())


def alike(names: Iterable[str]) -> list[list[str]]:
    """Names that differ in nothing but case, blanks, dashes or Unicode's form, in sets of two and more."""
    sets: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        sets[BETWEEN.sub("", unicodedata.normalize("NFKC", name).casefold())].append(name)
    return [members for members in sets.values() if len(members) > 1]


def whole(number: float | Decimal) -> str:
    """A number as its name is written: 1.0 as 1."""
    return undecimal(str(number))


def undecimal(name: str) -> str:
    """``1`` for ``1.0``, as a table writes whole numbers in a column with gaps."""
    found = DECIMAL.fullmatch(name)
    return found[1] if found else name
