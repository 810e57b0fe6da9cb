"""Ways for photos to reach the page: files, dropped, pasted, samples, the camera; several of them, odd ones."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import profiles
from tests.browser import pictures
from tests.browser.conftest import show, text_of, until, wait_for

TRANSFER = """
(node, [type, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], 'given.jpg', {type: 'image/jpeg'}));
  const event = type === 'paste'
    ? new ClipboardEvent(type, {clipboardData: data, bubbles: true})
    : new DragEvent(type, {dataTransfer: data, bubbles: true, cancelable: true});
  node.dispatchEvent(event);
}
"""

DEADLY = """
(kind) => {
  window.isDeadly = true;
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (message, ...rest) {
    post.call(this, message, ...rest);
    const source = message.task?.source;
    if (window.isDeadly && (source?.name ?? source?.constructor.name) === kind) this.terminate();
  };
}
"""
"""From now on, no worker outlives a photo of this name or a source of this class."""

TURNED = """
() => {
  window.film = document.createElement('canvas');
  Object.assign(window.film, { width: 640, height: 480 });
  setInterval(() => window.film.getContext('2d').fillRect(0, 0, 640, 640), 50);
  navigator.mediaDevices.getUserMedia = async () => window.film.captureStream(30);
}
"""
"""From now on, the camera is one whose pictures change their size as a phone's do when it is turned."""


def hand_over(page: Page, event: str) -> None:
    """Let ``event`` (drop, paste, dragover) bring a photo."""
    page.locator("body").evaluate(TRANSFER, [event, base64.b64encode(pictures.jpeg()).decode()])


def entries(page: Page) -> Locator:
    return page.get_by_test_id("photos").get_by_role("listitem")


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_a_photo_may_be_dropped_or_pasted(event: str, lens: Page) -> None:
    if event == "drop":
        hand_over(lens, "dragover")
    hand_over(lens, event)
    wait_for(lens, "done")
    assert text_of(lens) == pictures.NUMBER


def test_several_photos_make_a_list_that_shows_what_is_on_each(lens: Page, tmp_path: Path) -> None:
    # Names that don't say what is on the photo: the list shows them, too.
    plates = {"first.png": "407", "second.png": "86", "third.png": "55"}
    photos = [pictures.saved(pictures.plate(number), tmp_path / name) for name, number in plates.items()]
    show(lens, *photos, pictures.unreadable("words.jpg", tmp_path))
    items, result = entries(lens), lens.get_by_test_id("result")
    expect(items).to_have_count(4)
    expect(items.nth(3)).to_contain_text("can't be read")
    found = items.locator(".entry-found")
    for index in range(3):
        expect(found.nth(index)).to_have_text(re.compile(r"^\d+$"))
    readings = found.all_inner_texts()[:3]
    assert len(set(readings)) == 3, "photos of different numbers are read alike"
    for index, (name, reading) in enumerate(zip(plates, readings, strict=True)):
        items.nth(index).get_by_role("button").first.click()
        expect(result).to_have_attribute("data-photo", name)
        expect(result).to_have_attribute("data-text", reading)
    items.nth(1).get_by_role("button").first.click()
    lens.get_by_role("button", name="Remove second.png").click()
    expect(items).to_have_count(3)
    expect(result).to_have_attribute("data-photo", "third.png")
    lens.get_by_test_id("clear").click()
    wait_for(lens, "idle")


def test_a_photo_alone_can_be_removed(lens: Page, tmp_path: Path) -> None:
    remove = lens.get_by_test_id("remove")
    show(lens, pictures.saved(pictures.plate(), tmp_path / "only.png"))
    remove.click()
    wait_for(lens, "idle")
    expect(lens.locator(".photo-image")).to_have_count(0)
    # The list has a button for each.
    show(lens, *(pictures.saved(pictures.plate(), tmp_path / name) for name in ("one.png", "two.png")))
    expect(entries(lens)).to_have_count(2)
    expect(remove).to_have_count(0)


