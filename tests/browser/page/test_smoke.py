"""The built page answers as its web model does, keeps photos to itself and needs no network."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page

from tests.browser.conftest import TOLERANCE, Case, Witness, show, wait_for

PIXELS = 0.01
"""How far a side of a box may be off, in pixels of the photo."""
SIDES = ("xmin", "ymin", "xmax", "ymax")
HEADER_BYTES = 2000


def read(page: Page, case: Case) -> list[dict[str, Any]]:
    """Give the page a photo; what it then shows."""
    show(page, case.photo)
    shown = page.locator("li[data-class]").all()
    return [
        {
            "class": item.get_attribute("data-class"),
            "score": float(item.get_attribute("data-score") or "nan"),
            "box": {side: float(item.get_attribute(f"data-{side}") or "nan") for side in SIDES},
        }
        for item in shown
    ]


def in_order(detections: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By place: the order of two nearly equal scores doesn't matter."""
    return sorted(
        detections, key=lambda found: (round(found["box"]["xmin"]), round(found["box"]["ymin"]), found["class"])
    )


def check(page: Page, case: Case) -> None:
    """The page's answer for ``case`` is that of its web model."""
    found, expected = in_order(read(page, case)), in_order(case.detections)
    assert [one["class"] for one in found] == [one["class"] for one in expected], case.photo
    for one, other in zip(found, expected, strict=True):
        assert one["score"] == pytest.approx(other["score"], abs=TOLERANCE), case.photo
        assert one["box"] == pytest.approx(other["box"], abs=PIXELS), case.photo
    text = page.get_by_test_id("result").get_attribute("data-text") or ""
    assert sorted(text) == sorted("".join(one["class"] for one in expected)), case.photo


def test_the_page_answers_as_the_web_model_does(ready: Page, cases: list[Case], pytestconfig: pytest.Config) -> None:
    assert sum(len(case.detections) for case in cases) > 0, "the model finds nothing: train longer"
    # The one with most to see comes last and is on the picture.
    for case in reversed(cases):
        check(ready, case)
    picture = pytestconfig.getoption("picture")
    if picture:
        ready.screenshot(path=picture, full_page=True)


def test_with_the_network_cut_a_further_photo_is_read(ready: Page, cases: list[Case]) -> None:
    check(ready, cases[0])
    ready.context.set_offline(True)
    check(ready, cases[-1])
    check(ready, cases[0])


def test_no_request_carries_anything_of_a_photo(ready: Page, cases: list[Case], witness: Witness, site: str) -> None:
    for case in cases[:3]:
        read(ready, case)
    asked = [request for request in witness.requests if not request.url.startswith(("blob:", "data:"))]
    # The worker's requests are among those seen: it is the one that loads the model.
    assert any(request.url.endswith("/model/model.json") for request in asked)
    for request in asked:
        assert request.url.startswith(f"{site}/"), request.url
        assert len(request.url) < 300, request.url
        assert request.method == "GET", request.url
        assert request.post_data_buffer is None, request.url
        sizes = request.sizes()
        assert sizes["requestBodySize"] == 0, request.url
        assert sizes["requestHeadersSize"] < HEADER_BYTES, request.url


def test_a_photo_causes_no_request(ready: Page, cases: list[Case], witness: Witness) -> None:
    # What the page keeps for later visits is on its way when it is at rest, photo or not.
    ready.evaluate(
        """Promise.race([
            navigator.serviceWorker.ready.then(() => undefined),
            new Promise((_, give) => setTimeout(give, 30000, new Error("the page is not kept for later visits"))),
        ])"""
    )
    ready.wait_for_load_state("networkidle")
    before = len(witness.requests)
    read(ready, cases[0])
    urls = [request.url for request in witness.requests[before:]]
    # The recognizer looks for faster ways to run the model when it is at rest; these are files of its own.
    assert [url for url in urls if not url.startswith("blob:") and "/recognizer/" not in url] == []


def test_a_file_that_is_no_photo_is_a_clear_error_and_the_next_photo_is_read(ready: Page, cases: list[Case]) -> None:
    broken = FilePayload(name="broken.jpg", mimeType="image/jpeg", buffer=b"no photo")
    ready.get_by_test_id("file").set_input_files(broken)
    wait_for(ready, "error")
    assert "not a picture" in ready.get_by_role("alert").inner_text()
    check(ready, cases[0])
