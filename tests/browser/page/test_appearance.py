"""The main states of the page look as they did when somebody looked at them: narrow, wide and dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageFilter
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import appearance, pictures
from tests.browser.conftest import KEPT, Witness, release_anew, show, until, wait_for

LOOKS: dict[str, dict[str, Any]] = {
    "narrow": {"viewport": {"width": 360, "height": 740}, "color_scheme": "light"},
    "wide": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
}
NUMBERS = {"house.png": "407", "door.png": "86", "meter.png": "5230"}


@pytest.fixture(params=LOOKS)
def look(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any], look: str) -> dict[str, Any]:
    return {**browser_context_args, **LOOKS[look], "reduced_motion": "reduce"}


def walk(page: Page, address: str, site_folder: Path, folder: Path) -> Iterator[tuple[str, list[Locator]]]:
    """Go through the page as a visitor does: the name of each state, and what is by chance in it."""
    page.context.route("**/model/*.bin", lambda _: None)
    page.goto(f"{address}/")
    expect(page.get_by_test_id("result")).to_contain_text("400 kB of")
    yield "first-visit", [page.get_by_test_id("program")]
    page.context.unroute("**/model/*.bin")
    page.reload()
    wait_for(page, "idle")
    for sample in page.locator(".sample-image").all():
        expect(sample).to_have_js_property("complete", True)
    yield "ready", []
    first, *others = (pictures.saved(pictures.plate(number), folder / name) for name, number in NUMBERS.items())
    show(page, first)
    yield "result", []
    page.get_by_test_id("privacy").click()
    page.get_by_test_id("device").locator("summary").click()
    expect(page.get_by_test_id("stages")).to_be_visible()
    yield "panels", [page.locator(".table-scroll"), page.get_by_test_id("stages")]
    page.get_by_test_id("device").locator("summary").click()
    page.locator("#proof summary").click()
    page.get_by_test_id("file").set_input_files([*others, pictures.unreadable("words.jpg", folder)])
    expect(page.locator(".entry-found").last).to_contain_text("can't be read")
    yield "several", []
    page.locator(".entry-show").last.click()
    wait_for(page, "error")
    yield "refused", []
    page.evaluate("document.documentElement.dir = 'rtl'")
    page.locator(".entry-show").first.click()
    yield "right-to-left", []
    page.evaluate("document.documentElement.dir = 'ltr'")
    page.context.grant_permissions(["camera"])
    page.get_by_test_id("camera").click()
    expect(page.get_by_test_id("take")).to_be_enabled(timeout=20_000)
    yield "camera", [page.get_by_role("dialog").locator("video")]
    page.get_by_test_id("camera-close").click()
    until(page, KEPT)
    page.context.set_offline(True)
    expect(page.get_by_test_id("offline")).to_be_visible()
    yield "offline", []
    page.context.set_offline(False)
    release_anew(site_folder)
    page.reload()
    expect(page.get_by_test_id("offer")).to_be_visible()
    for sample in page.locator(".sample-image").all():
        expect(sample).to_have_js_property("complete", True)
    yield "update", []


# Sliders, meters and the like are each engine's own.
@pytest.mark.only_browser("chromium")
def test_the_page_looks_as_it_should(
    look: str, page: Page, witness: Witness, address: str, site_folder: Path, tmp_path: Path
) -> None:
    appearance.steady(page, *map(appearance.reading, NUMBERS.values()))
    faults = []
    for state, hidden in walk(page, address, site_folder, tmp_path):
        page.mouse.move(0, 0)
        page.evaluate("document.activeElement.blur()")
        until(page, "document.fonts.status === 'loaded' && [...document.images].every((image) => image.complete)")
        faults.append(appearance.fault(appearance.picture(page, hidden), f"{state}-{look}"))
    assert [fault for fault in faults if fault] == []


@pytest.mark.only_browser("chromium")
@pytest.mark.parametrize("look", ["narrow"], indirect=True)
def test_a_screen_that_is_touched_is_told_of_nothing_to_drop(browser: Browser, look: str, released: str) -> None:
    page = browser.new_page(**LOOKS[look], has_touch=True, reduced_motion="reduce")
    appearance.steady(page)
    page.goto(f"{released}/")
    wait_for(page, "idle")
    for sample in page.locator(".sample-image").all():
        expect(sample).to_have_js_property("complete", True)
    until(page, "document.fonts.status === 'loaded'")
    fault = appearance.fault(appearance.picture(page, [], is_whole=False), f"touch-{look}")
    page.close()
    assert fault is None


def shifted(picture: Image.Image) -> Image.Image:
    """All below the header 16 pixels of the screen further down."""
    moved = picture.copy()
    moved.paste(picture.crop((0, 40, picture.width, picture.height - 8)), (0, 48))
    return moved


def recoloured(picture: Image.Image) -> Image.Image:
    """The accent, the only strong blue, is red."""
    red, green, blue = picture.split()
    is_blue = ImageChops.subtract(blue, red).point(lambda level: 255 * (level > 60))
    return Image.composite(Image.merge("RGB", (blue, green, red)), picture, is_blue)


def emptied(picture: Image.Image) -> Image.Image:
    """The logo is missing."""
    changed = picture.copy()
    changed.paste(picture.crop((0, 0, 1, 1)).resize((53, 26)), (4, 4))
    return changed


def blurred(picture: Image.Image) -> Image.Image:
    """Edges of letters as another machine smooths them."""
    return picture.filter(ImageFilter.GaussianBlur(0.7))


def rewritten(picture: Image.Image) -> Image.Image:
    """A few letters in other places: each line one pixel of the screen to the side."""
    return ImageChops.offset(picture.resize((picture.width * 2, picture.height * 2)), 1, 0).resize(picture.size)


@pytest.mark.parametrize(
    ("change", "is_seen"),
    [(shifted, True), (recoloured, True), (emptied, True), (blurred, False), (rewritten, False)],
)
@pytest.mark.parametrize("look", LOOKS, indirect=True)
def test_what_matters_is_seen_and_what_machines_differ_in_is_not(
    change: Callable[[Image.Image], Image.Image], is_seen: bool, look: str
) -> None:
    for state in ("ready", "result", "several"):
        with Image.open(appearance.reference(f"{state}-{look}")) as kept:
            picture = kept.convert("RGB")
        apart = appearance.difference(picture, change(picture))
        assert apart.is_seen is is_seen, (state, apart)
