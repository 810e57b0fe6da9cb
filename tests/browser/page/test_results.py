"""What the page makes of an answer: frames, reading order, threshold, files to keep, the panels."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Download, Page, expect

from tests.browser import pictures, scripted
from tests.browser.conftest import Witness, show, text_of, wait_for
from tests.conftest import Place

CLOSE = 2.0
"""Pixels of the screen."""

LINES = ["407", "586"]
"""On the photo, below each other."""

READINGS = 3
BLOCK = 0.05
"""Seconds that no task of the main thread may take: the browser's own limit for one that is felt."""

COUNT_TASKS = """
() => {
  window.tasks = [];
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (message, ...rest) {
    if (message.type === 'do') window.tasks.push(message.task.type);
    return post.call(this, message, ...rest);
  };
}
"""
"""From now on, what the page asks of its worker is written down."""


@pytest.fixture
def reading(lens: Page, tmp_path: Path) -> Page:
    """The page showing a photo of two lines."""
    show(lens, pictures.saved(pictures.plate("\n".join(LINES), height=0.25), tmp_path / "two.png"))
    return lens


def saved(page: Page, kind: str) -> Path:
    """The file that a button gives."""
    with page.expect_download() as pending:
        page.get_by_test_id(f"save-{kind}").click()
    download: Download = pending.value
    path = download.path()
    assert Path(download.suggested_filename).suffix == f".{kind.removeprefix('all-')}"
    return Path(path)


def test_numbers_and_digits_are_in_reading_order(reading: Page) -> None:
    assert text_of(reading) == "".join(LINES)
    assert reading.locator(".numbers").all_inner_texts() == LINES
    classes = [item.get_attribute("data-class") for item in reading.locator("li[data-class]").all()]
    assert "".join(map(str, classes)) == "".join(LINES)


@pytest.mark.parametrize("steps", [0, 2, 5])
def test_frames_lie_on_their_digits_at_any_zoom(steps: int, reading: Page) -> None:
    for _ in range(steps):
        reading.get_by_test_id("zoom-in").click()
    image = reading.locator(".photo-image").bounding_box()
    assert image
    scale = image["width"] / pictures.SIZE[0]
    items, frames = reading.locator("li[data-class]").all(), reading.locator(".frame").all()
    assert len(items) == len(frames) == 6
    for item, frame in zip(items, frames, strict=True):
        place = frame.bounding_box()
        assert place
        assert place["x"] - image["x"] == pytest.approx(float(item.get_attribute("data-xmin") or 0) * scale, abs=CLOSE)
        assert place["y"] - image["y"] == pytest.approx(float(item.get_attribute("data-ymin") or 0) * scale, abs=CLOSE)


def test_a_label_that_would_hide_a_neighbour_comes_with_the_zoom(
    page: Page, witness: Witness, released: str, tmp_path: Path
) -> None:
    rows = [(14 * column, 14 * row, 14 * column + 10, 14 * row + 13) for row in range(20) for column in range(30)]
    crowd = scripted.answer(pictures.SIZE, [("7", 0.9, box) for box in rows])
    scripted.script(page, crowd)
    page.goto(f"{released}/")
    wait_for(page, "idle")
    show(page, pictures.saved(pictures.plate(), tmp_path / "crowd.png"))
    label = page.locator(".frame-label").nth(305)
    expect(label).to_be_hidden()
    page.locator("li[data-class]").nth(305).hover()
    expect(label).to_be_visible()
    expect(label).to_contain_text("sure")
    page.mouse.move(0, 0)
    expect(label).to_be_hidden()
    for _ in range(6):
        page.get_by_test_id("zoom-in").click()
    expect(label).to_be_visible()


def test_zooming_keeps_what_is_in_the_middle(reading: Page) -> None:
    stage = reading.get_by_test_id("stage")
    # All clicks before anything is drawn.
    reading.get_by_test_id("zoom-in").evaluate("(button) => { for (let step = 0; step < 4; step++) button.click(); }")
    expect(reading.get_by_test_id("zoom")).to_have_attribute("data-zoom", str(1.5**4))
    for side, length in (("Left", "Width"), ("Top", "Height")):
        middle = stage.evaluate(f"(node) => (node.scroll{side} + node.client{length} / 2) / node.scroll{length}")
        assert middle == pytest.approx(0.5, abs=0.02), side


def test_the_threshold_acts_at_once_and_infers_nothing(reading: Page, tmp_path: Path) -> None:
    reading.evaluate(COUNT_TASKS)
    result, items = reading.get_by_test_id("result"), reading.locator("li[data-class]")
    before, count = text_of(reading), items.count()
    assert count > 0
    reading.get_by_test_id("threshold").focus()
    reading.keyboard.press("End")
    expect(items).to_have_count(0)
    expect(result).to_have_attribute("data-text", "")
    expect(result).to_have_attribute("data-state", "done")
    reading.get_by_role("button", name="Back to the standard").click()
    expect(items).to_have_count(count)
    expect(result).to_have_attribute("data-text", before)
    assert reading.evaluate("window.tasks") == []
    # A photo is what makes the worker work, and it is seen here.
    show(reading, pictures.saved(pictures.plate(), tmp_path / "other.png"))
    assert reading.evaluate("window.tasks") == ["recognize"]


