"""What objects are called in sentences, by the names of their classes."""

from __future__ import annotations

from collections.abc import Sequence


def plural(classes: Sequence[str]) -> str:
    """What many objects of ``classes`` are called: raccoons, digits, characters, objects."""
    if all(len(name) == 1 and name.isdecimal() for name in classes):
        return "digits"
    if all(len(name) == 1 for name in classes):
        return "characters"
    # A name is a noun of unknown spelling; only plain words are bent.
    if len(classes) == 1 and classes[0].isascii() and classes[0].isalpha() and classes[0].islower():
        return _many(classes[0])
    return "objects"


def _many(noun: str) -> str:
    if noun.endswith(("s", "x", "z", "ch", "sh")):
        return f"{noun}es"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}s"
