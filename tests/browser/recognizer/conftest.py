"""A page that has loaded nothing yet, beside the recognizer's files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from infra.browser import frontend
from infra.settings import RELEASED
from tests.browser.conftest import Witness
from tests.browser.pictures import photograph
from tests.browser.recognizer.library import EXAMPLE, Library, serving


@pytest.fixture(scope="session", autouse=True)
def _alone(undisturbed: None) -> None:
    """Its files are served from where they are built."""


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Path:
    """plate.png says 123."""
    frontend.build_recognizer(RELEASED / "web_model")
    folder = tmp_path_factory.mktemp("photos")
    photograph(browser, "123", folder / "plate.png")
    return folder


@pytest.fixture
def library(photos: Path) -> Iterator[Library]:
    with serving(Library(photos=photos)) as library:
        yield library


@pytest.fixture
def blank(page: Page, witness: Witness, library: Library) -> Page:
    """A page of the library's origin that has loaded nothing."""
    library.missing.add("example.js")
    page.goto(library.address + EXAMPLE)
    # The script that is missing on purpose.
    witness.complaints.clear()
    return page
