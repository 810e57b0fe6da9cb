"""A page of other objects than digits: its name, words, counts, colours, samples and terms are theirs."""

from __future__ import annotations

import io
import json
import re
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from infra.hosting import emulator
from infra.settings import RELEASED
from tests.browser import pictures, scripted
from tests.browser.conftest import Witness, assembled, show, until, wait_for

CLASSES = ["raccoon", "cat", "red cell", "WBC", "浣熊", "🦝", "a/b/c", '"q" <b>&', "stop_sign", "Platelets"]
"""Names as people give them; as many as the released model has, whose weights serve here."""
TERMS = [
    {"name": "Forest photos", "licence": "CC-BY-NC-4.0", "notice": "By the forest's friends.", "restricted": True},
    {"name": "MobileNetV2", "licence": "Apache-2.0", "notice": "By Google.", "restricted": False},
]
GPS = 0x8825
SIZE = (600, 400)


def theirs(folder: Path, **changes: Any) -> Path:
    """The released model under other names."""
    model = Path(shutil.copytree(RELEASED / "web_model", folder / "web_model"))
    file = model / "manifest.json"
    manifest = json.loads(file.read_text("utf-8"))
    given = {"name": "forest-animals", "classes": CLASSES, "reading": "none", "score_threshold": 0.3, "terms": TERMS}
    file.write_text(json.dumps({**manifest, **given, **changes}), "utf-8")
    return model


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two photos that an owner chose, one of them with a place in its EXIF."""
    folder = tmp_path_factory.mktemp("chosen")
    exif = Image.Exif()
    exif[GPS] = {1: "N", 2: (48.0, 8.0, 0.0)}
    exif[pictures.ORIENTATION] = 6
    pictures.saved(pictures.plate("12", size=(2400, 1600)), folder / "by the river.jpg", exif=exif, quality=95)
    pictures.saved(pictures.plate("3"), folder / "Wald & Wiese.png")
    return folder


@pytest.fixture(scope="module")
def forest(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of their page."""
    folder = tmp_path_factory.mktemp("forest")
    with emulator.serving(assembled(folder / "site", theirs(folder), photos)) as address:
        yield address


def find(page: Page, address: str, found: list[scripted.Detection], path: Path, **manifest: Any) -> None:
    """Show what a model with ``manifest`` found on a photo."""
    scripted.script(page, scripted.answer(SIZE, found), manifest=manifest)
    page.goto(f"{address}/")
    wait_for(page, "idle")
    show(page, pictures.saved(Image.new("RGB", SIZE, "#68755f"), path))


def at(column: int, row: int) -> tuple[float, float, float, float]:
    return (20 + column * 90, 40 + row * 90, 80 + column * 90, 100 + row * 90)


def test_the_page_is_theirs_from_the_first_paint_on(page: Page, forest: str) -> None:
    page.context.route("**/*.js", lambda _: None)
    page.goto(f"{forest}/", wait_until="commit")
    heading = page.get_by_role("heading", level=1)
    promise = "Finds raccoons, cats, red cells and 7 other kinds of objects on a photo"
    expect(heading).to_have_text("Forest animals")
    expect(page.locator(".promise")).to_contain_text(promise)
    expect(page.locator(".sample-image")).to_have_count(2)
    assert page.title() == "Forest animals"
    page.context.unroute("**/*.js")
    page.goto(f"{forest}/")
    wait_for(page, "idle")
    expect(heading).to_have_text("Forest animals")
    expect(page.locator(".promise")).to_contain_text(promise)
    assert page.title() == "Forest animals"


