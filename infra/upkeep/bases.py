"""The image that all of ours begin with: pinned by digest, and which digest its tag has now."""

from __future__ import annotations

import re
from pathlib import Path

from infra.errors import DigitlensError
from infra.execution import engine
from infra.progress import say
from infra.settings import ROOT

FOLDER = ROOT / "docker"
PIN = re.compile(r"^ARG BASE_IMAGE=(?P<name>\S+)@(?P<digest>sha256:[0-9a-f]{64})$", re.M)


def update(folder: Path = FOLDER) -> list[str]:
    """Pin the base of each Dockerfile to what its tag is now; returns what was changed, a line each.

    Asks the registry by the engine; without either the pins stay, and a line says so.
    """
    changed = []
    for file in sorted(folder.glob("*.Dockerfile")):
        text = file.read_text("utf-8")
        for name, digest in PIN.findall(text):
            try:
                new = current(name)
            except DigitlensError as error:
                say(f"{file.name}: base image left as it is ({error})")
                continue
            if new != digest:
                text = text.replace(f"{name}@{digest}", f"{name}@{new}")
                file.write_text(text, "utf-8")
                changed.append(f"{name} {digest[7:19]} -> {new[7:19]} ({file.name})")
    return changed


def current(name: str) -> str:
    """The digest that the registry has for the image ``name``, of all its platforms.

    Raises:
        MissingPartError: no engine, or no such image.
    """
    with engine.expected(f"asking for {name}"):
        return str(engine.connect().images.get_registry_data(name).id)
