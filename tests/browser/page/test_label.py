"""A folder is labelled in Chromium: proposals, corrections by pointer and keys, and what is kept at every step."""

from __future__ import annotations

import contextlib
import csv
import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from infra.execution.local import Local
from infra.hosting import emulator
from infra.labelling import page as desk
from infra.labelling import server, session
from infra.settings import RELEASED
from tests.browser import pictures, scripted
from tests.browser.conftest import Witness, open_kept, until
from tests.conftest import ROOT, Place

RACCOONS = ROOT.parent / "shared" / "data" / "objects" / "raccoon"
WHOLE_WAY = 20
"""Photos that are labelled and trained on."""
SIZE = (600, 400)
Rows = list[list[str]]


@contextlib.contextmanager
def labelling(
    folder: Path, scratch: Path, *classes: str, model: bool = False, port: int | None = None
) -> Iterator[str]:
    """The address of the page on which ``folder`` is labelled."""
    web_model = RELEASED / "web_model" if model else None
    begun = session.begin(folder, web_model, classes, Local(), released=model and not classes)
    site = scratch / "desk"
    desk.lay_out(begun, site)
    with server.serving(begun, site, port) as address:
        yield address


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three plain photos."""
    made = tmp_path / "my photos"
    made.mkdir()
    for name in ("a.png", "b.png", "c.png"):
        Image.new("RGB", SIZE, "#68755f").save(made / name)
    return made


@pytest.fixture
def by_hand(folder: Path, tmp_path: Path) -> Iterator[str]:
    with labelling(folder, tmp_path, "cat", "dog") as address:
        yield address


def kept(folder: Path) -> Rows:
    """The rows of its labels, as another program reads them."""
    file = folder / "annotations.csv"
    if not file.exists():
        return []
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.reader(stream))[1:]


def settled(page: Page) -> None:
    """Until what was done is kept; it takes the page a picture to say that it isn't yet."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    expect(page.get_by_test_id("saved")).to_have_text("All saved")


def ready(page: Page, name: str | None = None) -> None:
    """Until a photo is there to be labelled."""
    if name:
        expect(page.get_by_test_id("name")).to_have_text(name)
    expect(page.get_by_test_id("corrector")).to_be_visible()


def draw(page: Page, left: float, top: float, right: float, bottom: float) -> None:
    """A frame, its sides in shares of the photo."""
    box = page.locator(".photo-image").bounding_box()
    assert box
    page.mouse.move(box["x"] + left * box["width"], box["y"] + top * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + right * box["width"], box["y"] + bottom * box["height"], steps=4)
    page.mouse.up()


def test_frames_are_drawn_named_and_kept_at_every_step(
    page: Page, witness: Witness, by_hand: str, folder: Path
) -> None:
    page.goto(by_hand)
    ready(page, "a.png")
    expect(page.get_by_test_id("progress")).to_have_text("0 of 3 photos")
    draw(page, 0.1, 0.1, 0.4, 0.5)
    settled(page)
    (row,) = kept(folder)
    assert row[:4] == ["a.png", "600", "400", "cat"]
    assert [float(side) for side in row[4:]] == pytest.approx([60, 40, 240, 200], abs=3)
    page.keyboard.press("d")
    settled(page)
    assert [row[3] for row in kept(folder)] == ["dog"]
    page.keyboard.press("1")
    draw(page, 0.5, 0.5, 0.9, 0.9)
    page.keyboard.press("2")
    settled(page)
    assert [row[3] for row in kept(folder)] == ["cat", "dog"]
    page.keyboard.press("Delete")
    settled(page)
    assert [row[3] for row in kept(folder)] == ["cat"]
    page.keyboard.press("Control+z")
    settled(page)
    assert [row[3] for row in kept(folder)] == ["cat", "dog"]
    counts = page.get_by_test_id("count")
    expect(counts).to_have_text(["1", "1"])
    expect(page.get_by_test_id("progress")).to_have_text("1 of 3 photos")
    page.keyboard.press("Enter")
    ready(page, "b.png")
    expect(page.locator(".frame")).to_have_count(0)
    page.get_by_test_id("next").click()
    ready(page, "c.png")
    settled(page)
    assert kept(folder)[-1] == ["b.png", "600", "400", "", "", "", "", ""]
    # Without work, nobody has looked.
    draw(page, 0.1, 0.1, 0.3, 0.3)
    settled(page)
    assert [row[0] for row in kept(folder)] == ["a.png", "a.png", "b.png", "c.png"]
    page.keyboard.press("Control+z")
    settled(page)
    assert [row[0] for row in kept(folder)] == ["a.png", "a.png", "b.png"]
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("finished")).to_contain_text("All 3 photos are labelled")
    expect(page.get_by_test_id("finished")).to_contain_text(f"--annotations '{folder}/annotations.csv'")