def test_what_stands_for_the_page_elsewhere_is_theirs_too(forest: str) -> None:
    def fetched(path: str) -> bytes:
        with urllib.request.urlopen(f"{forest}/{path}") as answer:
            return bytes(answer.read())

    manifest = json.loads(fetched("manifest.webmanifest"))
    assert manifest["name"] == "Forest animals"
    assert "raccoons" in manifest["description"]
    assert ">F</text>" in fetched("favicon.svg").decode()
    for size in (192, 512):
        with Image.open(io.BytesIO(fetched(f"icons/{size}.png"))) as icon:
            assert icon.size == (size, size)
    with Image.open(io.BytesIO(fetched("preview.png"))) as preview:
        assert preview.size == (1200, 630)
    page = fetched("").decode()
    assert '<meta property="og:title" content="Forest animals"' in page
    assert "digit" not in page
    assert "%" not in re.sub(r"%[0-9A-F]{2}", "", page), "a blank is left"


def test_objects_are_counted_and_no_word_speaks_of_reading(
    page: Page, witness: Witness, forest: str, tmp_path: Path
) -> None:
    found = [("raccoon", 0.9, at(0, 0)), ("WBC", 0.8, at(1, 0)), ("raccoon", 0.7, at(2, 0)), ("cat", 0.6, at(3, 0))]
    find(page, forest, found, tmp_path / "forest.png")
    expect(page.locator(".counts")).to_have_text("2 raccoons, 1 cat, 1 × WBC")
    expect(page.get_by_test_id("said")).to_have_text("2 raccoons, 1 cat, 1 × WBC")
    page.context.grant_permissions(["clipboard-read", "clipboard-write", "camera"])
    page.get_by_test_id("copy").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "2 raccoons, 1 cat, 1 × WBC"
    words = page.locator("body").inner_text()
    page.get_by_test_id("camera").click()
    page.get_by_test_id("read-live").click()
    expect(page.get_by_test_id("live")).to_contain_text("raccoon")
    words += page.get_by_role("dialog").inner_text()
    assert re.findall(r"(?i)\b(?:digits?|numbers?|reads?|reading|lines?)\b", words) == []


