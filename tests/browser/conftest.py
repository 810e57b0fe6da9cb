"""The built site on the emulator, Chromium in front of it, and a witness of what happens."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, UnidentifiedImageError
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, expect

from infra.browser import chromium, frontend
from infra.execution import environments
from infra.hosting import emulator
from infra.page import site as sites
from infra.runs import catalogue
from infra.settings import RELEASED
from tests.browser.pictures import camera_film
from tests.conftest import ROOT, Place

ANSWER_MILLISECONDS = 60_000
# Patience for busy machines: what comes sooner is seen at once.
expect.set_options(timeout=30_000)
TOLERANCE = 1e-4
KEPT = "navigator.serviceWorker.getRegistration().then((registration) => Boolean(registration?.active))"
INSTALLS = """
(() => {
  const installs = (window.installs = []);
  const register = ServiceWorkerContainer.prototype.register;
  ServiceWorkerContainer.prototype.register = async function (...given) {
    const registration = await register.apply(this, given);
    const worker = registration.installing;
    worker?.addEventListener('statechange', () => installs.push(worker.state));
    return registration;
  };
})()
"""
"""From a page's next visit on, what became of the offline stores that it began: installed, activated, or redundant."""
SIZES_KEPT = """
caches.keys().then((names) => Promise.all(names.map((name) => caches.open(name))))
  .then((all) => Promise.all(all.map((cache) => cache.matchAll()))).then((lists) => Promise.all(lists.flat()
  .map((kept) => kept.arrayBuffer()))).then((bodies) => bodies.map(({byteLength}) => byteLength))
"""
"""Bytes of each file in any cache."""


COPY = """
import sys
from pathlib import Path
from conversion import pictures

files = [Path(word) for word in sys.argv[1:]]
for photo, copy in zip(files[::2], files[1::2]):
    pictures.read(photo).image.save(copy)
"""


@dataclass(frozen=True)
class Case:
    """A photo and what the web model says of it: detections that the page must show, best first."""

    photo: Path
    detections: list[dict[str, Any]]


@dataclass
class Witness:
    """What a page asked of the network, and what the browser complained about."""

    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def attend(self, page: Page) -> None:
        """Write down all that happens on ``page`` from now on."""
        page.context.on("request", self._see)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on("console", self._hear)
        # What the policy blocks is an event, not always a line on the console.
        page.add_init_script(
            "addEventListener('securitypolicyviolation', (event) =>"
            " console.error('blocked by policy', event.violatedDirective, event.blockedURI))"
        )

    def _see(self, request: Request) -> None:
        self.requests.append(request)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text}")


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any], browser_name: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """The Chromium of this machine, whose camera films a plate; other engines (``--browser``) are Playwright's own."""
    if browser_name != "chromium":
        return browser_type_launch_args
    film = camera_film(tmp_path_factory.mktemp("camera") / "plate.mjpeg")
    camera = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}"]
    path = str(chromium.require())
    return {**browser_type_launch_args, "executable_path": path, "args": [*chromium.flags(), *camera]}


@pytest.fixture
def context(context: BrowserContext) -> BrowserContext:
    """One whose navigations may take as long as answers."""
    context.set_default_navigation_timeout(ANSWER_MILLISECONDS)
    return context


