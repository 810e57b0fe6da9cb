"""Exact versions in inputs (``*.in``, ``*.overrides``, ``package.json``): loosened, and pinned again to what was found.

A project keeps its promises within a major version, before 1.0 within a minor one; whatever else needs a person.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from packaging.version import Version

PYTHON = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)(?P<extras>\[[a-z,-]+\])?==(?P<version>[0-9][\w.]*)(?P<marker>;[^#\n]*?)?(?P<rest>\s*(#.*)?)$",
    re.M,
)
LOCKED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[0-9][\w.]*)", re.M)
EXACT = re.compile(r"\d+\.\d+\.\d+")
SECTIONS = ("dependencies", "devDependencies")


def loosened(text: str) -> str:
    """Requirements with each pin replaced by what may come instead of it."""

    def loose(found: re.Match[str]) -> str:
        return f"{found['name']}{found['extras'] or ''}<{_end(Version(found['version']))}{found['marker'] or ''}"

    return PYTHON.sub(loose, text)


def locked(text: str) -> dict[str, Version]:
    """The versions that a lock of requirements names."""
    return {normal(found["name"]): Version(found["version"]) for found in LOCKED.finditer(text)}


def lowest(locks: Iterable[Mapping[str, Version]]) -> dict[str, Version]:
    """Of each package the version that all ``locks`` can have."""
    found: dict[str, Version] = {}
    for lock in locks:
        for name, version in lock.items():
            found[name] = min(version, found.get(name, version))
    return found


def pinned(text: str, versions: Mapping[str, Version]) -> tuple[str, list[str]]:
    """Requirements with each pin raised to what ``versions`` say, never lowered; and what was raised, a line each."""
    raised = []

    def pin(found: re.Match[str]) -> str:
        old, new = Version(found["version"]), versions.get(normal(found["name"]))
        if new is None or new <= old:
            return found[0]
        raised.append(f"{found['name']} {old} -> {new}")
        return f"{found['name']}{found['extras'] or ''}=={new}{found['marker'] or ''}{found['rest']}"

    return PYTHON.sub(pin, text), raised


def loosen_package(file: Path) -> None:
    """Let each exact version in a ``package.json`` be a newer one."""
    content = json.loads(file.read_text("utf-8"))
    for section in SECTIONS:
        own = content.get(section, {})
        own |= {name: f"^{version}" for name, version in own.items() if EXACT.fullmatch(version)}
    _write(file, content)


def pin_package(file: Path, lock: Mapping[str, Any], workspace: str) -> list[str]:
    """Pin a ``package.json`` to the versions of ``lock``, npm's; returns what was raised, a line each.

    ``workspace`` is where the file lies below the lock, empty beside it.
    """
    content = json.loads(file.read_text("utf-8"))
    raised = []
    for section in SECTIONS:
        for name, old in content.get(section, {}).items():
            places = (f"{workspace}/node_modules/{name}", f"node_modules/{name}")
            found: Mapping[str, Any] = next(
                (lock["packages"][place] for place in places if place in lock["packages"]), {}
            )
            new = found.get("version", old)
            if EXACT.fullmatch(old) and not found.get("link") and Version(new) > Version(old):
                content[section][name] = new
                raised.append(f"{name} {old} -> {new}")
    if raised:
        _write(file, content)
    return raised


def normal(name: str) -> str:
    """A Python package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _end(version: Version) -> str:
    return str(version.major + 1) if version.major else f"0.{version.minor + 1}"


def _write(file: Path, content: Mapping[str, Any]) -> None:
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
