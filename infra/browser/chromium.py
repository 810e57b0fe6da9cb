"""Which Chromium drives the page, how it is started, and how a machine without one gets it.

Found means started: distributions have stubs that only install another package, and builds that need what the machine
denies them. The first that starts as it is shall drive the page, else the first that starts without its own sandbox: it
sees no other page than ours.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from infra.errors import CommandError, MissingPartError
from infra.execution import locks, processes
from infra.progress import say
from infra.settings import ROOT, settings

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Nothing but the page itself reaches for the network."""
UNCONFINED = "--no-sandbox"
START_SECONDS = 60.0
GET_SECONDS = 90.0
"""What a browser usually takes to be downloaded and unpacked."""
UNASKED = {"DEBIAN_FRONTEND": "noninteractive"}
SHARED_LIBRARY = "error while loading shared libraries"


@dataclass(frozen=True)
class Started:
    """A browser that started once with ``flags``."""

    path: Path
    flags: tuple[str, ...]

    def __str__(self) -> str:
        """For the doctor."""
        return str(self.path) + (", without its sandbox" if UNCONFINED in self.flags else "")


@dataclass(frozen=True)
class Search:
    """What became of every browser that there is: the one to use, and what the others said."""

    chosen: Started | None
    refusals: dict[Path, str]

    def __str__(self) -> str:
        """Why there is none to use."""
        said = [f"{path} doesn't start: {words}" for path, words in self.refusals.items()]
        return "; ".join(said) or "there is none"


def find() -> Path | None:
    """The browser that starts, or None."""
    chosen = search().chosen
    return chosen.path if chosen else None


def require() -> Path:
    """The browser that starts; where there is none, one is got first.

    Raises:
        MissingPartError: none can be had without a question; the message has the command.
    """
    return _required().path


def flags() -> list[str]:
    """The command-line flags that the browser started with."""
    return list(_required().flags)


@cache
def search() -> Search:
    """The browser named in the settings, else those on PATH and Playwright's own, each started once."""
    named = settings().tools.chromium
    refusals: dict[Path, str] = {}
    # Chromium never sandboxes as root; containers and CI are root.
    ways = [(*QUIET, UNCONFINED)] if os.geteuid() == 0 else [QUIET, (*QUIET, UNCONFINED)]
    for way in ways:
        for path in [named] if named else _candidates():
            refusals[path] = _refusal(path, way)
            if not refusals[path]:
                return Search(Started(path, way), refusals)
    return Search(None, refusals)


def remedy() -> str:
    """The one command that helps where nothing can be installed without a question."""
    if settings().tools.chromium:
        return "name another as [tools] chromium in digitlens.toml, or none"
    parts = (
        "install-deps" if any(SHARED_LIBRARY in said for said in search().refusals.values()) else "install --with-deps"
    )
    program = Path(sys.executable).with_name("playwright")
    shown = program.relative_to(ROOT) if program.is_relative_to(ROOT) else program
    return f"sudo {shown} {parts} chromium"


def _required() -> Started:
    if search().chosen is None and settings().tools.chromium is None:
        _get()
    found = search()
    if found.chosen is None:
        raise MissingPartError(f"no Chromium for the page: {found}\n  {remedy()}")
    return found.chosen


def _get() -> None:
    """Install a browser by ways that ask nobody anything, until one starts."""
    with locks.waiting(settings().paths.environments / "chromium.lock"):
        # Whoever held the lock may have got it.
        search.cache_clear()
        for what, commands in _ways():
            if search().chosen:
                return
            say(f"Chromium from {what} (some 200 MB, a minute or two) ...")
            try:
                for command in commands:
                    processes.run("chromium", command, cwd=ROOT, environment=UNASKED, seconds=GET_SECONDS)
            except (CommandError, MissingPartError) as error:
                say(f"Chromium isn't to be had from {what}: {str(error).splitlines()[0]}")
            search.cache_clear()


def _ways() -> Iterator[tuple[str, list[list[str]]]]:
    playwright = [sys.executable, "-m", "playwright"]
    yield "Playwright's download", [[*playwright, "install", "--no-shell", "chromium"]]
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    if _of_playwright():
        yield "there, with the libraries that it needs", [[*playwright, "install-deps", "chromium"]]
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]
    yield "the distribution", [["apt-get", "update", "-qq"], install]


def _candidates() -> list[Path]:
    on_path = [Path(found) for name in NAMES if (found := shutil.which(name))]
    return [*on_path, *filter(None, [_of_playwright()])]


@cache
def _place_of_playwright() -> Path:
    from playwright.sync_api import sync_playwright

    def ask() -> Path:
        with sync_playwright() as playwright:
            return Path(playwright.chromium.executable_path)

    # In a thread of its own: who asks may drive a browser already, and Playwright can't be entered twice.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(ask).result()


def _of_playwright() -> Path | None:
    place = _place_of_playwright()
    return place if place.exists() else None


def _refusal(path: Path, way: tuple[str, ...]) -> str:
    """Why ``path`` doesn't start with ``way``, in a line; empty if it does."""
    with tempfile.TemporaryDirectory(prefix="digitlens-chromium-", ignore_cleanup_errors=True) as profile:
        words = [str(path), "--headless", *way, f"--user-data-dir={profile}", "--dump-dom", "about:blank"]
        try:
            done = subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=START_SECONDS,
                check=False,
            )
        except OSError as error:
            return str(error.strerror)
        except subprocess.TimeoutExpired:
            return f"no answer in {START_SECONDS:.0f} s"
    if done.returncode == 0 and "<html>" in done.stdout:
        return ""
    lines = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    telling = [line for line in lines if "sandbox" in line.lower() or SHARED_LIBRARY in line]
    return ([*telling, *reversed(lines)] or [f"exit code {done.returncode}"])[0][:200]
