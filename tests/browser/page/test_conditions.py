"""The page under other people's conditions: refused storage, blocked scripts, odd shapes, translators, paper."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Dialog, Page, Route, expect

from tests.browser import pictures, scripted
from tests.browser.conftest import Witness, show, text_of, until, wait_for

CALIBRATION = {"scores": [0, 0.3, 0.6], "probabilities": [0, 0.5, 0.98]}
PROMISE = "Reads the numbers on a photo, in your browser. Nothing is uploaded."
REFUSE = "Object.defineProperty({}, '{}', {{ get() {{ throw new DOMException('no', 'SecurityError'); }} }});"
REFUSALS = {
    "BroadcastChannel": "globalThis.BroadcastChannel = class { constructor() { throw new DOMException('no'); } };",
    "PerformanceObserver": "globalThis.PerformanceObserver = undefined;",
    "serviceWorker": REFUSE.format("Navigator.prototype", "serviceWorker"),
    "controller": REFUSE.format("ServiceWorkerContainer.prototype", "controller"),
    "localStorage": REFUSE.format("globalThis", "localStorage"),
    "caches": REFUSE.format("globalThis", "caches"),
    "indexedDB": REFUSE.format("globalThis", "indexedDB"),
}
"""What browsers that are told to keep nothing do to a page, before any of its own scripts."""
DROP = """
(node, [kind, data]) => {
  const transfer = new DataTransfer();
  for (const [type, value] of Object.entries(data)) transfer.setData(type, value);
  node.dispatchEvent(kind === 'paste'
    ? new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true })
    : new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
}
"""
FOLDER = """
async (node, [names, bytes]) => {
  const blob = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
  const file = (name) => ({ name, isDirectory: false,
    file: (give) => give(new File([blob, name], name, { type: 'image/jpeg' })) });
  const folder = (name, entries) => ({ name, isDirectory: true, createReader: () => {
    let left = [...entries];
    // Like browsers: not all at once.
    return { readEntries: (give) => give(left.splice(0, 2)) };
  } });
  const inner = folder('inner', names.slice(2).map(file));
  const whole = folder('whole', [...names.slice(0, 2).map(file), inner]);
  const event = new DragEvent('drop', { bubbles: true, cancelable: true });
  Object.defineProperty(event, 'dataTransfer', { value: {
    types: ['Files'], files: [new File([], 'whole')], items: [{ webkitGetAsEntry: () => whole }] } });
  node.dispatchEvent(event);
}
"""
TRANSLATE = """
() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  for (const node of nodes) {
    const isKept = node.parentElement.closest('[translate=no], script, style');
    if (isKept || !node.data.trim()) continue;
    const font = document.createElement('font');
    font.textContent = `${node.data}`;
    node.replaceWith(font);
  }
}
"""
"""What translators of browsers do to the texts of a page."""


def read(page: Page, address: str, photo: Path, *answers: object, **manifest: object) -> None:
    """Show ``photo`` on a page whose worker says ``answers``."""
    scripted.script(page, *answers, manifest=manifest)  # type: ignore[arg-type]
    page.goto(f"{address}/")
    wait_for(page, "idle")
    show(page, photo)


def digits(text: str, *scores: float) -> dict[str, object]:
    found = zip(text, scores, pictures.boxes(text), strict=True)
    return scripted.answer(pictures.SIZE, list(found))


@pytest.fixture
def plate(tmp_path: Path) -> Path:
    return pictures.saved(pictures.plate(), tmp_path / "plate.png")


@pytest.mark.parametrize("fault", ["blocked", "missing", "too new", "never comes"])
def test_a_page_whose_program_does_not_start_says_what_it_is_and_why(fault: str, page: Page, released: str) -> None:
    def spoil(route: Route) -> None:
        match fault:
            case "blocked":
                route.abort("blockedbyclient")
            case "missing":
                route.fulfill(status=404)
            case "too new":
                route.fulfill(content_type="text/javascript", body="let x = #;")

    page.context.route(re.compile(r"/(main|chunk)-\w+\.js"), spoil)
    page.goto(f"{released}/", wait_until="commit")
    expect(page.get_by_role("heading", level=1)).to_have_text("digitlens")
    expect(page.locator(".promise")).to_have_text(PROMISE)
    expect(page.locator(".sample-image")).to_have_count(5)
    late = page.locator(".late").last
    expect(late).to_be_hidden()
    expect(late).to_be_visible(timeout=15_000)
    expect(late).to_contain_text("Reload the page")


def test_without_scripts_the_page_asks_for_them(browser: Browser, released: str) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(f"{released}/")
    expect(page.locator(".promise")).to_have_text(PROMISE)
    expect(page.get_by_text("needs JavaScript")).to_be_visible()
    expect(page.get_by_text("Starting")).to_be_hidden()
    page.close()


@pytest.mark.parametrize("refused", REFUSALS)
def test_what_privacy_settings_refuse_leaves_a_page_that_reads(
    refused: str, page: Page, released: str, plate: Path
) -> None:
    page.add_init_script(REFUSALS[refused])
    page.goto(f"{released}/")
    wait_for(page, "idle")
    show(page, plate)
    assert text_of(page) == pictures.NUMBER


def test_doubt_is_seen_in_the_headline_and_heard(page: Page, witness: Witness, released: str, plate: Path) -> None:
    read(page, released, plate, digits("407", 0.6, 0.35, 0.58), score_calibration=CALIBRATION)
    expect(page.locator(".numbers")).to_have_text("407")
    expect(page.locator(".doubt")).to_have_text("0")
    expect(page.locator(".perhaps")).to_be_visible()
    expect(page.get_by_test_id("said")).to_have_text("perhaps 407")
    expect(page.locator("li[data-class]").nth(1)).to_contain_text("58% sure")


def test_what_is_said_is_the_number_alone(page: Page, witness: Witness, released: str, plate: Path) -> None:
    read(page, released, plate, digits("407", 0.6, 0.6, 0.6), score_calibration=CALIBRATION)
    expect(page.get_by_test_id("said")).to_have_text("407")
    live = page.locator("[role=status]:not(:empty), [aria-live]:not([aria-live=off])").all_inner_texts()
    assert live == ["407"]
    assert not page.get_by_test_id("result").get_attribute("aria-live")


def test_a_translated_page_shows_the_figures_of_its_photo(page: Page, released: str, tmp_path: Path) -> None:
    first, second = digits("11", 0.61, 0.62), digits("77", 0.81, 0.82)
    one, two = (pictures.saved(pictures.plate(name), tmp_path / f"{name}.png") for name in ("11", "77"))
    read(page, released, one, first, second, score_calibration={"scores": [0, 1], "probabilities": [0, 1]})
    page.evaluate(TRANSLATE)
    show(page, two)
    items = page.locator("li[data-class]")
    expect(items.first).to_contain_text("81% sure")
    expect(items.last).to_contain_text("82% sure")
    expect(page.locator(".numbers")).to_have_text("77")
    expect(page.locator(".entry-found")).to_have_text(["11", "77"])
    expect(page.locator(".list-head h2")).to_have_text("2 photos")
    page.get_by_test_id("threshold").focus()
    page.keyboard.press("Home")
    expect(page.locator(".threshold-value")).to_have_text("10% sure")


@pytest.mark.parametrize("size", [(20_000, 600), (600, 10_000), (40, 3000), (3000, 2000)])
@pytest.mark.parametrize("window", [{"width": 390, "height": 844}, {"width": 1280, "height": 800}])
def test_the_window_is_useful_whatever_the_photos_shape(
    size: tuple[int, int], window: dict[str, int], page: Page, witness: Witness, released: str, tmp_path: Path
) -> None:
    page.set_viewport_size(window)  # type: ignore[arg-type]
    photo = pictures.saved(Image.new("RGB", size, "#557755"), tmp_path / "shape.png")
    read(page, released, photo, scripted.answer(size, [("7", 0.9, (0, 0, size[0] / 2, size[1] / 2))]))
    stage, image = page.get_by_test_id("stage"), page.locator(".photo-image")
    place = stage.bounding_box()
    assert place
    assert place["height"] >= 0.3 * min(window["width"], window["height"])
    assert place["height"] <= 0.75 * window["height"]
    assert place["width"] >= 0.5 * min(window["width"], 700)
    expect(image).to_have_js_property("complete", True)
    whole = image.bounding_box()
    assert whole
    assert whole["width"] <= place["width"] + 1
    assert whole["height"] <= place["height"] + 1
    page.get_by_test_id("exact").click()
    expect(page.get_by_test_id("zoom")).to_have_text("100%")
    exact = image.bounding_box()
    assert exact
    assert exact["width"] == pytest.approx(size[0], rel=0.01)
    page.get_by_test_id("zoom-in").evaluate("(button) => { for (let step = 0; step < 40; step++) button.click(); }")
    expect(page.get_by_test_id("zoom-in")).to_have_attribute("aria-disabled", "true")
    beyond = image.bounding_box()
    assert beyond
    assert beyond["width"] >= 3.9 * size[0]
    after = stage.bounding_box()
    assert after == place, "the window changes with the zoom"


def test_double_click_wheel_and_drag_move_the_photo_under_the_pointer(lens: Page, tmp_path: Path) -> None:
    show(lens, pictures.saved(pictures.plate(size=(2400, 1600)), tmp_path / "large.jpg"))
    stage, zoom = lens.get_by_test_id("stage"), lens.get_by_test_id("zoom")
    place = stage.bounding_box()
    assert place
    x, y = place["x"] + place["width"] * 0.3, place["y"] + place["height"] * 0.3
    under = """([x, y]) => {
      const { left, width } = document.querySelector('.photo').getBoundingClientRect();
      return (x - left) / width;
    }"""
    before = lens.evaluate(under, [x, y])
    lens.mouse.dblclick(x, y)
    until(lens, "Number(document.querySelector('[data-testid=zoom]').dataset.zoom) > 2")
    assert lens.evaluate(under, [x, y]) == pytest.approx(before, abs=0.01)
    left = stage.evaluate("(node) => node.scrollLeft")
    lens.mouse.move(x, y)
    lens.mouse.down()
    lens.mouse.move(x - 60, y - 20, steps=4)
    lens.mouse.up()
    assert stage.evaluate("(node) => node.scrollLeft") == pytest.approx(left + 60, abs=2)
    assert lens.locator(".frame-marked").count() == 0, "a drag is no click"
    lens.keyboard.down("Control")
    factor = float(zoom.get_attribute("data-zoom") or 0)
    lens.mouse.wheel(0, -40)
    until(lens, f"Number(document.querySelector('[data-testid=zoom]').dataset.zoom) > {factor}")
    lens.keyboard.up("Control")
    lens.mouse.dblclick(x, y)
    expect(zoom).to_have_attribute("data-zoom", "1")


@pytest.mark.only_browser("chromium")
def test_two_fingers_zoom_the_photo_and_not_the_page(browser: Browser, released: str, plate: Path) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.goto(f"{released}/")
    wait_for(page, "idle")
    show(page, plate)
    place = page.get_by_test_id("stage").bounding_box()
    assert place
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *spread: float) -> None:
        points = [{"x": x + side * apart, "y": y} for apart in spread for side in (-1, 1)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 30)
    for apart in (40, 60, 80, 90):
        touch("touchMove", apart)
    touch("touchEnd")
    until(page, "Number(document.querySelector('[data-testid=zoom]').dataset.zoom) > 2")
    assert page.evaluate("visualViewport.scale") == 1
    page.close()


def test_frames_and_list_answer_each_other(lens: Page, plate: Path) -> None:
    show(lens, plate)
    frames, buttons = lens.locator(".frame"), lens.locator(".detection-show")
    frames.nth(1).click()
    expect(buttons.nth(1)).to_have_attribute("aria-pressed", "true")
    expect(frames.nth(1).locator(".frame-label")).to_contain_text("sure")
    frames.nth(1).click()
    expect(buttons.nth(1)).to_have_attribute("aria-pressed", "false")
    buttons.nth(2).focus()
    lens.keyboard.press("Enter")
    expect(frames.nth(2)).to_have_class(re.compile("frame-marked"))
    lens.get_by_test_id("stage").focus()
    lens.keyboard.press("Escape")
    expect(lens.locator(".frame-marked")).to_have_count(0)


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("drop", {"text/uri-list": "https://example.org/a.jpg"}, "address"),
        ("drop", {"text/plain": "words"}, "address"),
        ("paste", {"text/plain": "https://example.org/a.jpg"}, "no picture in the clipboard"),
        ("paste", {"text/html": "<b>bold</b>"}, "no picture in the clipboard"),
    ],
)
def test_what_is_no_picture_gets_a_word_that_can_be_closed(
    kind: str, data: dict[str, str], words: str, lens: Page
) -> None:
    lens.locator("body").evaluate(DROP, [kind, data])
    notice = lens.get_by_test_id("notice")
    expect(notice).to_contain_text(words)
    notice.get_by_role("button").click()
    expect(notice).to_have_count(0)
    wait_for(lens, "idle")


def test_a_folder_gives_its_photos(lens: Page) -> None:
    names = ["b.jpg", "notes.txt", "a.jpg", ".hidden.jpg", "c.jpeg", "d.PNG"]
    lens.locator("body").evaluate(FOLDER, [names, base64.b64encode(pictures.jpeg()).decode()])
    entries = lens.locator(".entry-name")
    expect(entries).to_have_text(["b.jpg", "a.jpg", "c.jpeg", "d.PNG"])
    expect(lens.get_by_test_id("notice")).to_contain_text("1 file was left out")


@pytest.mark.parametrize(
    ("name", "head", "words"),
    [
        ("film.mp4", b"\0\0\0\x18ftypmp42" + b"\0" * 50, "film"),
        ("scan.pdf", b"%PDF-1.7\n" + b"\0" * 50, "PDF"),
        ("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        ("scan.tif", b"II*\0" + b"\0" * 50, "TIFF"),
        ("page.jpg", b"<!doctype html><html></html>", "web page"),
        ("letter.docx", b"PK\x03\x04" + b"\0" * 50, "document"),
    ],
)
def test_a_refusal_fits_what_was_refused_and_can_be_dismissed(
    name: str, head: bytes, words: str, lens: Page, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_bytes(head)
    lens.get_by_test_id("file").set_input_files(file)
    wait_for(lens, "error")
    alert = lens.get_by_role("alert")
    expect(alert).to_contain_text(words)
    expect(alert).not_to_contain_text("iPhone")
    lens.get_by_test_id("dismiss").click()
    wait_for(lens, "idle")
    expect(lens.locator(".sample").first).to_be_visible()


def test_a_file_that_is_gone_is_said_to_be(lens: Page, tmp_path: Path) -> None:
    lens.evaluate(
        """() => {
          const gone = () => Promise.reject(new DOMException('gone', 'NotFoundError'));
          Blob.prototype.arrayBuffer = gone;
        }"""
    )
    gone = tmp_path / "gone.jpg"
    gone.write_bytes(b"no picture")
    lens.get_by_test_id("file").set_input_files(gone)
    wait_for(lens, "error")
    expect(lens.get_by_role("alert")).to_contain_text("moved or deleted")


def test_the_same_file_is_one_photo_and_the_same_name_twice_gets_a_number(lens: Page, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    first = pictures.saved(pictures.plate("407"), tmp_path / "a.png")
    second = pictures.saved(pictures.plate("86"), tmp_path / "other" / "a.png")
    show(lens, first)
    lens.get_by_test_id("file").set_input_files([first, second])
    expect(lens.locator(".entry-name")).to_have_text(["a.png", "a-2.png"])
    lens.get_by_test_id("file").set_input_files(second)
    expect(lens.get_by_test_id("result")).to_have_attribute("data-photo", "a-2.png")
    expect(lens.locator(".entry-name")).to_have_count(2)


def test_many_photos_have_small_pictures_progress_a_stop_and_one_copy(lens: Page, tmp_path: Path) -> None:
    photos = [
        pictures.saved(pictures.plate(str(10 + index), (1200, 800)), tmp_path / f"{index}.png") for index in range(9)
    ]
    lens.get_by_test_id("file").set_input_files(photos)
    expect(lens.get_by_test_id("progress")).to_have_text(re.compile(r"\d of 9 photos"))
    lens.get_by_test_id("stop").click()
    expect(lens.get_by_test_id("list-go-on")).to_be_visible()
    lens.get_by_test_id("list-go-on").click()
    expect(lens.get_by_test_id("progress")).to_have_count(0, timeout=60_000)
    small = lens.locator("img.entry-image")
    expect(small).to_have_count(9)
    assert max(small.evaluate_all("(all) => all.map((image) => image.naturalWidth)")) <= 320
    lens.context.grant_permissions(["clipboard-read", "clipboard-write"])
    lens.get_by_test_id("copy-all").click()
    expect(lens.get_by_text("Copied.")).to_be_visible()
    lines = lens.evaluate("navigator.clipboard.readText()").split("\n")
    assert [line.split("\t")[0] for line in lines] == [photo.name for photo in photos]
    lens.get_by_test_id("clear").click()
    wait_for(lens, "idle")


@pytest.mark.only_browser("chromium")
def test_leaving_with_photos_asks(browser: Browser, released: str, plate: Path) -> None:
    page = browser.new_page()
    page.goto(f"{released}/")
    wait_for(page, "idle")
    asked: list[str] = []

    def agree(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", agree)
    page.locator("body").click()
    page.reload()
    assert asked == []
    wait_for(page, "idle")
    show(page, plate)
    page.locator(".numbers").click()
    page.reload()
    assert asked == ["beforeunload"]
    page.close()


def test_a_camera_that_ends_says_so_and_starts_again(lens: Page) -> None:
    lens.context.grant_permissions(["camera"])
    lens.get_by_test_id("camera").click()
    lens.get_by_test_id("read-live").click()
    expect(lens.get_by_test_id("live")).to_have_attribute("data-text", pictures.NUMBER)
    lens.evaluate(
        """() => {
          const [track] = document.querySelector('video').srcObject.getTracks();
          track.stop();
          track.dispatchEvent(new Event('ended'));
        }"""
    )
    expect(lens.get_by_role("alert")).to_contain_text("The camera has ended")
    expect(lens.get_by_test_id("live")).to_have_count(0)
    lens.get_by_test_id("camera-retry").click()
    expect(lens.get_by_test_id("take")).to_be_visible()


CAMERAS = """
(() => {
  const names = { front: 'Front', back: 'Back, with light', wide: 'Back, wide' };
  window.asked = []; window.lights = [];
  const { mediaDevices } = navigator;
  const ask = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.enumerateDevices = async () => Object.entries(names).map(([deviceId, label]) =>
    ({ kind: 'videoinput', deviceId, label, groupId: '' }));
  mediaDevices.getUserMedia = async ({ video }) => {
    const device = video.deviceId?.exact ?? 'back';
    window.asked.push(video.deviceId?.exact ?? video.facingMode);
    const stream = await ask({ video: true });
    const [track] = stream.getVideoTracks();
    const own = track.getSettings.bind(track);
    track.getSettings = () => ({ ...own(), deviceId: device });
    track.getCapabilities = () => (device === 'back' ? { torch: true } : {});
    track.applyConstraints = async ({ advanced }) => {
      if (window.isLightBroken) throw new DOMException('no light', 'OverconstrainedError');
      window.lights.push(advanced[0].torch);
    };
    return stream;
  };
})()
"""
"""A phone's three cameras, one of them with a light; their pictures are those of the only one here."""