def test_the_result_is_kept_as_json_csv_picture_and_text(reading: Page) -> None:
    found = json.loads(saved(reading, "json").read_text("utf-8"))
    assert found["lines"] == LINES
    assert (found["width"], found["height"]) == pictures.SIZE
    rows = list(csv.DictReader(io.StringIO(saved(reading, "csv").read_text("utf-8"))))
    assert "".join(row["class"] for row in rows) == "".join(LINES)
    assert {row["filename"] for row in rows} == {"two.png"}
    with Image.open(saved(reading, "png")) as picture:
        assert picture.size == pictures.SIZE
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 20) or []}
    assert (255, 210, 63) in colours, "no frames are drawn"
    reading.context.grant_permissions(["clipboard-read", "clipboard-write"])
    reading.get_by_test_id("copy").click()
    expect(reading.get_by_text("Copied.")).to_be_visible()
    assert reading.evaluate("navigator.clipboard.readText()") == "\n".join(LINES)


def test_results_of_several_photos_are_kept_together(lens: Page, tmp_path: Path) -> None:
    names = ["one.png", "two.png"]
    show(lens, *(pictures.saved(pictures.plate(), tmp_path / name) for name in names))
    rows = list(csv.DictReader(io.StringIO(saved(lens, "all-csv").read_text("utf-8"))))
    digits = [(name, digit) for name in names for digit in pictures.NUMBER]
    assert [(row["filename"], row["class"]) for row in rows] == digits
    found = json.loads(saved(lens, "all-json").read_text("utf-8"))
    assert [(photo["filename"], photo["lines"]) for photo in found] == [(name, [pictures.NUMBER]) for name in names]


def test_the_table_of_all_photos_is_labels_that_training_takes(lens: Page, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    plates = {"one.png": "407", "empty.png": "", "two.png": "86"}
    photos = [pictures.saved(pictures.plate(number), folder / name) for name, number in plates.items()]
    show(lens, *photos)
    expect(lens.get_by_test_id("photos")).not_to_contain_text(re.compile("waiting|reading"))
    table = shutil.copy(saved(lens, "all-csv"), tmp_path / "labels.csv")
    done = Place(tmp_path).inv("data.check", "--images", str(folder), "--annotations", str(table), "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["errors"] == []
    assert (found["photos"], found["objects"]) == (3, 5)


def test_the_page_lists_every_request_that_was_made(lens: Page, witness: Witness, released: str) -> None:
    # The offline store is complete: nothing more is on its way.
    lens.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
    lens.get_by_test_id("privacy").click()
    rows = lens.get_by_test_id("requests").locator("tbody tr")
    asked = {request.url for request in witness.requests if request.url.startswith("http")}
    assert any(url.endswith(".bin") for url in asked), "the witness does not see workers"
    expect(rows.filter(has_text=".bin").first).to_be_visible()
    listed = {row.get_attribute("data-url") for row in rows.all()}
    assert asked - listed == set()
    expect(lens.locator("#proof")).to_contain_text("Requests to other sites: 0.")


def test_the_page_says_where_time_goes_and_measures_this_device(reading: Page) -> None:
    reading.get_by_test_id("device").locator("summary").click()
    expect(reading.get_by_test_id("backend")).to_contain_text("processor")
    expect(reading.get_by_test_id("stages").locator("dt")).to_have_count(6)
    reading.get_by_test_id("benchmark").click()
    expect(reading.get_by_test_id("measured")).to_contain_text("20 runs", timeout=60_000)


def longest_task(trace: bytes) -> float:
    """Processor seconds of the longest task of the page's main thread: other work of the machine isn't in it."""
    events = json.loads(trace)["traceEvents"]
    names = [event for event in events if event["name"] == "thread_name"]
    threads = [(name["pid"], name["tid"]) for name in names if name["args"]["name"] == "CrRendererMain"]
    tasks = [event["tdur"] for event in events if (event["pid"], event["tid"]) in threads and "tdur" in event]
    assert tasks, "no tasks are seen"
    return float(max(tasks)) / 1e6


@pytest.mark.only_browser("chromium")
def test_the_main_thread_is_free_while_a_photo_is_read(browser: Browser, lens: Page, tmp_path: Path) -> None:
    photo = pictures.saved(pictures.plate(size=(4000, 3000)), tmp_path / "large.jpg", quality=85)
    for _ in range(READINGS):
        lens.reload()
        wait_for(lens, "idle")
        browser.start_tracing(page=lens, categories=["toplevel"])
        show(lens, photo)
        assert longest_task(browser.stop_tracing()) < BLOCK


def test_a_backend_can_be_chosen_by_people_who_test(page: Page, witness: Witness, released: str) -> None:
    page.goto(f"{released}/?backend=cpu")
    wait_for(page, "idle")
    page.get_by_test_id("device").locator("summary").click()
    expect(page.get_by_test_id("backend")).to_contain_text("JavaScript")