def test_photos_are_gone_through_and_gone_back_to(page: Page, witness: Witness, by_hand: str, folder: Path) -> None:
    page.goto(by_hand)
    ready(page, "a.png")
    page.keyboard.press("PageDown")
    ready(page, "b.png")
    page.keyboard.press("Enter")
    ready(page, "c.png")
    page.keyboard.press("PageUp")
    ready(page, "b.png")
    page.get_by_test_id("previous").click()
    ready(page, "a.png")
    assert [row[0] for row in kept(folder)] == ["b.png"], "what is left for later isn't kept"
    page.get_by_test_id("skip").click()
    ready(page, "b.png")
    page.get_by_test_id("list").locator("summary").click()
    page.get_by_test_id("list").get_by_text("c.png").click()
    ready(page, "c.png")
    page.keyboard.press("Enter")
    ready(page, "a.png")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("finished")).to_be_visible()
    settled(page)
    assert sorted(row[0] for row in kept(folder)) == ["a.png", "b.png", "c.png"]


def test_keys_do_all_without_a_pointer(page: Page, witness: Witness, by_hand: str, folder: Path) -> None:
    page.goto(by_hand)
    ready(page, "a.png")
    page.keyboard.press("d")
    page.get_by_test_id("add").focus()
    page.keyboard.press("Enter")
    # The keys go to the frame once it is there and has the focus.
    expect(page.locator(".handle").first).to_be_visible()
    settled(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    settled(page)
    (row,) = kept(folder)
    assert row[3:] == ["dog", "262", "160", "342", "242"]
    page.keyboard.press("Escape")
    expect(page.locator(".handle")).to_have_count(0)
    page.get_by_test_id("frames").get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".handle")).to_have_count(4)
    ready(page, "a.png")
    page.keyboard.press("c")
    settled(page)
    assert kept(folder)[0][3] == "cat"


def test_fingers_draw_and_name(browser: Browser, by_hand: str, folder: Path) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(by_hand)
    ready(page, "a.png")
    box = page.locator(".photo-image").bounding_box()
    assert box
    finger = context.new_cdp_session(page)
    for kind, share in (("touchStart", 0.2), ("touchMove", 0.5), ("touchMove", 0.7), ("touchEnd", None)):
        place = {"x": box["x"] + (share or 0) * box["width"], "y": box["y"] + (share or 0) * box["height"]}
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [place] if share else []})
    page.locator("[data-testid=classes] [data-name=dog]").tap()
    settled(page)
    (row,) = kept(folder)
    assert row[3] == "dog"
    assert [float(side) for side in row[4:]] == pytest.approx([120, 80, 420, 280], abs=3)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    page.get_by_test_id("next").tap()
    ready(page, "b.png")
    context.close()


def test_the_work_is_gone_on_with_after_a_stop(page: Page, witness: Witness, folder: Path, tmp_path: Path) -> None:
    with labelling(folder, tmp_path, "cat", "dog") as address:
        page.goto(address)
        ready(page, "a.png")
        draw(page, 0.1, 0.1, 0.4, 0.5)
        page.keyboard.press("Enter")
        ready(page, "b.png")
        settled(page)
    before = kept(folder)
    with labelling(folder, tmp_path, "dog") as address:
        page.goto(address)
        ready(page, "b.png")
        expect(page.get_by_test_id("progress")).to_have_text("1 of 3 photos")
        # The file's classes are there, too.
        expect(page.locator("[data-testid=classes] button")).to_have_count(2)
        page.get_by_test_id("list").locator("summary").click()
        page.get_by_test_id("list").get_by_text("a.png").click()
        ready(page, "a.png")
        expect(page.locator(".frame")).to_have_count(1)
        assert kept(folder) == before


def test_what_cant_be_kept_is_said_and_kept_later(page: Page, folder: Path, tmp_path: Path) -> None:
    with labelling(folder, tmp_path, "cat") as address:
        page.goto(address)
        ready(page, "a.png")
        port = int(address.rsplit(":", 1)[1])
    draw(page, 0.1, 0.1, 0.4, 0.5)
    expect(page.get_by_test_id("unsaved")).to_contain_text("Start ./inv label again")
    assert kept(folder) == []
    with labelling(folder, tmp_path, "cat", port=port):
        page.get_by_test_id("retry").click()
        expect(page.get_by_test_id("unsaved")).to_have_count(0)
        settled(page)
        assert [row[0] for row in kept(folder)] == ["a.png"]
        (folder / "annotations.csv").write_text("my own notes\n")
        draw(page, 0.5, 0.5, 0.9, 0.9)
        expect(page.get_by_test_id("unsaved")).to_contain_text("has the columns my own notes")
        assert (folder / "annotations.csv").read_text() == "my own notes\n"