def test_one_of_several_cameras_is_chosen(page: Page, witness: Witness, released: str) -> None:
    page.add_init_script(CAMERAS)
    page.goto(f"{released}/")
    wait_for(page, "idle")
    page.context.grant_permissions(["camera"])
    page.get_by_test_id("camera").click()
    choice = page.get_by_test_id("cameras")
    expect(choice).to_have_value("back")
    assert [option.strip() for option in choice.locator("option").all_inner_texts()] == [
        "Front",
        "Back, with light",
        "Back, wide",
    ]
    choice.select_option("wide")
    expect(choice).to_have_value("wide")
    assert page.evaluate("window.asked") == ["environment", "wide"]
    page.get_by_test_id("take").click()
    wait_for(page, "done")
    assert text_of(page) == pictures.NUMBER


def test_the_light_is_offered_where_the_camera_has_one(page: Page, witness: Witness, released: str) -> None:
    page.add_init_script(CAMERAS)
    page.goto(f"{released}/")
    wait_for(page, "idle")
    page.context.grant_permissions(["camera"])
    page.get_by_test_id("camera").click()
    light = page.get_by_test_id("torch")
    for state in ("true", "false"):
        light.click()
        expect(light).to_have_attribute("aria-pressed", state)
    assert page.evaluate("window.lights") == [True, False]
    # The other camera has none, and this one's light is off when it comes back.
    light.click()
    page.get_by_test_id("cameras").select_option("front")
    expect(page.get_by_test_id("take")).to_be_visible()
    expect(light).to_have_count(0)
    page.get_by_test_id("cameras").select_option("back")
    expect(light).to_have_attribute("aria-pressed", "false")
    page.evaluate("window.isLightBroken = true")
    light.click()
    expect(light).to_have_count(0)
    expect(page.get_by_test_id("take")).to_be_visible()


