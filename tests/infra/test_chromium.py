"""Which browser is taken: the one that starts, with the flags that it starts with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.browser import chromium
from infra.errors import MissingPartError
from infra.execution import processes
from infra.settings import settings

PAGE = 'echo "<html><head></head><body></body></html>"'
GOOD = PAGE
STUB = 'echo "Command requires the chromium snap to be installed." >&2; exit 1'
UNLINKED = (
    'echo "chrome: error while loading shared libraries: libnss3.so: cannot open shared object file" >&2; exit 127'
)
CONFINED = f'case "$*" in *--no-sandbox*) {PAGE} ;; *) echo "No usable sandbox! Update your kernel" >&2; exit 1 ;; esac'
SILENT = "exit 0"


@pytest.fixture(autouse=True)
def nothing_but_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A PATH with /bin/sh's programs gone, no browser of Playwright's, and a person who isn't root."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(chromium, "_of_playwright", lambda: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    chromium.search.cache_clear()
    yield
    chromium.search.cache_clear()
    settings.cache_clear()


def put(folder: Path, **programs: str) -> None:
    for name, script in programs.items():
        file = folder / name.replace("_", "-")
        file.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        file.chmod(0o755)


@pytest.mark.parametrize(
    ("programs", "name", "without_sandbox"),
    [
        ({"chromium": GOOD, "google_chrome": GOOD}, "chromium", False),
        ({"chromium": STUB, "google_chrome": GOOD}, "google-chrome", False),
        ({"chromium_browser": STUB, "google_chrome_stable": GOOD}, "google-chrome-stable", False),
        ({"chromium": UNLINKED, "google_chrome": GOOD}, "google-chrome", False),
        ({"chromium": SILENT, "google_chrome": GOOD}, "google-chrome", False),
        # GitHub's ubuntu-24.04: the first has no profile that lets it make namespaces, the second has.
        ({"chromium": CONFINED, "google_chrome": GOOD}, "google-chrome", False),
        ({"chromium": STUB, "google_chrome": CONFINED}, "google-chrome", True),
        ({"chromium": CONFINED}, "chromium", True),
    ],
)
def test_the_browser_that_starts_is_taken(
    tmp_path: Path, programs: dict[str, str], name: str, without_sandbox: bool
) -> None:
    put(tmp_path, **programs)
    found = chromium.search().chosen
    assert found is not None
    assert found.path == tmp_path / name
    assert (chromium.UNCONFINED in found.flags) is without_sandbox
    assert chromium.require() == found.path
    assert chromium.flags() == list(found.flags)


def test_root_never_asks_for_a_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    put(tmp_path, chromium=CONFINED)
    assert chromium.UNCONFINED in chromium.flags()


@pytest.mark.parametrize(
    ("programs", "words", "command"),
    [
        ({}, "there is none", "playwright install --with-deps chromium"),
        (
            {"chromium": STUB},
            "chromium doesn't start: Command requires the chromium snap",
            "install --with-deps chromium",
        ),
        ({"chromium": UNLINKED}, "libnss3.so", "playwright install-deps chromium"),
    ],
)
def test_where_none_can_be_had_there_is_one_message_with_one_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, programs: dict[str, str], words: str, command: str
) -> None:
    put(tmp_path, **programs)
    tried = []
    monkeypatch.setattr(processes, "run", lambda name, command, **_: tried.append(command))
    with pytest.raises(MissingPartError) as caught:
        chromium.require()
    assert words in str(caught.value)
    assert str(caught.value).splitlines()[-1].endswith(command)
    # A person who isn't root is asked nothing, and no system package is touched.
    assert [command[1:] for command in tried] == [["-m", "playwright", "install", "--no-shell", "chromium"]]


def test_what_a_download_brings_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "run", lambda *_, **__: put(tmp_path, chromium=GOOD))
    assert chromium.require() == tmp_path / "chromium"


def test_root_gets_the_distributions_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    put(tmp_path, apt_get="exit 0")
    tried = []

    def run(_: str, command: list[str], **__: object) -> None:
        tried.append(command)
        if command[0] == "apt-get" and "chromium" in command:
            put(tmp_path, chromium=CONFINED)

    monkeypatch.setattr(processes, "run", run)
    assert chromium.require() == tmp_path / "chromium"
    assert [command[0] for command in tried][1:] == ["apt-get", "apt-get"]


def test_a_named_browser_is_never_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, mine=STUB, chromium=GOOD)
    monkeypatch.setenv("DIGITLENS_TOOLS_CHROMIUM", str(tmp_path / "mine"))
    settings.cache_clear()
    with pytest.raises(MissingPartError, match=r"(?s)mine doesn't start.*\[tools\] chromium"):
        chromium.require()
