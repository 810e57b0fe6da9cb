"""A plan while it is made: values with their reasons, in which what a person wrote stands already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

GIVEN = "as asked for"


@dataclass
class Draft:
    """Values by dotted key, such as ``input.height``, in the order in which they were put."""

    given: Mapping[str, Any]
    """by dotted key: what a person wrote, which wins"""
    values: dict[str, Any] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def put(self, key: str, value: Any, reason: str) -> Any:
        """Plan ``value`` for ``key``, unless a person wrote one; returns what holds."""
        self.values[key], self.reasons[key] = (self.given[key], GIVEN) if key in self.given else (value, reason)
        return self.values[key]

    def warn(self, text: str) -> None:
        """Remember what is to be said once, before training."""
        self.warnings.append(text)

    def document(self) -> dict[str, Any]:
        """The configuration as nested sections, with what a person wrote and no rule put."""
        found: dict[str, Any] = {}
        for key, value in {**self.values, **{k: v for k, v in self.given.items() if k not in self.values}}.items():
            section, _, name = key.rpartition(".")
            (found.setdefault(section, {}) if section else found)[name] = value
        return found


def flat(document: Mapping[str, Any], sections: frozenset[str]) -> dict[str, Any]:
    """Values of a configuration by dotted key; ``sections`` are the top-level keys that have keys of their own."""
    found: dict[str, Any] = {}
    for key, value in document.items():
        if key in sections and isinstance(value, Mapping):
            found |= {f"{key}.{name}": inner for name, inner in value.items()}
        else:
            found[key] = value
    return found