def test_a_photo_whose_end_is_missing_is_read_and_said_to_be_incomplete(lens: Page, tmp_path: Path) -> None:
    whole = pictures.jpeg()
    for name, body, count in (("cut.jpg", whole[: int(len(whole) * 0.9)], 1), ("whole.jpg", whole, 0)):
        (tmp_path / name).write_bytes(body)
        show(lens, tmp_path / name)
        expect(lens.get_by_test_id("incomplete")).to_have_count(count)


def test_of_several_openings_one_camera_is_left_on(lens: Page) -> None:
    lens.context.grant_permissions(["camera"])
    lens.evaluate(
        """() => {
          window.tracks = [];
          const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
          navigator.mediaDevices.getUserMedia = async (...given) => {
            const stream = await ask(...given);
            window.tracks.push(...stream.getTracks());
            return stream;
          };
        }"""
    )
    lens.get_by_test_id("camera").click()
    expect(lens.get_by_test_id("take")).to_be_visible()
    lens.evaluate(
        "() => { document.querySelector('video').srcObject.getTracks()[0].dispatchEvent(new Event('ended')); }"
    )
    lens.get_by_test_id("camera-retry").evaluate("(button) => { button.click(); button.click(); button.click(); }")
    expect(lens.get_by_test_id("take")).to_be_visible()
    until(lens, "window.tracks.length === 4")
    until(lens, "window.tracks.filter((track) => track.readyState === 'live').length === 1")
    lens.keyboard.press("Escape")
    until(lens, "window.tracks.every((track) => track.readyState === 'ended')")


