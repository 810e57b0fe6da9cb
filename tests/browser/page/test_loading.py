"""Loading: progress, cancelling, faults on the way, a device without room, two tabs at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser import pictures
from tests.browser.conftest import INSTALLS, KEPT, SIZES_KEPT, Witness, show, text_of, until, wait_for

ROOM = 100_000
"""Bytes: enough for the model's graph and not for its weights."""


def test_the_download_is_shown_in_bytes_and_can_be_cancelled_and_resumed(
    page: Page, witness: Witness, released: str, tmp_path: Path
) -> None:
    # Never answered.
    page.context.route("**/model/*.bin", lambda _: None)
    page.goto(f"{released}/")
    result = page.get_by_test_id("result")
    expect(result).to_contain_text("kB of")
    # Usable meanwhile.
    page.get_by_test_id("file").set_input_files(pictures.saved(pictures.plate(), tmp_path / "early.png"))
    page.get_by_test_id("cancel").click()
    wait_for(page, "cancelled")
    page.context.unroute("**/model/*.bin")
    page.get_by_test_id("resume").click()
    wait_for(page, "done")
    assert text_of(page) == pictures.NUMBER


@pytest.mark.parametrize("part", ["manifest.json", "model.json", "*.bin"])
@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("cut", "could not be loaded"),
        ("404", "could not be loaded"),
        ("flipped", "damaged|do not fit|could not be loaded"),
    ],
)
def test_a_fault_on_the_way_is_explained_and_trying_again_mends_it(
    part: str, fault: str, sentence: str, page: Page, released: str
) -> None:
    def break_it(route: Route) -> None:
        if fault == "cut":
            route.abort("connectionreset")
        elif fault == "404":
            route.fulfill(status=404)
        else:
            answer = route.fetch()
            body = bytearray(answer.body())
            body[0] ^= 0x01
            route.fulfill(response=answer, body=bytes(body))

    pattern = f"**/model/{part}"
    page.context.route(pattern, break_it)
    page.goto(f"{released}/")
    wait_for(page, "error")
    text = page.get_by_role("alert").inner_text()
    assert any(words in text for words in sentence.split("|")), text
    page.context.unroute(pattern)
    page.get_by_test_id("retry").click()
    wait_for(page, "idle")


@pytest.mark.parametrize("part", ["privacy", "device", "camera"])
def test_a_part_of_the_page_that_does_not_come_says_so(part: str, page: Page, released: str) -> None:
    page.goto(f"{released}/")
    wait_for(page, "idle")
    page.context.route("**/chunk-*.js", lambda route: route.abort("connectionreset"))
    button = page.get_by_test_id(part)
    (button.locator("summary") if part == "device" else button).click()
    expect(page.get_by_role("alert")).to_contain_text("could not be loaded")
    page.context.unroute("**/chunk-*.js")
    with page.expect_navigation():
        page.get_by_test_id("reload").click()
    wait_for(page, "idle")


@pytest.mark.parametrize("photos", [1, 2])
def test_results_are_kept_once_what_writes_them_comes(photos: int, page: Page, released: str, tmp_path: Path) -> None:
    page.goto(f"{released}/")
    wait_for(page, "idle")
    show(page, *(pictures.saved(pictures.plate(), tmp_path / f"{index}.png") for index in range(photos)))
    page.context.route("**/chunk-*.js", lambda route: route.abort("connectionreset"))
    button = page.get_by_test_id("save-json" if photos == 1 else "save-all-json")
    button.click()
    note = page.get_by_text("could not be loaded")
    expect(note).to_be_visible()
    page.context.unroute("**/chunk-*.js")
    with page.expect_download():
        button.click()
    expect(note).to_have_count(0)


def test_a_device_without_room_reads_all_the_same(page: Page, witness: Witness, released: str, tmp_path: Path) -> None:
    page.add_init_script(INSTALLS)
    session = page.context.new_cdp_session(page)
    session.send("Storage.overrideQuotaForOrigin", {"origin": released, "quotaSize": ROOM})
    for _ in range(2):
        page.goto(f"{released}/")
        wait_for(page, "idle")
        show(page, pictures.saved(pictures.plate(), tmp_path / "plate.png"))
        assert text_of(page) == pictures.NUMBER
    # The browser did refuse: what is larger than its room is not there.
    assert 0 < max(page.evaluate(SIZES_KEPT)) < ROOM
    # The offline store tries, gives up and leaves nothing half done.
    until(page, "window.installs.includes('redundant')")
    assert page.evaluate(KEPT) is False


def test_two_tabs_read_at_once(browser: Browser, page: Page, witness: Witness, released: str, tmp_path: Path) -> None:
    other = page.context.new_page()
    photo = pictures.saved(pictures.plate(), tmp_path / "plate.png")
    for tab in (page, other):
        tab.goto(f"{released}/")
    for tab in (page, other):
        tab.get_by_test_id("file").set_input_files(photo)
    for tab in (page, other):
        tab.bring_to_front()
        wait_for(tab, "done")
        assert text_of(tab) == pictures.NUMBER