@pytest.fixture(scope="session")
def site(pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of the site under test."""
    given = pytestconfig.getoption("site")
    if given is None:
        request.getfixturevalue("small_run")
        place: Place = request.getfixturevalue("small_place")
        given = str(place.site)
    if given.startswith(("http://", "https://")):
        yield given.rstrip("/")
        return
    with emulator.serving(Path(given)) as address:
        yield address


@pytest.fixture(scope="session")
def released_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site with the released model."""
    return assembled(tmp_path_factory.mktemp("released") / "site")


@pytest.fixture(scope="session")
def undisturbed() -> Iterator[None]:
    """frontend/ as this suite builds it: others, which build for their models, wait; its own tasks don't."""
    with frontend.alone(), pytest.MonkeyPatch.context() as patch:
        patch.setenv(frontend.HELD, "yes")
        yield


def assembled(folder: Path, web_model: Path = RELEASED / "web_model", samples: Path | None = None) -> Path:
    """A site in ``folder`` with the worker for the released model, whatever other suites build meanwhile."""
    environments.ensure("hosting")
    with frontend.alone():
        frontend.build_recognizer(RELEASED / "web_model")
        frontend.build_app()
        sites.assemble(web_model, folder, catalogue.RELEASED, samples)
    return folder


@pytest.fixture(scope="session")
def released(released_folder: Path) -> Iterator[str]:
    """The address of the site with the released model."""
    with emulator.serving(released_folder) as address:
        yield address


@pytest.fixture
def site_folder(released_folder: Path, tmp_path: Path) -> Path:
    """A site of its own, which the test may change."""
    return Path(shutil.copytree(released_folder, tmp_path / "site"))


@pytest.fixture
def address(site_folder: Path) -> Iterator[str]:
    with emulator.serving(site_folder) as address:
        yield address


@pytest.fixture(scope="session")
def cases(
    pytestconfig: pytest.Config, request: pytest.FixtureRequest, site: str, tmp_path_factory: pytest.TempPathFactory
) -> list[Case]:
    """Photos of the validation split, evenly chosen among those with a clear answer."""
    photos = pytestconfig.getoption("photos")
    predictions = pytestconfig.getoption("predictions")
    if photos is None or predictions is None:
        run: Path = request.getfixturevalue("small_run")
        photos, predictions = run / "photos" / "images", run / "predictions" / "predictions.jsonl"
    with urllib.request.urlopen(f"{site}/model/manifest.json") as answer:
        manifest = json.load(answer)
    lines = [json.loads(line) for line in predictions.read_text("utf-8").splitlines()]
    exact = [line for line in lines if _has_one_reading(photos / line["filename"])]
    is_exact = any(_shown(line["detections"], manifest) for line in exact)
    clear = [line for line in (exact if is_exact else lines) if not _has_close_call(line["detections"], manifest)]
    # The page calls a second photo of a name by another one; folders of a set may have such.
    clear = list({Path(line["filename"]).name: line for line in clear}.values())
    # Those with most to say first: a model that finds nothing must not pass unnoticed.
    clear.sort(key=lambda line: -len(_shown(line["detections"], manifest)))
    count = pytestconfig.getoption("photo_count")
    chosen = clear[:: max(1, len(clear) // count)][:count]
    paths = [photos / line["filename"] for line in chosen]
    if not is_exact:
        paths = _as_training_sees(paths, tmp_path_factory.mktemp("cases"))
    return [Case(path, _shown(line["detections"], manifest)) for path, line in zip(paths, chosen, strict=True)]


def _has_one_reading(photo: Path) -> bool:
    """Whether all decoders read the same pixels: colours of a profile are rounded, HEIC isn't shown by most."""
    try:
        with Image.open(photo) as image:
            return image.format in {"JPEG", "PNG", "GIF", "BMP"} and "icc_profile" not in image.info
    except UnidentifiedImageError:
        return False


def _as_training_sees(photos: list[Path], folder: Path) -> list[Path]:
    """Copies whose pixels every decoder reads alike, for a set in which no such photo is."""
    copies = [folder / f"{number}.png" for number, _ in enumerate(photos)]
    words = [str(path) for pair in zip(photos, copies, strict=True) for path in pair]
    python = environments.ensure("convert").python
    subprocess.run([str(python), "-c", COPY, *words], cwd=ROOT, check=True)
    return copies


def _shown(detections: list[dict[str, Any]], manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [detection for detection in detections if detection["score"] >= _threshold(detection, manifest)]


def _threshold(detection: dict[str, Any], manifest: dict[str, Any]) -> float:
    """The score from which a detection of its class counts."""
    threshold: float = manifest.get("class_thresholds", {}).get(detection["class"], manifest["score_threshold"])
    return threshold


def _has_close_call(detections: list[dict[str, Any]], manifest: dict[str, Any]) -> bool:
    """Whether rounding may lift a detection over its threshold or drop it below."""
    return any(abs(detection["score"] - _threshold(detection, manifest)) <= 2 * TOLERANCE for detection in detections)


@pytest.fixture
def witness(page: Page) -> Iterator[Witness]:
    """Fails the test when the browser complained about anything."""
    witness = Witness()
    witness.attend(page)
    yield witness
    assert witness.complaints == []


@pytest.fixture
def ready(page: Page, witness: Witness, site: str) -> Page:
    """The page with its model loaded."""
    page.goto(f"{site}/")
    wait_for(page, "idle")
    return page


def wait_for(page: Page, state: str) -> None:
    """Until the page says that it is in ``state``."""
    result = page.get_by_test_id("result")
    expect(result).to_have_attribute("data-state", state, timeout=ANSWER_MILLISECONDS)


@pytest.fixture
def lens(page: Page, witness: Witness, released: str) -> Page:
    """The page with the released model loaded."""
    page.goto(f"{released}/")
    wait_for(page, "idle")
    return page


def open_kept(page: Page, address: str, query: str = "") -> None:
    """Visit, and wait until the release is kept."""
    page.goto(f"{address}/{query}")
    wait_for(page, "idle")
    until(page, KEPT)


def show(page: Page, *photos: Path) -> None:
    """Choose photos and wait until the first of them is read."""
    page.get_by_test_id("file").set_input_files(list(photos))
    expect(page.get_by_test_id("result")).to_have_attribute("data-photo", photos[0].name)
    wait_for(page, "done")


def text_of(page: Page) -> str:
    """What the page read on the photo that it shows."""
    return page.get_by_test_id("result").get_attribute("data-text") or ""


def until(page: Page, condition: str) -> None:
    """Until a JavaScript condition holds. Playwright's own wait is an ``eval`` in the page, which forbids it."""
    deadline = time.monotonic() + ANSWER_MILLISECONDS / 1000
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, f"{condition} never held"
        page.wait_for_timeout(50)


def release_anew(site: Path, build: str = "NEWBUILD") -> None:
    """Another build in place of this one: its main script has another name and other content."""
    index = site / "index.html"
    old = next(site.glob("main-*.js"))
    new = old.with_name(f"main-{build}.js")
    new.write_text(f"{old.read_text('utf-8')}\nwindow.isNew = true;\n", "utf-8")
    index.write_text(index.read_text("utf-8").replace(old.name, new.name), "utf-8")
    old.unlink()
    (site / sites.BUILD).write_text(json.dumps(sites.describe(site)), "utf-8")
