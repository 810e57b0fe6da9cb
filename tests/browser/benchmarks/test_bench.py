"""What ./inv bench measures is so: a slower line, a fatter file or a page that reads nothing shows in its figures."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserType

from benchmarks.page import photos, report, rows, visits
from benchmarks.page.front import Front, fronted
from benchmarks.page.link import SLOW_4G, UNSHAPED, Shape
from infra.browser import chromium, frontend
from infra.errors import RefusedError
from infra.page import site
from infra.settings import ROOT
from tests.browser.conftest import assembled

FRAME = photos.photo(photos.FRAME, 1)
NEAR, FAR = (Shape("test", 16e6, 16e6, seconds) for seconds in (0.2, 0.4))
ROUND_TRIPS = 4
"""Before a page can be used: TCP, TLS, the page itself, its script."""
FAT = 300_000


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site with the released model."""
    return assembled(tmp_path_factory.mktemp("bench") / "site")


@pytest.fixture(scope="module")
def front(built: Path) -> Iterator[Front]:
    with fronted(built) as running:
        yield running


@pytest.fixture
def visited(browser_type: BrowserType, front: Front) -> Iterator[Browser]:
    with trusting(browser_type, front) as browser:
        yield browser


def trusting(browser_type: BrowserType, front: Front) -> Browser:
    """A browser that trusts the key of ``front``."""
    return browser_type.launch(executable_path=str(chromium.require()), args=visits.flags(front))


def test_files_are_sent_in_the_smallest_coding_the_browser_takes(built: Path, front: Front) -> None:
    (weights,) = (built / "model").glob("*.bin")
    for file in (weights, built / "model" / "model.json", *(built / "recognizer").rglob("*.wasm")):
        path, raw = file.relative_to(built).as_posix(), file.read_bytes()
        plain, headers = front.get(path, "identity")
        assert plain == raw
        assert "content-encoding" not in headers
        packed, headers = front.get(path, "gzip")
        assert headers["content-encoding"] == "gzip"
        assert gzip.decompress(packed) == raw
        smallest, headers = front.get(path)
        assert headers["content-encoding"] == "br"
        assert len(smallest) < len(packed) < len(raw)


def test_what_can_not_be_compressed_is_sent_as_it_is(built: Path, tmp_path: Path) -> None:
    shutil.copytree(built, tmp_path / "site")
    (tmp_path / "site" / "noise.js").write_bytes(random.Random(1).randbytes(5000))
    with fronted(tmp_path / "site") as front:
        assert "content-encoding" not in front.get("noise.js")[1]


def test_the_shipped_headers_come_through(front: Front) -> None:
    configuration = json.loads((ROOT / "firebase.json").read_text("utf-8"))
    _, found = front.get("index.html")
    for header in configuration["hosting"]["headers"][0]["headers"]:
        assert found[header["key"].lower()] == header["value"]


def test_a_first_visit_takes_all_that_the_page_needs_from_the_line(built: Path, front: Front, visited: Browser) -> None:
    visit = visits.first(visited, front, UNSHAPED, FRAME)
    assert visit.text == photos.NUMBER
    assert 0 < visit.usable < visit.answer
    asked = {request.path.lstrip("/") or "index.html" for request in visit.requests}
    assert {"index.html", "model/manifest.json", "model/model.json"} <= asked
    assert {path.suffix for path in map(Path, asked)} >= {".js", ".wasm", ".bin", ".css"}
    bodies = sum(request.sent for request in visit.requests)
    # Headers and TLS are on the line, too, and little beside the bodies.
    assert bodies < visit.bytes < 1.02 * bodies + 10_000


def test_what_the_worker_starts_with_is_asked_for_along_with_the_page(
    built: Path, front: Front, visited: Browser
) -> None:
    visit = visits.first(visited, front, UNSHAPED, FRAME)
    named = re.findall(r'rel="modulepreload"[^>]* href="(recognizer/[^"]+)"', (built / "index.html").read_text("utf-8"))
    assert named == [f"recognizer/{name}" for name in frontend.worker_scripts()]
    asked = [request.path.lstrip("/") for request in visit.requests]
    # Once: the worker gets it from there.
    assert [asked.count(name) for name in named] == [1] * len(named)


