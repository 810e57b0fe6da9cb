"""The page for everybody: axe's rules, keyboard, narrow and wide, dark and light, right to left, enlarged text."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from infra.settings import ROOT
from tests.browser import pictures
from tests.browser.conftest import Witness, show, wait_for

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NARROW, WIDE = {"width": 320, "height": 700}, {"width": 1280, "height": 900}


def faults(page: Page) -> list[str]:
    """What axe finds, run by the browser itself: the page's policy holds for all that the page loads."""
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(
        "(rules) => axe.run(document, {runOnly: {type: 'tag', values: rules}})"
        ".then(({violations}) => violations.flatMap(({id, nodes}) => nodes.map((node) => `${id}: ${node.html}`)))",
        RULES,
    )
    return [str(fault) for fault in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [NARROW, WIDE], ids=["narrow", "wide"])
def test_axe_finds_nothing(scheme: str, viewport: dict[str, int], lens: Page, tmp_path: Path) -> None:
    lens.set_viewport_size(viewport)  # type: ignore[arg-type]
    lens.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    assert faults(lens) == []
    first, second = (pictures.saved(pictures.plate(number), tmp_path / f"{number}.png") for number in ("407", "123"))
    show(lens, first, second)
    lens.get_by_test_id("privacy").click()
    lens.get_by_test_id("device").locator("summary").click()
    expect(lens.get_by_test_id("stages")).to_be_visible()
    assert faults(lens) == []
    assert lens.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    lens.get_by_test_id("file").set_input_files(pictures.unreadable("words.jpg", tmp_path))
    wait_for(lens, "error")
    assert faults(lens) == []


def test_all_is_reached_by_the_keyboard(lens: Page, tmp_path: Path) -> None:
    show(lens, pictures.saved(pictures.plate(), tmp_path / "plate.png"))
    lens.locator("body").focus()
    reached: list[str] = []
    for _ in range(40):
        lens.keyboard.press("Tab")
        reached.append(str(lens.evaluate("document.activeElement.dataset.testid ?? document.activeElement.tagName")))
    assert reached[0] == "A", "the first stop is the link that skips to the photo"
    for stop in ("file", "camera", "stage", "zoom-in", "threshold", "copy", "save-json", "save-csv", "save-png"):
        assert stop in reached, stop
    lens.get_by_test_id("camera").focus()
    lens.keyboard.press("Enter")
    expect(lens.get_by_role("dialog")).to_be_visible()
    lens.keyboard.press("Escape")
    expect(lens.get_by_role("dialog")).to_have_count(0)
    assert lens.evaluate("document.activeElement.dataset.testid") == "camera", "the focus is lost"


@pytest.mark.parametrize("viewport", [NARROW, WIDE], ids=["narrow", "wide"])
def test_right_to_left_mirrors_the_page_but_not_the_photo(viewport: dict[str, int], lens: Page, tmp_path: Path) -> None:
    lens.set_viewport_size(viewport)  # type: ignore[arg-type]
    show(lens, pictures.saved(pictures.plate(), tmp_path / "plate.png"))
    lens.evaluate("document.documentElement.dir = 'rtl'")
    assert lens.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    lefts = [box["x"] for frame in lens.locator(".frame").all() if (box := frame.bounding_box())]
    assert lefts == sorted(lefts)
    heading = lens.get_by_role("heading", level=1).bounding_box()
    assert heading
    assert heading["x"] > viewport["width"] / 4


def test_nothing_moves_for_who_wants_no_motion(page: Page, witness: Witness, released: str) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{released}/")
    wait_for(page, "idle")
    moving = page.evaluate(
        "[...document.querySelectorAll('*')]"
        ".filter((node) => getComputedStyle(node).transitionDuration !== '0s').length"
    )
    assert moving == 0