@pytest.mark.parametrize("window", [{"width": 844, "height": 390}, {"width": 320, "height": 256}])
def test_what_takes_a_photo_is_reachable_in_a_low_window(window: dict[str, int], lens: Page) -> None:
    lens.set_viewport_size(window)  # type: ignore[arg-type]
    lens.context.grant_permissions(["camera"])
    lens.get_by_test_id("camera").click()
    for name in ("take", "camera-close"):
        button = lens.get_by_test_id(name)
        expect(button).to_be_in_viewport(ratio=1)
    assert (lens.locator("video").bounding_box() or {"height": 0})["height"] > 60


def test_contrast_themes_draw_buttons_bars_and_the_chosen_photo(lens: Page, tmp_path: Path) -> None:
    show(lens, *(pictures.saved(pictures.plate(name), tmp_path / f"{name}.png") for name in ("12", "34")))
    lens.emulate_media(forced_colors="active")
    border = "(node) => parseFloat(getComputedStyle(node).borderTopWidth)"
    for button in lens.locator(".button:visible").all():
        assert button.evaluate(border) >= 1
    colours = "(node) => getComputedStyle(node).backgroundColor"
    assert lens.locator(".detection-fill").first.evaluate(colours) != lens.locator(".result").evaluate(colours)
    chosen, other = (lens.locator(".entry-show").nth(index) for index in (0, 1))
    assert chosen.evaluate(border) > other.evaluate(border)