def test_photos_that_browsers_cant_open_are_shown_and_others_are_named(
    page: Page, witness: Witness, folder: Path, tmp_path: Path
) -> None:
    for name in ("a.png", "b.png", "c.png"):
        (folder / name).unlink()
    Image.new("RGB", (300, 200), "#68755f").save(folder / "scan.tif")
    (folder / "broken.jpg").write_bytes(b"no picture")
    with labelling(folder, tmp_path, "cat") as address:
        page.goto(address)
        ready(page, "scan.tif")
        until(page, "document.querySelector('.photo-image').naturalWidth === 300")
        expect(page.get_by_test_id("progress")).to_have_text("0 of 1 photo")
        page.get_by_test_id("list").locator("summary").click()
        expect(page.get_by_test_id("list")).to_contain_text("not a readable picture")


def answers(*scores: float) -> list[dict[str, Any]]:
    """What a model sees: a photo has one object, a seven, or none where the score is 0."""
    box = (60.0, 40.0, 240.0, 200.0)
    return [scripted.answer(SIZE, [("7", score, box)] if score else [], incomplete=False) for score in scores]


def test_the_least_sure_photo_comes_first_and_nothing_is_kept_unasked(
    page: Page, witness: Witness, folder: Path, tmp_path: Path
) -> None:
    scripted.script(page, *answers(0.9, 0.6, 0.99), manifest={"score_calibration": None})
    with labelling(folder, tmp_path, model=True) as address:
        page.goto(address)
        ready(page, "b.png")
        expect(page.locator(".frame")).to_have_count(1)
        expect(page.get_by_test_id("standing")).to_contain_text("Proposed")
        expect(page.get_by_test_id("progress")).to_have_text("0 of 3 photos")
        assert kept(folder) == []
        page.keyboard.press("Enter")
        ready(page, "a.png")
        settled(page)
        assert kept(folder) == [["b.png", "600", "400", "7", "60", "40", "240", "200"]]
        page.get_by_test_id("clear").click()
        page.keyboard.press("Enter")
        ready(page, "c.png")
        settled(page)
        assert kept(folder)[-1] == ["a.png", "600", "400", "", "", "", "", ""]


def test_what_a_model_of_other_classes_sees_counts_once_it_has_a_name(
    page: Page, witness: Witness, folder: Path, tmp_path: Path
) -> None:
    scripted.script(page, *answers(0.9, 0.6, 0.7), manifest={"score_calibration": None})
    with labelling(folder, tmp_path, "cat", "dog", model=True) as address:
        page.goto(address)
        ready(page, "b.png")
        expect(page.locator(".frame-label")).to_have_text("?")
        expect(page.get_by_test_id("unnamed")).to_contain_text("1 without a name")
        page.locator(".frame").click()
        page.keyboard.press("d")
        settled(page)
        assert [row[3] for row in kept(folder)] == ["dog"]
        page.keyboard.press("Enter")
        ready(page, "c.png")
        page.get_by_test_id("next").click()
        ready(page, "a.png")
        settled(page)
        assert kept(folder)[-1] == ["c.png", "600", "400", "", "", "", "", ""]


def test_the_released_model_proposes_digits(page: Page, witness: Witness, folder: Path, tmp_path: Path) -> None:
    pictures.saved(pictures.plate(), folder / "b.png")
    with labelling(folder, tmp_path, model=True) as address:
        page.goto(address)
        ready(page)
        page.get_by_test_id("list").locator("summary").click()
        page.get_by_test_id("list").get_by_text("b.png").click()
        ready(page, "b.png")
        expect(page.locator(".frame")).to_have_count(len(pictures.NUMBER))
        page.keyboard.press("Enter")
        settled(page)
    assert [row[3] for row in kept(folder)] == list(pictures.NUMBER)


def test_a_model_that_cant_be_loaded_leaves_the_hand(page: Page, folder: Path, tmp_path: Path) -> None:
    page.context.route("**/model/*", lambda route: route.abort())
    with labelling(folder, tmp_path, model=True) as address:
        page.goto(address)
        expect(page.get_by_test_id("without-model")).to_be_visible()
        ready(page, "a.png")
        draw(page, 0.1, 0.1, 0.4, 0.5)
        settled(page)
    assert len(kept(folder)) == 1


