"""Which class a label names, in the one spelling that is kept."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from training.data.formats import spelling
from training.data.formats.entries import BadValueError, Fault, Value
from training.findings import Kind, shown

NAMED = 20
"""Classes of a configuration that a message lists."""
EMPTY = "(empty)"
"""How messages call a name that is missing."""
MISSING = "write what the object is, or remove its box"


@dataclass
class ClassNames:
    """The classes that may occur, to be found by what labels call them."""

    allowed: Collection[str] | None
    """any where None"""
    called: str
    """what the format calls a label's class"""
    _found: dict[Value, tuple[str, str]] = field(default_factory=dict)

    def find(self, value: Value) -> tuple[str, str]:
        """The class that ``value`` names, and the key in `checking.MENDED` of what was mended, if anything.

        Raises:
            BadValueError: it names none, or none that may occur
        """
        try:
            return self._found[value]
        except KeyError:
            found = self._found[value] = self._spelt(value)
            return found
        except TypeError:  # a list
            return self._spelt(value)

    def named(self) -> frozenset[str]:
        """The classes that were found so far."""
        return frozenset(name for name, _ in self._found.values())

    def _spelt(self, value: Value) -> tuple[str, str]:
        if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
            value = ""
        raw = value if isinstance(value, str) else spelling.whole(value)
        name = spelling.normal(raw)
        if spelling.UNWRITABLE.search(name):
            raise BadValueError(Fault(Kind.CLASS, self.called, f"{shown(raw)} holds what no text can"))
        if not name and self.allowed:
            raise BadValueError(Fault(Kind.CLASS, self.called, self._unknown(""), EMPTY, MISSING))
        if not name:
            raise BadValueError(Fault(Kind.CLASS, self.called, "is missing", remedy=MISSING))
        if self.allowed is None:
            return name, "class's blanks" if name != raw else ""
        if raw in self.allowed:
            return raw, ""
        if name in self._normal:
            return self._normal[name], "class's blanks"
        if (plain := spelling.undecimal(name)) in self._normal:
            return self._normal[plain], "class as decimal"
        raise BadValueError(Fault(Kind.CLASS, self.called, self._unknown(raw), name))

    @cached_property
    def _normal(self) -> dict[str, str]:
        return {spelling.normal(name): name for name in self.allowed or ()}

    def _unknown(self, name: str) -> str:
        known = [shown(one) for one in self.allowed or ()]
        more = ["…"] if len(known) > NAMED else []
        return f"{shown(name) if name else EMPTY} is not one of {', '.join([*known[:NAMED], *more])}"