def test_paper_has_the_photo_and_its_number_alone(lens: Page, plate: Path) -> None:
    lens.emulate_media(color_scheme="dark")
    show(lens, plate)
    lens.emulate_media(media="print", color_scheme="dark")
    expect(lens.locator(".photo-image")).to_be_visible()
    expect(lens.locator(".numbers")).to_be_visible()
    for gone in (".picker", ".footer", ".zoom", ".exports", ".threshold", ".privacy"):
        expect(lens.locator(gone).first).to_be_hidden()
    assert lens.locator("body").evaluate("(node) => getComputedStyle(node).backgroundColor") == "rgb(255, 255, 255)"
    assert lens.locator(".numbers").evaluate("(node) => getComputedStyle(node).color") == "rgb(0, 0, 0)"


def test_on_a_phone_photo_number_and_the_next_photo_are_on_one_screen(
    browser: Browser, released: str, tmp_path: Path
) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.goto(f"{released}/")
    wait_for(page, "idle")
    names = ("12", "34")
    show(page, *(pictures.saved(pictures.plate(name), tmp_path / f"{name}.png") for name in names))
    for part in (".photo-image", ".numbers", "[data-testid=copy]", "label[for=file]", "[data-testid=camera]"):
        expect(page.locator(part)).to_be_in_viewport(ratio=1)
    # Chosen from the end of the list, a photo is brought into sight with its number.
    page.locator(".entry-show").last.scroll_into_view_if_needed()
    page.locator(".entry-show").last.click()
    expect(page.get_by_test_id("result")).to_have_attribute("data-photo", "34.png")
    expect(page.locator(".numbers")).to_be_in_viewport(ratio=1)
    page.close()


