"""Keeping a release: visits without a network, an update that is offered, tabs of two releases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from infra import fingerprints
from tests.browser import pictures
from tests.browser.conftest import (
    INSTALLS,
    KEPT,
    SIZES_KEPT,
    Witness,
    open_kept,
    release_anew,
    show,
    text_of,
    until,
    wait_for,
)

AN_HOUR_LATER = """
() => {
  const now = performance.now.bind(performance);
  performance.now = () => now() + 3_600_001;
  document.dispatchEvent(new Event('visibilitychange'));
}
"""

NO_SEARCH = "?backend=wasm"
"""For pages that read before an update: the search for faster backends asks the old release for files, and holds it."""

RELEASES_KEPT = "caches.keys().then((names) => names.filter((name) => name.startsWith('digitlens-release-')))"


def change_model(site: Path) -> None:
    """Another model for the next build: its graph has another content."""
    graph, manifest, index = site / "model" / "model.json", site / "model" / "manifest.json", site / "index.html"
    graph.write_bytes(graph.read_bytes() + b"\n")
    described, before = json.loads(manifest.read_text("utf-8")), fingerprints.of_file(manifest)
    (entry,) = (entry for entry in described["files"] if entry["path"] == graph.name)
    entry.update(bytes=graph.stat().st_size, sha256=fingerprints.of_file(graph))
    manifest.write_text(json.dumps(described), "utf-8")
    index.write_text(index.read_text("utf-8").replace(before, fingerprints.of_file(manifest)), "utf-8")


def another_tab(page: Page, address: str) -> Page:
    """One beside ``page``, both served by the release that is kept."""
    open_kept(page, address)
    page.reload()
    wait_for(page, "idle")
    other = page.context.new_page()
    other.goto(f"{address}/{NO_SEARCH}")
    wait_for(other, "idle")
    return other


def take_update(page: Page) -> None:
    """Come again, and take the release that is offered."""
    page.bring_to_front()
    page.reload()
    expect(page.get_by_test_id("offer")).to_be_visible()
    with page.expect_navigation():
        page.get_by_test_id("update").click()
    wait_for(page, "idle")


def test_a_later_visit_needs_no_network(page: Page, witness: Witness, address: str, tmp_path: Path) -> None:
    open_kept(page, address)
    page.context.set_offline(True)
    page.goto(f"{address}/")
    wait_for(page, "idle")
    expect(page.get_by_test_id("offline")).to_be_visible()
    show(page, pictures.saved(pictures.plate(), tmp_path / "plate.png"))
    assert text_of(page) == pictures.NUMBER
    # Parts that are loaded when they are wanted are there, too.
    page.get_by_test_id("device").locator("summary").click()
    expect(page.get_by_test_id("stages")).to_be_visible()


def test_keeping_fetches_nothing_again_that_has_a_hash(page: Page, witness: Witness, address: str) -> None:
    asked: list[str] = []
    page.context.on("requestfinished", lambda request: asked.append(request.url))
    open_kept(page, address)
    fetched = [
        request.url
        for request in witness.requests
        if request.url.endswith(".bin") and (answer := request.response()) and not answer.from_service_worker
    ]
    assert 1 <= len(fetched) <= 2
    kept = page.evaluate(
        "caches.keys().then((names) => Promise.all(names.filter((name) => name.startsWith('digitlens-release-'))"
        ".map((name) => caches.open(name).then((cache) => cache.keys()))))"
        ".then((lists) => lists.flat().map(({url}) => new URL(url).pathname))"
    )
    assert "/index.html" in kept
    assert not [path for path in kept if "webgl" in path or "webgpu" in path or "LEGAL" in path]


def test_the_page_can_be_installed(page: Page, witness: Witness, released: str) -> None:
    page.goto(f"{released}/")
    wait_for(page, "idle")
    session = page.context.new_cdp_session(page)
    assert session.send("Page.getAppManifest")["errors"] == []
    faults = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [fault["errorId"] for fault in faults if fault["errorId"] != "in-incognito"] == []


def test_an_update_is_offered_and_comes_when_it_is_asked_for(
    page: Page, witness: Witness, address: str, site_folder: Path, tmp_path: Path
) -> None:
    open_kept(page, address, NO_SEARCH)
    release_anew(site_folder)
    page.reload()
    wait_for(page, "idle")
    assert page.evaluate("window.isNew") is None, "an update was forced"
    expect(page.get_by_test_id("offer")).to_be_visible()
    show(page, pictures.saved(pictures.plate(), tmp_path / "plate.png"))
    assert text_of(page) == pictures.NUMBER
    with page.expect_navigation():
        page.get_by_test_id("update").click()
    until(page, "window.isNew === true")
    wait_for(page, "idle")
    page.context.set_offline(True)
    page.reload()
    wait_for(page, "idle")
    assert page.evaluate("window.isNew") is True


def test_an_update_that_another_tab_holds_up_says_so_and_comes_afterwards(
    page: Page, witness: Witness, address: str, site_folder: Path
) -> None:
    other = another_tab(page, address)
    release_anew(site_folder)
    page.bring_to_front()
    page.reload()
    expect(page.get_by_test_id("offer")).to_be_visible()
    # Not answered.
    page.context.route("**/recognizer/webgl-*.js", lambda _: None)
    part = next((site_folder / "recognizer").glob("webgl-*.js")).name
    other.evaluate(f"void fetch('recognizer/{part}')")
    page.get_by_test_id("update").click()
    expect(page.get_by_test_id("offer")).to_contain_text("close the other tabs")
    assert page.evaluate("window.isNew") is None
    # Had it come before, there would be no other.
    with page.expect_navigation():
        # What was asked for is answered now.
        page.context.unroute_all()
    until(page, "window.isNew === true")
    wait_for(page, "idle")


@pytest.mark.parametrize("others", [0, 1], ids=["alone", "beside another tab"])
def test_an_update_comes_to_a_first_visit_that_stays_open(
    others: int, page: Page, witness: Witness, address: str, site_folder: Path
) -> None:
    open_kept(page, address)
    # No service worker serves a first visit's page; a later tab's it does, and a newer one then waits.
    for _ in range(others):
        other = page.context.new_page()
        other.goto(f"{address}/")
        wait_for(other, "idle")
        page.bring_to_front()
    release_anew(site_folder)
    page.evaluate(AN_HOUR_LATER)
    expect(page.get_by_test_id("offer")).to_be_visible()
    assert page.evaluate("navigator.serviceWorker.controller") is None
    with page.expect_navigation():
        page.get_by_test_id("update").click()
    until(page, "window.isNew === true")
    wait_for(page, "idle")
    expect(page.get_by_text("updated in another tab")).to_have_count(0)


def test_another_tab_keeps_its_release_until_its_visitor_reloads_it(
    page: Page, witness: Witness, address: str, site_folder: Path, tmp_path: Path
) -> None:
    other = another_tab(page, address)
    show(other, pictures.saved(pictures.plate(), tmp_path / "plate.png"))
    release_anew(site_folder)
    take_update(page)
    assert page.evaluate("window.isNew") is True
    expect(other.get_by_text("updated in another tab")).to_be_visible()
    assert text_of(other) == pictures.NUMBER, "the other tab lost its photo"
    # Its lazily loaded parts are still those of its own release.
    other.bring_to_front()
    other.get_by_test_id("device").locator("summary").click()
    expect(other.get_by_test_id("stages")).to_be_visible()
    assert other.evaluate("window.isNew") is None


def test_another_tab_reads_on_with_its_model_after_an_update_of_the_model(
    page: Page, witness: Witness, address: str, site_folder: Path, tmp_path: Path
) -> None:
    other = another_tab(page, address)
    change_model(site_folder)
    release_anew(site_folder)
    take_update(page)
    # As after a minute without work: the next photo needs another worker.
    other.workers[0].evaluate("close()")
    other.bring_to_front()
    show(other, pictures.saved(pictures.plate(), tmp_path / "plate.png"))
    assert text_of(other) == pictures.NUMBER
    assert other.evaluate("window.isNew") is None


def test_a_new_model_comes_with_its_release_and_is_kept_once(
    page: Page, witness: Witness, address: str, site_folder: Path, tmp_path: Path
) -> None:
    open_kept(page, address)
    change_model(site_folder)
    release_anew(site_folder)
    page.reload()
    expect(page.get_by_test_id("offer")).to_be_visible()
    page.context.set_offline(True)
    with page.expect_navigation():
        page.get_by_test_id("update").click()
    wait_for(page, "idle")
    show(page, pictures.saved(pictures.plate(), tmp_path / "plate.png"))
    assert text_of(page) == pictures.NUMBER
    weights = next((site_folder / "model").glob("*.bin")).stat().st_size
    assert page.evaluate(SIZES_KEPT).count(weights) == 1


def test_releases_before_the_last_one_are_removed(
    page: Page, witness: Witness, address: str, site_folder: Path
) -> None:
    open_kept(page, address)
    for build in ("SECONDBUILD", "THIRDBUILD"):
        release_anew(site_folder, build)
        take_update(page)
    until(page, f"{RELEASES_KEPT}.then((names) => names.length === 2)")


def test_keeping_that_the_loss_of_the_network_ended_begins_again(page: Page, witness: Witness, address: str) -> None:
    def lose(route: Route) -> None:
        page.context.set_offline(True)
        route.abort("internetdisconnected")

    # Only the service worker asks for it by this name.
    page.context.route("**/index.html", lose)
    page.goto(f"{address}/")
    wait_for(page, "idle")
    expect(page.get_by_test_id("offline")).to_be_visible()
    assert not page.evaluate(KEPT)
    page.context.unroute_all()
    page.context.set_offline(False)
    until(page, KEPT)


def test_a_release_that_is_not_whole_is_not_kept(page: Page, witness: Witness, address: str, site_folder: Path) -> None:
    # As in the middle of a deploy: the list says one thing, a file another.
    sample = next((site_folder / "samples").glob("*.jpg"))
    sample.write_bytes(pictures.jpeg())
    page.add_init_script(INSTALLS)
    page.goto(f"{address}/")
    wait_for(page, "idle")
    until(page, "window.installs.includes('redundant')")
    names = page.evaluate("caches.keys()")
    assert [name for name in names if name.startswith("digitlens-release-")] == []


def test_a_page_does_not_run_with_the_model_of_another_release(page: Page, address: str, site_folder: Path) -> None:
    # As in the midst of a deploy: the page has come, and its model's manifest comes from the next release.
    manifest = site_folder / "model" / "manifest.json"
    released = manifest.read_bytes()
    manifest.write_text(json.dumps({**json.loads(released), "score_threshold": 0.9}), "utf-8")
    page.goto(f"{address}/")
    wait_for(page, "error")
    expect(page.get_by_role("alert")).to_contain_text("may just have been updated")
    # The deploy is through; in truth it is the page that changes.
    manifest.write_bytes(released)
    with page.expect_navigation():
        page.get_by_role("button", name="Reload the page").click()
    wait_for(page, "idle")
