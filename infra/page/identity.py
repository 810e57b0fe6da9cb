"""What a page calls itself, from its model's classes, in the words of frontend/app/src/app/text.ts."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.errors import CommandError, MissingPartError

SCRIPT = "identity.mjs"
"""Beside the built app, not served: a manifest to these words, in Node."""


@dataclass(frozen=True)
class Identity:
    """Of a page; ``promise`` is one line that says what it does, the rest is said before and without its program."""

    lang: str
    name: str
    promise: str
    icon: Mapping[str, str]
    starting: str
    late: str
    noscript: str


def of(manifest: Mapping[str, Any], app: Path, folder: str | None = None) -> Identity:
    """The identity of a page, by the built ``app``: of a model with ``manifest``, or of one that labels ``folder``."""
    asked = json.dumps({**{key: manifest[key] for key in ("name", "classes", "reading")}, "folder": folder})
    command = ["node", str(app / SCRIPT)]
    try:
        done = subprocess.run(command, input=asked, capture_output=True, text=True, encoding="utf-8", check=False)
    except OSError as error:
        raise MissingPartError("there is no Node, which builds the page: ./inv doctor says what to install") from error
    if done.returncode:
        raise CommandError("page", command, done.returncode, done.stderr.splitlines()[-5:])
    return Identity(**json.loads(done.stdout))