@pytest.mark.only_browser("chromium")
def test_a_photo_shared_with_the_installed_page_is_read(lens: Page, released: str, plate: Path) -> None:
    until(lens, "Boolean(navigator.serviceWorker.controller) || navigator.serviceWorker.ready.then(() => true)")
    lens.reload()
    wait_for(lens, "idle")
    manifest = json.loads(lens.evaluate("fetch('manifest.webmanifest').then((answer) => answer.text())"))
    target = manifest["share_target"]
    assert (target["action"], target["method"]) == ("share", "POST")
    field = target["params"]["files"][0]["name"]
    # As the system posts it: a navigation with the files of a form.
    landed = lens.evaluate(
        """async ([field, bytes]) => {
          const form = new FormData();
          form.append(field, new File([Uint8Array.from(bytes)], 'Foto ä.png', { type: 'image/png' }));
          const answer = await fetch('share', { method: 'POST', body: form });
          return answer.url;
        }""",
        [field, list(plate.read_bytes())],
    )
    assert landed == f"{released}/?shared"
    lens.goto(landed)
    expect(lens.get_by_test_id("result")).to_have_attribute("data-photo", "Foto ä.png")
    wait_for(lens, "done")
    assert text_of(lens) == pictures.NUMBER
    assert lens.url == f"{released}/"


