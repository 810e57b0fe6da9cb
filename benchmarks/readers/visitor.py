"""One reader as a visitor meets it, in a real Chromium: a first visit, then photo after photo, over one line."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Error, Page

from benchmarks.page import visits
from benchmarks.page.front import Front
from benchmarks.page.link import HOST, Link, Shape, linked
from benchmarks.readers.figures import Reading
from benchmarks.readers.photos import Photo

PATIENCE = 3
"""So many photos in a row that fail, and the others aren't tried."""
NOT_TRIED = f"not tried, after {PATIENCE} failures in a row"
SETTLING, LOOK, QUIET = 60.0, 0.25, 4
"""Seconds that a page may take to come to rest, and between looks; how many of them in a row see nothing move."""
SAID = 200
"""Characters of a fault."""


@dataclass(frozen=True)
class Visit:
    """A first visit with the first photo, and what became of each photo once the page was warm."""

    cold: Reading
    readings: list[Reading]


def measure(browser: Browser, front: Front, shape: Shape, path: str, photos: Sequence[Photo]) -> Visit:
    """Visit ``path`` of ``front`` over a line of ``shape``, and have ``photos`` read there one after the other."""
    with visits.visitor(browser) as context, linked(front.port, shape) as link:
        page = context.new_page()
        cold = _first(page, link, path, photos[0])
        _settle(page, link)
        readings: list[Reading] = []
        for number, photo in enumerate(photos):
            last = readings[-PATIENCE:]
            if len(last) == PATIENCE and all(one.fault for one in last):
                readings += [Reading(fault=NOT_TRIED)] * (len(photos) - number)
                break
            page.evaluate("photo => bench.keep(photo)", _text(photo))
            page.wait_for_timeout(visits.PAUSE)
            readings.append(_read(page, link, f"bench.read('{number}.jpg')"))
        return Visit(cold, readings)


def _first(page: Page, link: Link, path: str, photo: Photo) -> Reading:
    """Milliseconds are since the visit began: the page, what it needs, and the photo's answer."""
    page.add_init_script(f"globalThis.visited = bench.visit('{_text(photo)}', 'first.jpg'); visited.catch(() => {{}});")
    page.goto(f"https://{HOST}:{link.port}/{path}", wait_until="commit")
    return _read(page, link, "visited.then(({ answer, text }) => ({ milliseconds: answer, text }))", 0, 0)


def _settle(page: Page, link: Link) -> None:
    """Wait until the line is quiet: pages fetch more once they have answered, for visits without a network."""
    quiet, before = 0, -1
    for _ in range(int(SETTLING / LOOK)):
        quiet = quiet + 1 if link.down.bytes == before else 0
        if quiet == QUIET:
            return
        before = link.down.bytes
        page.wait_for_timeout(1000 * LOOK)


def _read(page: Page, link: Link, expression: str, down: int | None = None, up: int | None = None) -> Reading:
    """What ``expression`` finds; bytes on the line since there were ``down`` and ``up``, by default since now."""
    down = link.down.bytes if down is None else down
    up = link.up.bytes if up is None else up
    try:
        found: dict[str, Any] = page.evaluate(expression)
    except Error as error:
        return Reading(fault=_said(error))
    digits = "".join(letter for letter in found["text"] or "" if letter in "0123456789")
    return Reading(digits, found["milliseconds"], link.down.bytes - down, link.up.bytes - up)


def _said(error: Error) -> str:
    """What the page says of a fault, in a line."""
    line = next(iter(error.message.splitlines()), "")
    return line.rpartition("the page says: ")[2].strip()[:SAID] or "the page failed without a word"


def _text(photo: Photo) -> str:
    return base64.b64encode(photo.bytes).decode("ascii")
