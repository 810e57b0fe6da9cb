"""What a set-up consists of: each thing says how it is looked for, made and taken away again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from infra.hosting.setup.place import Words
from infra.hosting.setup.programs import Reader

Kind = Literal["missing", "wrong", "too wide", "yours", "taken"]
"""Set-up makes what is missing and mends what is wrong; it leaves what is too wide, which somebody may have meant, and
what only a person can do. What is taken by somebody else stops it before it begins."""


@dataclass(frozen=True)
class Fault:
    """Something that isn't as it should be, and the commands that mend it, or what a person has to do."""

    kind: Kind
    says: str
    mend: tuple[Words, ...] = ()
    remedy: str = ""


MISSING = (Fault("missing", "missing"),)
"""What is said of a thing that isn't there: its resource has the commands."""


@dataclass(frozen=True)
class Resource:
    """A thing at Google or GitHub."""

    key: str
    """Its name in the record of what a set-up made; empty for what is never taken away."""
    what: str
    look: Callable[[Reader], tuple[Fault, ...]]
    """What is wrong with it; nothing if it is as it should be."""
    make: tuple[Words, ...] = ()
    remove: tuple[Words, ...] = ()
    stays: str = ""
    """Why it isn't taken away, or not wholly."""
    is_checked: bool = False
    """Whether it is looked at once it was made: not everybody gets what was asked for."""

    def commands(self, fault: Fault) -> tuple[Words, ...]:
        """What mends ``fault``."""
        return fault.mend or (self.make if fault.kind == "missing" else ())
