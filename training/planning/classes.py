"""Which classes are learned: those of the labels, less slips of the hand; or those that were asked for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence

from training.errors import ConfigurationError
from training.findings import shown

FREQUENT = 20
"""A class is frequent beside another that has this many times fewer objects."""
MANY = 1000
"""Objects beside which a class of a single one is a slip, whatever its name."""
ALIKE = 0.8
"""Similarity of two names from which one may be the other, mistyped."""
SIDES = (
    {"left", "right"},
    {"links", "rechts"},
    {"gauche", "droite"},
    {"izquierda", "derecha"},
    {"sinistra", "destra"},
    {"esquerda", "direita"},
    {"lh", "rh"},
    {"port", "starboard"},
    {"clockwise", "anticlockwise", "counterclockwise"},
    {"左", "右"},
)
"""Words that say which side: the mirror image of such a thing is another thing."""


def in_order(names: Iterable[str]) -> list[str]:
    """Names sorted as people do, 2 before 10; rows of labels may come in any order."""
    return sorted(names, key=lambda name: (_parts(name), name))


def _parts(name: str) -> list[str]:
    """What is compared: digits as numbers of equal length."""
    return [part.zfill(12) if part.isdecimal() else part for part in re.split(r"(\d+)", name.casefold()) if part]


def slips(counts: Mapping[str, int]) -> dict[str, str]:
    """Classes that are most likely slips of the hand, each with the reason: of a single object; two are meant."""
    found = {}
    ranked = sorted(counts.values())
    usual = ranked[len(ranked) // 2] if ranked else 0
    for name in [name for name, count in counts.items() if count == 1]:
        near = [other for other, others in counts.items() if others >= FREQUENT and _alike(name, other)]
        if near:
            most = max(near, key=lambda other: (counts[other], other))
            found[name] = f"{shown(name)} has 1 object beside {counts[most]:,} of {shown(most)}, a name much like it"
        elif usual >= FREQUENT and sum(ranked) >= MANY:
            found[name] = f"{shown(name)} has a single object among {sum(ranked):,}"
    return found


def _alike(one: str, other: str) -> bool:
    """Whether a name may be the other, cut short or mistyped. Numbers tell names apart."""
    if re.findall(r"\d+", one) != re.findall(r"\d+", other) or min(len(one), len(other)) < 2:
        return False
    words, others = (set(re.findall(r"\w+", text.casefold().replace("_", " "))) for text in (one, other))
    if words and (words < others or words == others):
        return True
    return difflib.SequenceMatcher(None, one.casefold(), other.casefold()).ratio() >= ALIKE


def chosen(wanted: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """The classes that somebody asked for. Raises ConfigurationError for one that the labels don't have."""
    for name in wanted:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1, 0.5)
            hint = f"did you mean {shown(near[0])}?" if near else f"they have {listed(known)}"
            raise ConfigurationError(f"classes: the labels have no object of {shown(name)}; {hint}")
    twice = [name for name in wanted if wanted.count(name) > 1]
    if twice:
        raise ConfigurationError(f"classes: {shown(twice[0])} stands twice")
    return tuple(wanted)


def listed(names: Sequence[str], first: int = 12) -> str:
    """Names for people: the first of them, and how many more."""
    told = ", ".join(shown(name) for name in names[:first])
    return f"{told} and {len(names) - first} more" if len(names) > first else told


def is_character(name: str) -> bool:
    """Whether a class is one letter, digit or sign that is read; emoji are pictures."""
    return len(name) == 1 and (name.isalnum() or name.isascii())


def has_side(name: str) -> bool:
    """Whether a class says which side it is of."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    words = set(re.findall(r"[^\W_]+", spaced.casefold()))
    return any(words & side for side in SIDES) or any(sign in name for sign in ("左", "右"))
