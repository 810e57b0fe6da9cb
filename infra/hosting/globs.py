"""The patterns of ``firebase.json``: which files are left out, which headers a path gets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any


def matches(glob: str, path: str) -> bool:
    """Whether ``path``, without a slash in front, is one of those that ``glob`` means."""
    words = re.split(r"(\*\*/|\*\*|\*)", glob.removeprefix("/"))
    meanings = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    return re.fullmatch("".join(meanings.get(word, re.escape(word)) for word in words), path) is not None


def is_left_out(path: str, hosting: Mapping[str, Any]) -> bool:
    """Whether a file isn't deployed."""
    return any(matches(glob, path) for glob in hosting.get("ignore", ()))


def headers(path: str, rules: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The headers that ``path`` gets; a later rule wins."""
    found: dict[str, str] = {}
    for rule in rules:
        source = rule.get("source")
        if matches(source, path) if source else re.search(rule["regex"], f"/{path}"):
            found |= {header["key"]: header["value"] for header in rule["headers"]}
    return found