def corrected(page: Page) -> list[str]:
    """Classes of the photo's finds, in reading order."""
    # At once: the list may change between two questions.
    names: list[str] = page.locator("li[data-class]").evaluate_all("(items) => items.map((item) => item.dataset.class)")
    return names


def test_finds_are_corrected_by_pointer_and_keys_and_saved_as_labels(lens: Page, plate: Path, tmp_path: Path) -> None:
    show(lens, plate)
    lens.get_by_test_id("correct").click()
    frames = lens.get_by_test_id("corrector").locator(".frame")
    expect(frames).to_have_count(3)
    # Another class, by its key; deleted; taken back.
    frames.nth(0).click()
    lens.keyboard.press("9")
    expect(lens.locator(".numbers")).to_have_text("907")
    frames.nth(1).click()
    lens.keyboard.press("Delete")
    expect(frames).to_have_count(2)
    lens.keyboard.press("Control+z")
    expect(frames).to_have_count(3)
    # Drawn where nothing was found, of the class that was given last; the bar, which comes later, moves the photo.
    expect(lens.locator("app-correction-bar")).to_be_visible()
    image = lens.locator(".photo-image").bounding_box()
    assert image
    scale = image["width"] / pictures.SIZE[0]
    lens.mouse.move(image["x"] + 10 * scale, image["y"] + 10 * scale)
    lens.mouse.down()
    lens.mouse.move(image["x"] + 40 * scale, image["y"] + 60 * scale, steps=3)
    lens.mouse.up()
    expect(frames).to_have_count(4)
    # At once: the list, which has the drawn one first, changes between two questions.
    first = "({ ...document.querySelector('li[data-class]').dataset })"
    until(lens, f"Number({first}.ymin) < 30")
    drawn = lens.evaluate(first)
    sides = [float(drawn[side]) for side in ("xmin", "ymin", "xmax", "ymax")]
    assert sides == pytest.approx([10, 10, 40, 60], abs=1.5)
    assert drawn["class"] == "9"
    # Moved by a key, resized by its corner.
    lens.keyboard.press("ArrowRight")
    until(lens, "Number(document.querySelector('li[data-class]').dataset.xmin) > 10.5")
    corner = lens.locator(".handle[data-corner=se]").bounding_box()
    assert corner
    lens.mouse.move(corner["x"] + corner["width"] / 2, corner["y"] + corner["height"] / 2)
    lens.mouse.down()
    lens.mouse.move(corner["x"] + corner["width"] / 2 + 20 * scale, corner["y"] + corner["height"] / 2, steps=3)
    lens.mouse.up()
    until(lens, "Math.abs(Number(document.querySelector('li[data-class]').dataset.xmax) - 61.6) < 2.5")
    classes = corrected(lens)
    with lens.expect_download() as pending:
        lens.get_by_test_id("save-zip").click()
    with zipfile.ZipFile(pending.value.path()) as archive:
        assert archive.namelist() == ["plate.png", "annotations.csv"]
        assert archive.read("plate.png") == plate.read_bytes()
        rows = list(csv.DictReader(io.TextIOWrapper(archive.open("annotations.csv"), "utf-8")))
    assert [row["class"] for row in rows] == classes
    assert {row["filename"] for row in rows} == {"plate.png"}