@pytest.mark.parametrize("count", [1, 3, 12, 300])
def test_any_number_of_classes_has_a_legend_that_hides_and_shows(
    count: int, page: Page, witness: Witness, forest: str, tmp_path: Path
) -> None:
    names = [*CLASSES, *(f"kind {index}" for index in range(290))][:count]
    shown = names[:30]
    found = [(name, 0.9, at(index % 6, index // 6 % 4)) for index, name in enumerate([*shown, names[0]])]
    page.set_viewport_size({"width": 360, "height": 740})
    find(page, forest, found, tmp_path / "forest.png", classes=names)
    entries = page.locator(".legend-entry")
    expect(entries).to_have_count(len(shown))
    first = entries.first
    expect(first).to_have_text(re.compile(r"raccoon\s*2"))
    items = page.locator("li[data-class]")
    first.click()
    expect(first).to_have_attribute("aria-pressed", "false")
    expect(items).to_have_count(len(found) - 2)
    expect(page.locator(".frame")).to_have_count(len(found) - 2)
    # What is hidden can be shown again.
    expect(entries).to_have_count(len(shown))
    page.get_by_test_id("show-all").click()
    expect(items).to_have_count(len(found))
    colours = {
        (frame.evaluate("(node) => getComputedStyle(node).borderTopColor + getComputedStyle(node).borderTopStyle"))
        for frame in page.locator(".frame").all()
    }
    assert len(colours) == min(len(shown), 21)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    page.get_by_test_id("about").locator("summary").click()
    expect(page.get_by_test_id("classes").get_by_role("listitem")).to_have_text(names)


def test_each_class_has_a_threshold_of_its_own_until_the_visitor_chooses(
    page: Page, witness: Witness, forest: str, tmp_path: Path
) -> None:
    found = [("raccoon", 0.5, at(0, 0)), ("cat", 0.25, at(1, 0)), ("WBC", 0.35, at(2, 0))]
    thresholds = {"raccoon": 0.6, "cat": 0.2}
    find(page, forest, found, tmp_path / "forest.png", class_thresholds=thresholds)
    classes = page.locator("li[data-class]")
    expect(classes).to_have_count(2)
    assert [one.get_attribute("data-class") for one in classes.all()] == ["cat", "WBC"]
    page.get_by_test_id("threshold").focus()
    page.keyboard.press("Home")
    expect(classes).to_have_count(3)


def test_how_sure_the_model_is_said_as_it_was_measured(
    page: Page, witness: Witness, forest: str, tmp_path: Path
) -> None:
    calibration = {"scores": [0.1, 0.3, 0.6], "probabilities": [0.2, 0.5, 0.98]}
    find(page, forest, [("raccoon", 0.45, at(0, 0))], tmp_path / "forest.png", score_calibration=calibration)
    item = page.locator("li[data-class]")
    expect(item).to_contain_text("74% sure")
    # What others rely on is the score.
    expect(item).to_have_attribute("data-score", "0.45")
    expect(page.locator(".threshold-value")).to_have_text("50% sure")


def test_live_video_keeps_its_frames_through_pictures_that_miss_them(page: Page, witness: Witness, forest: str) -> None:
    def seen(shift: float) -> dict[str, Any]:
        left, top, right, bottom = at(1, 1)
        return scripted.answer(SIZE, [("raccoon", 0.9, (left + shift, top, right + shift, bottom))])

    scripted.script(page, seen(0), seen(4), scripted.answer(SIZE, []), seen(-4))
    page.goto(f"{forest}/")
    wait_for(page, "idle")
    page.context.grant_permissions(["camera"])
    page.get_by_test_id("camera").click()
    page.get_by_test_id("read-live").click()
    expect(page.locator(".video .frame")).to_have_count(1)
    page.evaluate(
        """() => {
          window.pictures = 0; window.least = 1;
          const make = window.createImageBitmap;
          window.createImageBitmap = (...given) => {
            window.pictures += 1;
            window.least = Math.min(window.least, document.querySelectorAll('.video .frame').length);
            return make(...given);
          };
        }"""
    )
    until(page, "window.pictures > 12")
    assert page.evaluate("window.least") == 1, "the frame flickers"


def test_samples_are_the_owners_small_and_without_what_cameras_write(
    page: Page, witness: Witness, forest: str, photos: Path
) -> None:
    page.goto(f"{forest}/")
    wait_for(page, "idle")
    samples = page.locator(".sample")
    assert [one.get_attribute("aria-label") for one in samples.all()] == [
        "Sample: Wald Wiese",
        "Sample: by the river",
    ]
    with urllib.request.urlopen(f"{forest}/samples/by-the-river.jpg") as answer:
        body = answer.read()
    with Image.open(io.BytesIO(body)) as photo:
        # Turned as its EXIF said, which is gone with the place in it.
        assert photo.height > photo.width
        assert max(photo.size) == 1600
        assert not photo.getexif()
    small = page.locator(".sample-image").first.get_attribute("src")
    with urllib.request.urlopen(f"{forest}/{small}") as answer:
        assert len(answer.read()) < 8000
    samples.last.click()
    wait_for(page, "done")
    expect(page.get_by_test_id("result")).to_have_attribute("data-photo", "by-the-river.jpg")


def test_terms_travel_into_the_footer(page: Page, witness: Witness, forest: str) -> None:
    page.goto(f"{forest}/")
    wait_for(page, "idle")
    expect(page.get_by_test_id("restricted")).to_have_text(re.compile(r"Forest photos \(CC-BY-NC-4\.0\)"))
    page.get_by_test_id("about").locator("summary").click()
    terms = page.get_by_test_id("terms").get_by_role("listitem")
    expect(terms).to_have_count(2)
    expect(terms.first).to_contain_text("By the forest's friends.")


def test_a_page_of_others_has_none_of_our_samples(released_folder: Path, tmp_path: Path) -> None:
    assert not (assembled(tmp_path / "site", theirs(tmp_path)) / "samples").exists()
    assert (released_folder / "samples").is_dir()