def test_nothing_leaves_the_machine(page: Page, folder: Path, tmp_path: Path) -> None:
    rules = json.loads((ROOT / "firebase.json").read_text("utf-8"))["hosting"]["headers"][0]["headers"]
    policy = next(rule["value"] for rule in rules if rule["key"] == "Content-Security-Policy")
    witness = Witness()
    witness.attend(page)
    with labelling(folder, tmp_path, model=True) as address:
        answer = page.goto(address)
        assert answer
        assert answer.header_value("content-security-policy") == policy
        ready(page)
        page.keyboard.press("Enter")
        settled(page)
        assert witness.complaints == []
        sent = [request.url for request in witness.requests if not request.url.startswith(("blob:", "data:"))]
        assert len(sent) > 5
        assert [url for url in sent if not url.startswith(f"{address}/")] == []
        with page.expect_console_message(lambda message: "blocked by policy" in message.text):
            assert page.evaluate("fetch('https://example.com/').then(() => 'sent', () => 'blocked')") == "blocked"


def test_another_page_neither_sees_nor_writes(page: Page, by_hand: str, folder: Path) -> None:
    elsewhere = "http://elsewhere.localhost/"
    page.context.route(elsewhere, lambda route: route.fulfill(body="<p>elsewhere", content_type="text/html"))
    page.goto(elsewhere)
    done = page.evaluate(
        """async (address) => {
          const tried = {};
          const json = { 'Content-Type': 'application/json' };
          const body = '{"objects": []}';
          for (const [name, request] of Object.entries({
            seen: [`${address}/labelling/session.json`, {}],
            sent: [`${address}/labelling/labels/a.png`, { method: 'PUT', headers: json, body }],
            posted: [`${address}/labelling/labels/a.png`, { method: 'POST', mode: 'no-cors', body }],
          })) {
            tried[name] = await fetch(...request).then((answer) => answer.type, () => 'refused');
          }
          tried.shown = await new Promise((resolve) => {
            const picture = new Image();
            picture.onload = () => resolve('shown');
            picture.onerror = () => resolve('refused');
            picture.src = `${address}/labelling/photos/a.png`;
          });
          return tried;
        }""",
        by_hand,
    )
    assert {done.pop("posted")} <= {"opaque", "refused"}
    assert done == {"seen": "refused", "sent": "refused", "shown": "refused"}
    assert kept(folder) == []


def test_an_offline_copy_of_another_page_at_this_address_goes(
    page: Page, folder: Path, released_folder: Path, tmp_path: Path
) -> None:
    with emulator.serving(released_folder) as address:
        port = int(address.rsplit(":", 1)[1])
        open_kept(page, address)
    with labelling(folder, tmp_path, "cat", port=port) as address:
        page.goto(address)
        ready(page, "a.png")
        until(page, "navigator.serviceWorker.getRegistration().then((found) => !found)")


def test_the_whole_way_from_unlabelled_photos_to_a_page(page: Page, witness: Witness, tmp_path: Path) -> None:
    if not RACCOONS.is_dir():
        pytest.skip(f"{RACCOONS} isn't here")
    with (RACCOONS / "raccoon_labels.csv").open(newline="") as file:
        truth: dict[str, list[list[float]]] = {}
        for name, width, height, _, *sides in list(csv.reader(file))[1:]:
            shares = [float(side) / float((width, height)[place % 2]) for place, side in enumerate(sides)]
            truth.setdefault(name, []).append(shares)
    photos = tmp_path / "raccoons"
    photos.mkdir()
    for name in sorted(truth)[:WHOLE_WAY]:
        shutil.copy(RACCOONS / "images" / name, photos / name)
    place = Place(tmp_path)
    task = subprocess.Popen(
        [str(ROOT / "inv"), "label", str(photos), "--classes", "raccoon"],
        cwd=ROOT,
        env=place.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert task.stdout
    with task.stdout:
        address = task.stdout.readline().strip()
    try:
        page.goto(address)
        for name in sorted(truth)[:WHOLE_WAY]:
            ready(page, name)
            until(page, "document.querySelector('.photo-image').complete")
            for shares in truth[name]:
                draw(page, *shares)
            page.keyboard.press("Enter")
        expect(page.get_by_test_id("finished")).to_be_visible()
        settled(page)
    finally:
        task.send_signal(signal.SIGINT)
        assert task.wait(30) == 0
    assert len({row[0] for row in kept(photos)}) == WHOLE_WAY
    done = place.inv(
        *("pipeline", "--images", str(photos), "--annotations", str(photos)),
        *("--steps", "6", "--start", "mobilenet_v2", "--no-serve", "--quantize", "none"),
        timeout=1800,
    )
    assert done.returncode == 0, done.stderr
    assert (place.site / "index.html").is_file()
    assert json.loads((place.run("raccoons") / "smoke" / "smoke.json").read_text())["passed"]