def test_a_photo_chosen_while_the_model_loads_is_read_afterwards(page: Page, released: str, tmp_path: Path) -> None:
    page.goto(f"{released}/")
    photo = pictures.saved(pictures.plate(), tmp_path / "early.png")
    page.get_by_test_id("file").set_input_files(photo)
    expect(page.get_by_test_id("result")).to_have_attribute("data-photo", "early.png")
    wait_for(page, "done")
    assert text_of(page) == pictures.NUMBER


def test_a_sample_is_there_at_once_and_read(lens: Page) -> None:
    sample = lens.get_by_test_id("sample-house-number")
    expect(sample.locator("img")).to_have_js_property("complete", True)
    sample.click()
    wait_for(lens, "done")
    assert text_of(lens) == "128"


def test_a_still_of_the_camera_is_read(lens: Page) -> None:
    lens.context.grant_permissions(["camera"])
    lens.get_by_test_id("camera").click()
    lens.get_by_test_id("take").click()
    wait_for(lens, "done")
    assert lens.get_by_test_id("result").get_attribute("data-photo") == "camera.jpg"
    assert text_of(lens) == pictures.NUMBER
    expect(lens.get_by_role("dialog")).to_have_count(0)


def test_live_video_is_read_one_picture_at_a_time(lens: Page, tmp_path: Path) -> None:
    # Pictures that were taken and not yet given back: never more than one.
    lens.evaluate(
        """() => {
          window.most = 0; window.taken = 0;
          let open = 0;
          const make = window.createImageBitmap;
          window.createImageBitmap = async (...arguments_) => {
            if (!(arguments_[0] instanceof HTMLVideoElement)) return make(...arguments_);
            open += 1; window.taken += 1; window.most = Math.max(window.most, open);
            const bitmap = await make(...arguments_);
            const close = bitmap.close.bind(bitmap);
            bitmap.close = () => { open -= 1; close(); };
            return bitmap;
          };
        }"""
    )
    lens.context.grant_permissions(["camera"])
    lens.get_by_test_id("camera").click()
    lens.get_by_test_id("read-live").click()
    expect(lens.get_by_test_id("live")).to_have_attribute("data-text", pictures.NUMBER)
    until(lens, "window.taken > 5")
    assert lens.evaluate("window.most") == 1
    lens.keyboard.press("Escape")
    expect(lens.get_by_role("dialog")).to_have_count(0)
    taken = lens.evaluate("window.taken")
    # Meanwhile as much is read as several live pictures are.
    for name in ("one.png", "two.png", "three.png"):
        show(lens, pictures.saved(pictures.plate(), tmp_path / name))
    assert lens.evaluate("window.taken") == taken, "the camera goes on after it was closed"


def test_live_reading_that_fails_says_so_and_starts_again(page: Page, released: str) -> None:
    page.goto(f"{released}/")
    wait_for(page, "idle")
    page.context.grant_permissions(["camera"])
    page.evaluate(DEADLY, "ImageBitmap")
    page.get_by_test_id("camera").click()
    live = page.get_by_test_id("read-live")
    live.click()
    expect(page.get_by_role("alert")).to_contain_text("live pictures stopped")
    page.evaluate("() => { window.isDeadly = false; }")
    live.click()
    expect(page.get_by_test_id("live")).to_have_attribute("data-text", pictures.NUMBER)
    expect(page.get_by_role("alert")).to_have_count(0)
    # What is read is said to who can't see it.
    expect(page.get_by_role("dialog").get_by_role("status")).to_have_text(pictures.NUMBER)


def test_the_picture_of_a_camera_that_is_turned_has_its_new_shape(lens: Page) -> None:
    ratio = "Number(document.querySelector('.video').style.getPropertyValue('--ratio'))"
    lens.evaluate(TURNED)
    lens.get_by_test_id("camera").click()
    expect(lens.get_by_test_id("take")).to_be_enabled()
    until(lens, f"{ratio} === 640 / 480")
    lens.evaluate("() => { Object.assign(window.film, { width: 480, height: 640 }); }")
    until(lens, f"{ratio} === 480 / 640")


