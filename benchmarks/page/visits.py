"""What visitors go through, in a real Chromium: a first visit on a slow line, one without any, photo after photo."""

from __future__ import annotations

import base64
import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright

from benchmarks.page import photos
from benchmarks.page.front import PROGRAM, Answer, Front
from benchmarks.page.link import HOST, UNSHAPED, Link, Shape, linked
from infra.browser import chromium, frontend
from infra.errors import RefusedError

WATCH = PROGRAM.with_name("watch.js").read_text("utf-8")
PAUSE = 100.0
"""Milliseconds between two photos."""
WORKER_SECONDS = 15
"""How long a page may take, once it has answered, to make itself ready for a visit without a network."""


@dataclass(frozen=True)
class Visit:
    """A first visit: seconds since it began, and what it took from the line."""

    usable: float
    answer: float
    bytes: int
    requests: list[Answer]
    text: str


@dataclass(frozen=True)
class Reading:
    """A photo that the page read: milliseconds from file to digits, and the longest block of its main thread."""

    milliseconds: float
    blocked: float
    text: str


def launch(playwright: Playwright, front: Front) -> Browser:
    """A Chromium that trusts the front's key."""
    return playwright.chromium.launch(executable_path=str(chromium.require()), args=flags(front))


def flags(front: Front) -> list[str]:
    """Of a Chromium that trusts the front's key, and no other that it wouldn't."""
    return [*chromium.flags(), f"--ignore-certificate-errors-spki-list={front.pin}"]


@contextlib.contextmanager
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """Somebody who was never here: no caches, no service worker."""
    context = browser.new_context()
    context.add_init_script(WATCH)
    try:
        yield context
    finally:
        context.close()


def first(browser: Browser, front: Front, shape: Shape, photo: bytes) -> Visit:
    """A first visit over a line of ``shape``, up to the first answer."""
    with visitor(browser) as context, linked(front.port, shape) as link:
        begun = time.time()
        found = _visit(context.new_page(), link, photo)
        took = link.down.bytes
        requests = [answer for answer in front.answers if answer.start >= begun]
        return Visit(found["usable"] / 1000, found["answer"] / 1000, took, requests, _digits(found["text"]))


def offline(browser: Browser, front: Front, photo: bytes, count: int) -> list[float] | None:
    """Seconds to the first answer of ``count`` visits without a network, after one; None if the page can't."""
    with visitor(browser) as context, linked(front.port, UNSHAPED) as link:
        page = context.new_page()
        _visit(page, link, photo)
        if not _settles(page, link):
            return None
        page.close()
        link.cut()
        seconds = []
        for _ in range(count):
            page = context.new_page()
            found = _visit(page, link, photo)
            _digits(found["text"])
            seconds.append(found["answer"] / 1000)
            page.close()
        return seconds


def _settles(page: Page, link: Link) -> bool:
    """Wait until a service worker is there and the line has been quiet for a second."""
    quiet = before = 0
    for _ in range(2 * WORKER_SECONDS):
        page.wait_for_timeout(500)
        ready = page.evaluate("async () => !!(await navigator.serviceWorker.getRegistration())?.active")
        quiet = quiet + 1 if ready and link.down.bytes == before else 0
        if quiet > 2:
            return True
        before = link.down.bytes
    return False


def read(browser: Browser, front: Front, photo: bytes, count: int) -> list[Reading]:
    """What ``count`` recognitions of ``photo`` take once the page is warm, in one page."""
    with visitor(browser) as context, linked(front.port, UNSHAPED) as link:
        page = context.new_page()
        _visit(page, link, photo)
        page.evaluate("photo => bench.keep(photo)", _text(photo))
        readings = []
        for number in range(count + 1):
            page.wait_for_timeout(PAUSE)
            found = _asked(page, f"bench.read('{number}.jpg')")
            page.wait_for_timeout(PAUSE)  # observers are told of long tasks afterwards
            tasks = page.evaluate("bench.blocked")
            longest = max((task["duration"] for task in tasks if task["startTime"] >= found["start"]), default=0.0)
            readings.append(Reading(found["milliseconds"], longest, _digits(found["text"])))
        return readings[1:]


RECOGNIZE = """async ({ library, worker, photo, count }) => {
  const { createRecognizer } = await import(library);
  const recognizer = await createRecognizer({
    modelUrl: '/model/manifest.json',
    workerUrl: worker,
    backend: 'wasm',
    threads: 1,
  });
  const file = await (await fetch(`data:image/jpeg;base64,${photo}`)).blob();
  const timings = [];
  for (let turn = 0; turn < count; turn++) {
    const { looks, timings: taken } = await recognizer.recognize(file);
    timings.push({ looks, ...taken });
  }
  recognizer.close();
  return timings;
}"""


def recognize(browser: Browser, front: Front, site: Path, photo: bytes, count: int) -> list[dict[str, float]]:
    """Looks, and milliseconds of each step, of ``count`` recognitions, by the page's library on one thread."""
    library = frontend.RUNTIME.parents[1]
    worker = _worker(library, site)
    with browser.new_context(bypass_csp=True, service_workers="block") as context:
        page = context.new_page()
        page.route("**/recognizer/index.js", lambda route: route.fulfill(path=library / "index.js"))
        page.goto(f"https://{HOST}:{front.port}/favicon.svg")
        words = {
            "library": "/recognizer/index.js",
            "worker": f"/{worker}",
            "photo": _text(photo),
            "count": count + 1,
        }
        timings: list[dict[str, float]] = page.evaluate(RECOGNIZE, words)
        return timings[1:]


def _worker(library: Path, site: Path) -> str:
    """Where ``site`` has the worker that belongs to ``library``."""
    assets = library / "assets.json"
    name = Path(json.loads(assets.read_text("utf-8"))["worker"]).name if assets.exists() else ""
    found = next((file.relative_to(site).as_posix() for file in site.rglob("*.js") if file.name == name), None)
    if found is None:
        raise RefusedError(f"{site} was built of another recognizer: ./inv frontend.build makes it anew")
    return found


def _visit(page: Page, link: Link, photo: bytes) -> dict[str, Any]:
    page.add_init_script(f"globalThis.visited = bench.visit('{_text(photo)}', 'first.jpg'); visited.catch(() => {{}});")
    page.goto(f"https://{HOST}:{link.port}/", wait_until="commit")
    return _asked(page, "visited")


def _asked(page: Page, expression: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = page.evaluate(expression)
    except Error as error:
        raise RefusedError(f"the page doesn't read a photo: {error.message.splitlines()[0]}") from error
    return found


def _text(photo: bytes) -> str:
    return base64.b64encode(photo).decode("ascii")


def _digits(text: str | None) -> str:
    """What was read; a page that finds nothing has not recognised the photo, however fast."""
    if not text:
        raise RefusedError(f"the page found nothing on a photo of {photos.NUMBER}: its times would mean nothing")
    return text


def waterfall(requests: Sequence[Answer]) -> list[dict[str, Any]]:
    """The requests in the order in which they came, seconds since the first."""
    start = min(request.start for request in requests)
    ordered = sorted(requests, key=lambda request: request.start)
    return [
        {
            "path": request.path,
            "start": round(request.start - start, 3),
            "encoding": request.encoding,
            "bytes": request.sent,
        }
        for request in ordered
    ]
