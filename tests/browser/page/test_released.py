"""The released detector, in the page that a fresh clone builds: a photo of "123" gives 1, 2 and 3."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Witness, wait_for
from tests.browser.pictures import photograph


@pytest.mark.parametrize("number", ["123", "407"])
def test_a_photo_of_a_number_gives_its_digits(
    number: str, page: Page, witness: Witness, browser: Browser, released: str, tmp_path: Path
) -> None:
    photo = photograph(browser, number, tmp_path / "plate.png")
    page.goto(f"{released}/")
    wait_for(page, "idle")
    page.get_by_test_id("file").set_input_files(photo)
    wait_for(page, "done")
    assert page.get_by_test_id("result").get_attribute("data-text") == number
    boxes = [item.get_attribute("data-xmin") for item in page.locator("li[data-class]").all()]
    assert len(boxes) == len(number)
    assert {request.method for request in witness.requests} == {"GET"}
