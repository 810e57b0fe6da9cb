"""The released page and what people use instead, one after the other, on the same photos over the same line."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from benchmarks.page import measure, visits
from benchmarks.page.front import Front, before, fronted
from benchmarks.page.link import FOUR_G, SLOW_4G, UNSHAPED, WIFI, Shape
from benchmarks.readers import peers
from benchmarks.readers.billing import bill
from benchmarks.readers.figures import compared, left, of_readings
from benchmarks.readers.origin import serving
from benchmarks.readers.photos import Photo
from benchmarks.readers.vision import FEATURES, Vision
from benchmarks.readers.visitor import measure as visit
from infra.errors import CommandError, MissingPartError, UsageError
from infra.execution import environments
from infra.page.site import BUILD
from infra.progress import say
from infra.settings import ROOT, settings

PEERS = ("tesseract", "paddle")
READERS = ("page", *PEERS, "vision")
LINKS = {"loopback": UNSHAPED, "4g": FOUR_G, "slow4g": SLOW_4G, "wifi": WIFI}
Files = Callable[[Path, Path], dict[str, Path]]


@dataclass(frozen=True)
class Reader:
    """One row: where the photo is read, and how a visitor comes to it."""

    name: str
    title: str
    opened: Callable[[], contextlib.AbstractContextManager[Front]]
    path: str = ""
    is_service: bool = False
    skipped: str = ""


@dataclass
class Comparison:
    """What is compared: ``vision`` with a reason in ``not_asked`` is a row without figures."""

    site: Path
    photos: Sequence[Photo]
    readers: Sequence[str]
    shape: Shape
    vision: Vision
    not_asked: str = ""
    about: dict[str, Any] = field(default_factory=dict)
    """of the photos: where they come from"""

    def measure(self) -> dict[str, Any]:
        """The content of ``readers.json``, see ``schemas/readers.schema.json``.

        Raises:
            UsageError: there is no site.
        """
        if not (self.site / BUILD).exists():
            raise UsageError(f"{self.site} has no {BUILD}: ./inv frontend.build makes the site")
        result: dict[str, Any] = {"format_version": 1}
        rows = []
        with sync_playwright() as playwright:
            for reader in self._rows():
                say(f"{reader.title} on {len(self.photos)} photos over {self.shape.name} ...")
                try:
                    rows.append(self._row(playwright, reader, result))
                except (CommandError, MissingPartError) as error:
                    if reader.name == "page":
                        raise
                    # A reader that can't be installed here is a row that says so.
                    rows.append(_skipped(reader, str(error).splitlines()[0]))
        if "device" not in result:
            raise MissingPartError("no reader could be measured: " + "; ".join(row["skipped"] for row in rows))
        own = settings().readers
        return result | {
            "line": {
                "name": self.shape.name,
                "down_bits_per_second": self.shape.down,
                "up_bits_per_second": self.shape.up,
                "round_trip_seconds": self.shape.round_trip,
            },
            "photos": {**self.about, "count": len(self.photos), "digits": sum(len(one.number) for one in self.photos)},
            "prices": {
                "of": own.prices_of,
                "vision_usd_per_1000": own.vision_usd_per_1000,
                "hosting_usd_per_gb": own.hosting_usd_per_gb,
            },
            "readers": compared(rows),
        }

    def plan(self) -> str:
        """What would be done, for whoever decides whether it shall be."""
        lines = [
            f"{len(self.photos)} photos ({self.about['source']}), {self.shape.name}",
            *(f"{name}: {self._words(name)}" for name in READERS if name in self.readers),
        ]
        return "\n".join(lines)

    def _words(self, name: str) -> str:
        if name == "vision":
            return str(bill(self.vision, self.photos))
        if name == "page":
            return f"nothing is sent; the site in {self.site}"
        packages = "there" if environments.find("readers").is_current else "to be installed first"
        return f"nothing is sent; npm packages of {peers.FOLDER.relative_to(ROOT)} ({packages})"

    def _rows(self) -> Iterator[Reader]:
        versions = peers.versions()
        known = {
            "page": [Reader("page", "digitlens, this page", lambda: fronted(self.site))],
            "tesseract": [Reader("tesseract", f"tesseract.js {versions['tesseract.js']}", _peer(peers.tesseract))],
            "paddle": [
                Reader("paddle", f"PaddleOCR.js {versions['@paddleocr/paddleocr-js']}, PP-OCRv4", _peer(peers.paddle))
            ],
            "vision": [
                Reader("vision", f"Cloud Vision, {one}", self._service, f"?feature={one}", True, self.not_asked)
                for one in FEATURES
            ],
        }
        for name in READERS:
            if name in self.readers:
                yield from known[name]

    @contextlib.contextmanager
    def _service(self) -> Iterator[Front]:
        files = {"reader.js": peers.FOLDER / "vision.js"}
        with serving([peers.FOLDER], files, self.vision.ask) as origin, before(origin) as front:
            yield front

    def _row(self, playwright: Any, reader: Reader, result: dict[str, Any]) -> dict[str, Any]:
        if reader.skipped:
            return _skipped(reader, reader.skipped)
        with reader.opened() as front, visits.launch(playwright, front) as browser:
            if "device" not in result:
                around = measure.describe(self.site, browser)
                result |= {key: around[key] for key in ("device", "versions", "site")}
            if reader.name in PEERS:
                # Else files would be compressed while the clock runs; our own page's are beforehand.
                visit(browser, front, UNSHAPED, reader.path, self.photos[:1])
            found = visit(browser, front, self.shape, reader.path, self.photos)
        own = settings().readers
        cold = found.cold
        return {
            "name": reader.name,
            "title": reader.title,
            "reads": "at a service" if reader.is_service else "in the browser",
            **of_readings(self.photos, found.readings),
            "cold": None
            if cold.fault
            else {"milliseconds": round(cold.milliseconds, 1), "down": cold.down, "up": cold.up},
            "leaves_the_device": "the photo" if reader.is_service else left(found.readings),
            "usd_per_1000_photos": own.vision_usd_per_1000 if reader.is_service else 0.0,
            "usd_per_1000_first_visits": None
            if cold.fault or reader.is_service
            else round(1000 * cold.down / 1e9 * own.hosting_usd_per_gb, 4),
            "readings": [
                {
                    "photo": photo.path.name,
                    "number": photo.number,
                    **({"fault": one.fault} if one.fault else {"read": one.text, "ms": round(one.milliseconds, 1)}),
                }
                for photo, one in zip(self.photos, found.readings, strict=True)
            ],
        }


def _peer(files: Files) -> Callable[[], contextlib.AbstractContextManager[Front]]:
    @contextlib.contextmanager
    def opened() -> Iterator[Front]:
        modules = peers.packages()
        with (
            tempfile.TemporaryDirectory(prefix="digitlens-reader-") as scratch,
            serving([peers.FOLDER, modules], files(modules, Path(scratch))) as origin,
            before(origin) as front,
        ):
            yield front

    return opened


def _skipped(reader: Reader, why: str) -> dict[str, Any]:
    reads = "at a service" if reader.is_service else "in the browser"
    return {"name": reader.name, "title": reader.title, "reads": reads, "skipped": why}