def test_a_camera_that_may_not_be_used_is_explained(lens: Page) -> None:
    lens.evaluate(
        "() => { navigator.mediaDevices.getUserMedia ="
        " () => Promise.reject(new DOMException('no', 'NotAllowedError')); }"
    )
    lens.get_by_test_id("camera").click()
    expect(lens.get_by_role("alert")).to_contain_text("Allow it")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_as_its_exif_says(orientation: int, lens: Page, tmp_path: Path) -> None:
    show(lens, pictures.turned(orientation, tmp_path / f"turned-{orientation}.jpg"))
    assert text_of(lens) == pictures.NUMBER
    # The frames lie on the picture as the browser shows it: left to right, in the middle.
    image = lens.locator(".photo-image")
    assert image.evaluate("(image) => image.naturalWidth") == pictures.SIZE[0]
    lefts = [frame.bounding_box() for frame in lens.locator(".frame").all()]
    assert [box["x"] for box in lefts if box] == sorted(box["x"] for box in lefts if box)


@pytest.mark.parametrize("kind", ["cmyk", "16-bit", "animated", "transparent", "50 megapixels"])
def test_an_odd_picture_is_read(kind: str, lens: Page, tmp_path: Path) -> None:
    show(lens, pictures.odd(kind, tmp_path))
    assert text_of(lens) == pictures.NUMBER


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("empty.jpg", "empty"),
        ("words.jpg", "Try a JPEG"),
        ("damaged.png", "another copy"),
        ("phone.heic", "Save it as JPEG"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_advice(kind: str, advice: str, lens: Page, tmp_path: Path) -> None:
    lens.get_by_test_id("file").set_input_files(pictures.unreadable(kind, tmp_path))
    wait_for(lens, "error")
    expect(lens.get_by_role("alert")).to_contain_text(advice)


def test_a_photo_that_ends_the_worker_holds_up_no_other(lens: Page, tmp_path: Path) -> None:
    photos = [pictures.saved(pictures.plate(), tmp_path / name) for name in ("deadly.png", "harmless.png")]
    lens.evaluate(DEADLY, "deadly.png")
    lens.get_by_test_id("file").set_input_files(photos)
    wait_for(lens, "error")
    expect(lens.get_by_role("alert")).to_contain_text("The recognizer stopped")
    expect(entries(lens).nth(1)).to_contain_text(pictures.NUMBER)
    lens.evaluate("() => { window.isDeadly = false; }")
    lens.get_by_test_id("retry").click()
    wait_for(lens, "done")
    assert text_of(lens) == pictures.NUMBER


def test_a_large_photo_that_is_read_well_is_offered_nothing(lens: Page, tmp_path: Path) -> None:
    show(lens, pictures.saved(pictures.plate(size=(2400, 1600)), tmp_path / "large.jpg"))
    expect(lens.locator("li[data-class]").first).to_be_visible()
    # Less certain finds are shown when they are asked for; they are no reason to look again.
    expect(lens.get_by_test_id("tiles")).to_have_count(0)


def test_a_panorama_is_offered_a_closer_look(lens: Page, tmp_path: Path) -> None:
    wide = pictures.plate(size=(3200, 800), height=0.1)
    show(lens, pictures.saved(wide, tmp_path / "panorama.png"))
    lens.get_by_test_id("tiles").click()
    expect(lens.get_by_test_id("result")).to_contain_text("Looked at part by part", timeout=60_000)
    closer = text_of(lens)
    assert pictures.NUMBER in closer
    # Both readings are kept.
    lens.get_by_test_id("swap").click()
    expect(lens.get_by_test_id("result")).to_contain_text("As it was found at first")
    wait_for(lens, "done")
    lens.get_by_test_id("swap").click()
    expect(lens.get_by_test_id("result")).to_have_attribute("data-text", closer)


SHOWN = """
async ([type, bytes]) => {
  const file = new Blob([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], {type});
  const context = new OffscreenCanvas(16, 16).getContext('2d');
  context.drawImage(await createImageBitmap(file), 0, 0);
  return [...context.getImageData(8, 8, 1, 1).data].slice(0, 3);
}
"""


def test_a_colour_profile_is_applied_as_training_applies_it(page: Page) -> None:
    """Its side is in tests/training/test_pictures.py."""
    for kind, data, seen in profiles.pictures():
        found = page.evaluate(SHOWN, [f"image/{kind.lower()}", base64.b64encode(data).decode()])
        assert found == pytest.approx(list(seen), abs=1), kind