def test_a_doubled_delay_shows(front: Front, visited: Browser) -> None:
    near, far = (visits.first(visited, front, shape, FRAME) for shape in (NEAR, FAR))
    for visit, shape in ((near, NEAR), (far, FAR)):
        assert visit.usable >= ROUND_TRIPS * shape.round_trip
        assert visit.answer > visit.usable


def test_an_artificially_fat_file_shows(built: Path, front: Front, browser_type: BrowserType, tmp_path: Path) -> None:
    fat = tmp_path / "site"
    shutil.copytree(built, fat)
    (main,) = fat.glob("main-*.js")
    main.write_text(f"{main.read_text('utf-8')}\n//{random.Random(1).randbytes(FAT // 2).hex()}\n", "utf-8")
    with fronted(fat) as heavy, trusting(browser_type, heavy) as browser:
        after = visits.first(browser, heavy, UNSHAPED, FRAME)
        slow = visits.first(browser, heavy, SLOW_4G, FRAME)
    with trusting(browser_type, front) as browser:
        before = visits.first(browser, front, UNSHAPED, FRAME)
    # Half a byte for each hexadecimal digit, at best.
    assert after.bytes - before.bytes >= FAT // 2
    assert slow.answer >= after.bytes * 8 / SLOW_4G.down
    assert slow.usable >= (FAT // 2) * 8 / SLOW_4G.down


def test_a_warm_page_reads_photo_after_photo(front: Front, visited: Browser) -> None:
    found = visits.read(visited, front, FRAME, 3)
    assert [reading.text for reading in found] == [photos.NUMBER] * 3
    assert all(reading.milliseconds > 0 and reading.blocked >= 0 for reading in found)


def test_visits_without_a_network_are_measured_where_the_page_can_have_them(front: Front, visited: Browser) -> None:
    seconds = visits.offline(visited, front, FRAME, 2)
    if seconds is None:
        pytest.skip("the page keeps no service worker")
    assert len(seconds) == 2
    assert all(second > 0 for second in seconds)


def test_the_library_says_what_its_steps_took(built: Path, front: Front, visited: Browser) -> None:
    found = visits.recognize(visited, front, built, FRAME, 2)
    assert len(found) == 2
    assert all(0 < timings["inference"] < timings["total"] for timings in found)
    assert all(timings["looks"] in range(1, 11) for timings in found)


def test_a_page_that_finds_nothing_has_no_figures(front: Front, visited: Browser) -> None:
    file = io.BytesIO()
    Image.new("RGB", photos.FRAME, "grey").save(file, "JPEG")
    with pytest.raises(RefusedError, match="found nothing"):
        visits.first(visited, front, UNSHAPED, file.getvalue())


def test_a_page_without_its_model_has_no_figures(built: Path, browser_type: BrowserType, tmp_path: Path) -> None:
    broken = tmp_path / "site"
    shutil.copytree(built, broken)
    (broken / "model" / "manifest.json").unlink()
    with (
        fronted(broken) as front,
        trusting(browser_type, front) as browser,
        pytest.raises(RefusedError, match="doesn't read a photo"),
    ):
        visits.first(browser, front, UNSHAPED, FRAME)


def test_every_row_has_a_value_or_says_why_not(built: Path, tmp_path: Path) -> None:
    places = {"DIGITLENS_PATHS_RUNS": str(tmp_path / "runs"), "DIGITLENS_PATHS_SITE": str(built)}
    done = subprocess.run(
        [str(ROOT / "inv"), "bench", "--json", "--repeats", "1"],
        cwd=ROOT,
        env={**os.environ, **places},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    folder = tmp_path / "runs" / "bench"
    assert printed == json.loads((folder / "bench.json").read_text("utf-8"))
    jsonschema.validate(printed, json.loads(report.SCHEMA.read_text("utf-8")))
    assert [row["name"] for row in printed["rows"]] == [figure.name for figure in rows.FIGURES]
    for row in printed["rows"]:
        assert row["samples"] or row["skipped"], row["name"]
    assert printed["site"]["build"] == hashlib.sha256((built / site.BUILD).read_bytes()).hexdigest()
    assert (folder / "bench.svg").stat().st_size > 0


def test_without_a_site_it_says_what_makes_one(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(ROOT / "inv"), "bench"],
        cwd=ROOT,
        env={**os.environ, "DIGITLENS_PATHS_SITE": str(tmp_path / "none")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "./inv frontend.build" in done.stderr
