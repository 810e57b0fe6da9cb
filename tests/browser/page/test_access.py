"""The page for everybody: axe's rules, keyboard, narrow and wide, dark and light, right to left, enlarged text."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from infra.settings import ROOT
from tests.browser import pictures
from tests.browser.conftest import KEPT, Witness, open_kept, release_anew, show, until, wait_for

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CUT = """
[...document.querySelectorAll('header *, main *, footer *')].filter((node) => {
  const { overflowX, overflowY } = getComputedStyle(node);
  const isCut = (overflow, whole, seen) => overflow === 'hidden' && whole > seen + 1;
  return isCut(overflowX, node.scrollWidth, node.clientWidth) || isCut(overflowY, node.scrollHeight, node.clientHeight);
}).map((node) => node.className).filter((name) => !['photo', 'entry-name'].includes(name))
"""
"""What hides a part of what is in it. Labels may hang over the photo's edge; long file names are cut at any size."""
NARROW, WIDE = {"width": 320, "height": 700}, {"width": 1280, "height": 900}
ENLARGED = {"width": 640, "height": 450}
"""The wide one, zoomed to 200 %."""


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


def test_the_camera_does_not_wait_for_an_idle_browser(page: Page, witness: Witness, released: str) -> None:
    page.add_init_script("window.requestIdleCallback = () => 0")
    page.goto(f"{released}/")
    wait_for(page, "idle")
    page.get_by_test_id("camera").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def focus(page: Page) -> str:
    """The test id, or else the address or tag, of what has the focus."""
    return str(page.evaluate("(({dataset, id, tagName}) => dataset.testid || id || tagName)(document.activeElement)"))


def press(page: Page, button: Locator) -> None:
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_count(0)


def test_the_focus_is_not_lost_with_the_button_that_had_it(lens: Page, tmp_path: Path) -> None:
    names = ("one.png", "two.png", "three.png")
    show(lens, *(pictures.saved(pictures.plate(), tmp_path / name) for name in names))
    lens.get_by_test_id("threshold").press("End")
    press(lens, lens.get_by_role("button", name="Back to the standard"))
    assert focus(lens) == "threshold"
    lens.get_by_test_id("zoom-in").press("Enter")
    press(lens, lens.get_by_role("button", name="Fit"))
    assert focus(lens) == "stage"
    press(lens, lens.get_by_role("button", name="Remove two.png"))
    assert "three.png" in lens.evaluate("document.activeElement.textContent")
    press(lens, lens.get_by_role("button", name="Remove three.png"))
    # With the list goes its last button.
    assert focus(lens) == "photo"
    press(lens, lens.get_by_test_id("remove"))
    assert focus(lens) == "photo"
    lens.get_by_test_id("sample-house-number").press("Enter")
    wait_for(lens, "done")
    assert focus(lens) == "photo"
    lens.get_by_test_id("file").set_input_files(
        pictures.saved(pictures.plate(size=(3200, 800), height=0.1), tmp_path / "panorama.png")
    )
    press(lens, lens.get_by_test_id("tiles"))
    assert focus(lens) == "photo"


def test_axe_finds_nothing_while_the_model_is_on_its_way(page: Page, witness: Witness, released: str) -> None:
    # Never answered.
    page.context.route("**/model/*.bin", lambda _: None)
    page.goto(f"{released}/")
    expect(page.get_by_test_id("result")).to_contain_text("kB of")
    assert faults(page) == []
    press(page, page.get_by_test_id("cancel"))
    wait_for(page, "cancelled")
    assert faults(page) == []
    assert focus(page) == "photo"
    page.context.unroute("**/model/*.bin")
    press(page, page.get_by_test_id("resume"))
    assert focus(page) == "photo"


def test_axe_finds_nothing_with_the_camera_or_without_a_network(lens: Page) -> None:
    lens.context.grant_permissions(["camera"])
    lens.get_by_test_id("camera").click()
    lens.get_by_test_id("read-live").click()
    expect(lens.get_by_test_id("live")).to_have_attribute("data-text", pictures.NUMBER)
    assert faults(lens) == []
    lens.keyboard.press("Escape")
    until(lens, KEPT)
    lens.context.set_offline(True)
    expect(lens.get_by_test_id("offline")).to_be_visible()
    assert faults(lens) == []


def test_axe_finds_nothing_while_an_update_is_offered(
    page: Page, witness: Witness, address: str, site_folder: Path
) -> None:
    open_kept(page, address)
    release_anew(site_folder)
    page.reload()
    expect(page.get_by_test_id("offer")).to_be_visible()
    assert faults(page) == []
    press(page, page.get_by_role("button", name="Later"))
    assert focus(page) == "photo"


@pytest.mark.parametrize("viewport", [ENLARGED, WIDE], ids=["half", "wide"])
def test_text_of_twice_the_size_loses_nothing(viewport: dict[str, int], lens: Page, tmp_path: Path) -> None:
    lens.set_viewport_size(viewport)  # type: ignore[arg-type]
    show(lens, *(pictures.saved(pictures.plate(), tmp_path / name) for name in ("one.png", "two.png")))
    lens.get_by_test_id("privacy").click()
    lens.get_by_test_id("device").locator("summary").click()
    expect(lens.get_by_test_id("stages")).to_be_visible()
    lens.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
    assert lens.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    assert lens.evaluate(CUT) == []


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
