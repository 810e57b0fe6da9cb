"""Which Chromium drives the page, and how it is started."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from infra.errors import MissingPartError
from infra.settings import settings

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REMEDY = "apt-get install -y chromium (or: .environments/host/bin/playwright install --with-deps chromium)"


def find() -> Path | None:
    """The browser named in the settings, else one on PATH, else Playwright's own, else None."""
    named = settings().tools.chromium
    if named is not None:
        return named if os.access(named, os.X_OK) else None
    on_path = next((found for name in NAMES if (found := shutil.which(name))), None)
    return Path(on_path) if on_path else _of_playwright()


def _of_playwright() -> Path | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.exists() else None


def require() -> Path:
    """The browser, or ``MissingPartError`` with the command that installs one."""
    found = find()
    if found is None:
        raise MissingPartError(f"no Chromium found for the browser tests; install it: {REMEDY}")
    return found


def flags() -> list[str]:
    """Command-line flags: nothing but the page itself reaches for the network."""
    quiet = [
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    # Chromium refuses to sandbox as root; containers and CI are root.
    return [*quiet, "--no-sandbox"] if os.geteuid() == 0 else quiet