def test_a_frame_is_added_by_buttons_alone_and_words_are_chosen_by_their_first_letter(
    page: Page, witness: Witness, released: str, plate: Path
) -> None:
    classes = ["cat", "cow", "dog", *"0123456"]
    found = scripted.answer(pictures.SIZE, [("cat", 0.9, (20, 20, 90, 90))])
    read(page, released, plate, found, classes=classes, reading="none")
    page.get_by_test_id("correct").focus()
    page.keyboard.press("Enter")
    page.get_by_test_id("add").focus()
    page.keyboard.press("Enter")
    expect(page.locator("li[data-class]")).to_have_count(2)
    page.keyboard.press("c")
    page.keyboard.press("c")
    assert sorted(corrected(page)) == ["cat", "cat"]
    page.keyboard.press("d")
    expect(page.locator('li[data-class="dog"]')).to_have_count(1)
    assert sorted(corrected(page)) == ["cat", "dog"]
    page.get_by_test_id("class").select_option("cow")
    assert sorted(corrected(page)) == ["cat", "cow"]
    for _ in range(5):
        page.get_by_test_id("undo").click()
    expect(page.locator("li[data-class]")).to_have_count(1)
    assert corrected(page) == ["cat"]
    expect(page.get_by_test_id("undo")).to_have_attribute("aria-disabled", "true")
