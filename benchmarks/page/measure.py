"""All rows of the budget, of a built site."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from benchmarks.page import audit, photos, rows, visits
from benchmarks.page.front import Front, fronted
from benchmarks.page.link import SLOW_4G
from benchmarks.page.rows import Row
from infra import fingerprints, git
from infra.errors import UsageError
from infra.page.site import BUILD
from infra.progress import say

SEED = 1


@dataclass(frozen=True)
class Effort:
    """How often each thing is done."""

    visits: int = 5
    offline: int = 7
    readings: int = 20
    audits: int = 3

    @classmethod
    def of(cls, readings: int) -> Effort:
        """As much as ``readings`` recognitions of each photo are worth."""
        some = max(1, readings // 4)
        return cls(some, some, readings, min(3, some))


@dataclass
class Result:
    """What the machine was, what was measured, and what explains it."""

    description: dict[str, Any]
    rows: list[Row]
    waterfall: list[dict[str, Any]] = field(default_factory=list)
    audits: list[str] = field(default_factory=list)

    @property
    def words(self) -> dict[str, Any]:
        """The content of ``bench.json``, see ``schemas/bench.schema.json``."""
        return {
            "format_version": 1,
            **self.description,
            "rows": [row.words for row in self.rows],
            "first_visit": self.waterfall,
            "lighthouse_findings": self.audits,
        }


def measure(site: Path, effort: Effort) -> Result:
    """Measure ``site`` in Chromium, on the Hosting emulator.

    Raises:
        UsageError: there is no site. MissingPartError: there is no Chromium.
        RefusedError: the page reads nothing on the photos.
    """
    if not (site / BUILD).exists():
        raise UsageError(f"{site} has no {BUILD}: ./inv frontend.build makes the site")
    frame, photo = (photos.photo(size, SEED) for size in (photos.FRAME, photos.TWELVE_MEGAPIXELS))
    far = photos.photo(photos.FRAME, SEED, photos.FAR)
    with fronted(site) as front, sync_playwright() as playwright, visits.launch(playwright, front) as browser:
        result = Result(describe(site, browser), [])
        _first_visits(result, browser, front, frame, effort.visits)
        _offline_visits(result, browser, front, frame, effort.offline)
        _readings(result, browser, front, photo, frame, effort.readings)
        _audits(result, front, effort.audits)
        _recognitions(result, browser, front, site, far, effort.readings)
    order = {figure: place for place, figure in enumerate(rows.FIGURES)}
    result.rows.sort(key=lambda row: order[row.figure])
    return result


def _first_visits(result: Result, browser: Browser, front: Front, frame: bytes, count: int) -> None:
    found = []
    for number in range(count):
        say(f"first visit {number + 1} of {count} at {SLOW_4G.name} ...")
        found.append(visits.first(browser, front, SLOW_4G, frame))
    bytes_per_second = SLOW_4G.down / 8
    model = [sum(request.sent for request in visit.requests if request.path.startswith("/model/")) for visit in found]
    result.rows += [
        Row(rows.BYTES, [visit.bytes for visit in found]),
        Row(rows.FIRST_ANSWER, [visit.answer / (visit.bytes / bytes_per_second) for visit in found]),
        Row(rows.USABLE, [visit.usable for visit in found]),
        Row(rows.MODEL_BYTES, model),
    ]
    best = min(found, key=lambda visit: visit.answer)
    result.waterfall = visits.waterfall(best.requests)
    result.description["first_answer_seconds"] = [round(visit.answer, 3) for visit in found]


def _offline_visits(result: Result, browser: Browser, front: Front, frame: bytes, count: int) -> None:
    say(f"{count} visits without a network ...")
    seconds = visits.offline(browser, front, frame, count)
    missing = "the page keeps no service worker: it can't be visited without a network"
    result.rows.append(Row(rows.OFFLINE, seconds) if seconds else Row(rows.OFFLINE, skipped=missing))


def _readings(result: Result, browser: Browser, front: Front, photo: bytes, frame: bytes, count: int) -> None:
    blocked = []
    for figure, file in ((rows.PHOTO, photo), (rows.FRAME, frame)):
        say(f"{count} times: {figure.name} ...")
        found = visits.read(browser, front, file, count)
        result.rows.append(Row(figure, [reading.milliseconds for reading in found]))
        blocked += [reading.blocked for reading in found]
    result.rows.append(Row(rows.BLOCKED, blocked))


def _recognitions(result: Result, browser: Browser, front: Front, site: Path, photo: bytes, count: int) -> None:
    say(f"{count} times: {rows.LOOKS.name} ...")
    result.rows += of_steps(visits.recognize(browser, front, site, photo, count))


def of_steps(timings: list[dict[str, float]]) -> list[Row]:
    """Rows of what `visits.recognize` measured: milliseconds that are sums over all looks, one inference each."""
    return [
        Row(rows.INFERENCE, [timing["inference"] / timing["looks"] for timing in timings]),
        Row(rows.LOOKS, [timing["letterbox"] + timing["inference"] + timing["recognition"] for timing in timings]),
    ]


def _audits(result: Result, front: Front, count: int) -> None:
    reports = []
    for number in range(count):
        say(f"Lighthouse {number + 1} of {count} ...")
        reports.append(audit.lighthouse(front))
    if not reports:
        result.rows += [Row(figure, skipped="not asked for") for figure in rows.LIGHTHOUSE.values()]
        return
    result.rows += [
        Row(figure, [report["scores"][category] for report in reports]) for category, figure in rows.LIGHTHOUSE.items()
    ]
    result.description["versions"]["lighthouse"] = reports[0]["version"]
    result.audits = sorted({finding for report in reports for finding in report["failed"]})


def describe(site: Path, browser: Browser) -> dict[str, Any]:
    """The machine, the programs and the site."""
    model = json.loads((site / "model" / "manifest.json").read_text("utf-8"))
    return {
        "device": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "system": f"{platform.system()} {platform.release()}",
            "load_at_start": round(os.getloadavg()[0], 2),
        },
        "versions": {
            "browser": f"Chromium {browser.version}, headless",
            "node": subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout.strip(),
            "python": platform.python_version(),
            "commit": git.describe("--abbrev=12", "--exclude=*"),
        },
        "site": {"model": model["name"], "build": fingerprints.of_file(site / BUILD)},
        "line": {
            "name": SLOW_4G.name,
            "down_bits_per_second": SLOW_4G.down,
            "up_bits_per_second": SLOW_4G.up,
            "round_trip_seconds": SLOW_4G.round_trip,
        },
    }


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    text = information.read_text("utf-8", errors="replace") if information.exists() else ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else platform.processor() or platform.machine()
