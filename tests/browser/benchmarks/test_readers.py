"""Other readers beside the page, for real in Chromium: what a service takes and costs, and what the peers read."""

from __future__ import annotations

import csv
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
import requests
from PIL import Image, ImageDraw, ImageFont

from benchmarks import certificate
from benchmarks.page import photos as drawn
from benchmarks.page.link import UNSHAPED, Shape
from benchmarks.readers import peers, report
from benchmarks.readers.comparison import Comparison
from benchmarks.readers.figures import CHATTER
from benchmarks.readers.photos import Photo
from benchmarks.readers.vision import FEATURES, Budget, Vision
from benchmarks.readers.visitor import NOT_TRIED
from infra.errors import DigitlensError
from infra.settings import ROOT, settings
from tests.browser.conftest import assembled
from tests.hosting.tokens import CANARY
from tests.infra import vision_service
from tests.infra.vision_service import VisionService

PATIENT = Shape("test", 4e6, 1e6, 0.1)
Made = TypeVar("Made")


def apart(work: Callable[[], Made]) -> Made:
    """What ``work`` returns, done in a thread: Playwright can't be entered twice in one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


@pytest.fixture(scope="module")
def plates(tmp_path_factory: pytest.TempPathFactory) -> list[Photo]:
    folder = tmp_path_factory.mktemp("plates")
    for seed in (1, 2):
        (folder / f"{seed}.jpg").write_bytes(drawn.photo(drawn.FRAME, seed))
    return [Photo(path, drawn.NUMBER) for path in sorted(folder.iterdir())]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return assembled(tmp_path_factory.mktemp("readers") / "site")


@dataclass
class Asker:
    """Somebody who compares with a service, in an environment that points at its stand-in."""

    service: VisionService
    folder: Path
    authority: Path

    def comparison(self, built: Path, plates: list[Photo], shape: Shape, dollars: float = 1.0) -> Comparison:
        def connect() -> Any:
            session = requests.Session()
            session.headers["Authorization"] = f"Bearer {vision_service.token(self.service)}"
            return session

        vision = Vision(self.folder / "cache", Budget(dollars), connect)
        vision.open()
        return Comparison(built, plates, ("vision",), shape, vision, about={"source": "drawn"})

    def inv(self, built: Path, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        environment = {
            "GOOGLE_APPLICATION_CREDENTIALS": str(
                self.service.tokens.write_credentials(self.folder, self.service.address)
            ),
            **dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"), str(self.authority)),
            "DIGITLENS_READERS_ENDPOINT": self.service.address,
            "DIGITLENS_HOSTING_PROJECT": "test-project",
            "DIGITLENS_PATHS_CACHE": str(self.folder / "own-cache"),
            "DIGITLENS_PATHS_RUNS": str(self.folder / "runs"),
            "DIGITLENS_PATHS_SITE": str(built),
            "DIGITLENS_EXECUTION_ON": "local",
        }
        done = subprocess.run(
            [str(ROOT / "inv"), "bench.readers", *words],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        assert CANARY not in done.stdout + done.stderr
        return done


@pytest.fixture
def asker(tmp_path: Path, plates: list[Photo], monkeypatch: pytest.MonkeyPatch) -> Iterator[Asker]:
    made = certificate.make(tmp_path)
    service, server = vision_service.start(made.chain)
    service.numbers = {plate.hash: plate.number for plate in plates}
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(made.authority))
    monkeypatch.setenv("DIGITLENS_READERS_ENDPOINT", service.address)
    settings.cache_clear()
    yield Asker(service, tmp_path, made.authority)
    server.close()
    settings.cache_clear()
    assert service.violations == []


def test_a_service_that_takes_three_times_as_long_is_shown_so_also_from_what_is_kept(
    asker: Asker, built: Path, plates: list[Photo]
) -> None:
    asker.service.seconds = dict(zip(FEATURES, (0.3, 0.9), strict=True))
    for _ in range(2):
        result = apart(asker.comparison(built, plates, UNSHAPED).measure)
        quick, slow = result["readers"]
        assert quick["full_numbers"]["right"] == slow["full_numbers"]["right"] == len(plates)
        assert quick["warm"]["median"] >= 300
        assert slow["warm"]["median"] >= 900
        # What browser and machine add to both makes it less than three.
        assert 1.8 < slow["warm"]["median"] / quick["warm"]["median"] < 3.05
        assert quick["leaves_the_device"] == "the photo"
        assert quick["usd_per_1000_photos"] == 1.5
    # Each photo was sent once for each feature: the second comparison cost nothing.
    assert sorted(asker.service.asked) == sorted((plate.hash, feature) for plate in plates for feature in FEATURES)


def test_upload_and_answer_pass_the_visitors_line(asker: Asker, built: Path, plates: list[Photo]) -> None:
    asker.service.seconds = dict.fromkeys(FEATURES, 0.2)
    result = apart(asker.comparison(built, plates, PATIENT).measure)
    encoded = min(len(plate.bytes) for plate in plates) * 4 / 3
    for row in result["readers"]:
        assert row["up_per_photo"] > encoded
        least = encoded * 8 / PATIENT.up + PATIENT.round_trip + 0.2
        assert min(row["warm"]["samples"]) >= 1000 * least
        assert row["warm"]["median"] < 1000 * least + 1500
        # Handshakes and the page before it.
        assert row["cold"]["milliseconds"] >= 1000 * (least + 3 * PATIENT.round_trip)


def test_refusals_are_rows_and_the_others_count(asker: Asker, built: Path, plates: list[Photo]) -> None:
    asker.service.faults = [429]
    text, document = apart(asker.comparison(built, plates, UNSHAPED).measure)["readers"]
    assert (text["cold"], text["answered"], text["full_numbers"]["right"]) == (None, 1, 1)
    assert text["faults"] == [{"what": "429 Quota exceeded", "photos": 1}]
    assert (document["answered"], document["faults"]) == (2, [])


def test_where_all_is_refused_the_rest_is_not_tried(asker: Asker, built: Path, plates: list[Photo]) -> None:
    asker.service.faults = [403]
    comparison = asker.comparison(built, plates * 3, UNSHAPED)
    result = apart(comparison.measure)
    assert len(asker.service.asked) == 1
    for row in result["readers"]:
        assert (row["answered"], row["warm"]) == (0, None)
        assert {fault["what"] for fault in row["faults"]} >= {NOT_TRIED}
    assert "403 The API is disabled" in report.table(result)
    assert report.chart(result).startswith("<svg")


def labelled(folder: Path, plates: list[Photo]) -> list[str]:
    """The flags for ``plates`` with labels."""
    images = folder / "images"
    images.mkdir()
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax"])
        for plate in plates:
            (images / plate.path.name).write_bytes(plate.bytes)
            for place, digit in enumerate(plate.number):
                rows.writerow([plate.path.name, *drawn.FRAME, digit, 250 + 50 * place, 200, 290 + 50 * place, 280])
    return ["--photos", str(images), "--annotations", str(folder / "labels.csv"), "--split", "all"]


def test_the_task_pays_only_what_it_was_allowed_to(asker: Asker, built: Path, plates: list[Photo]) -> None:
    flags = [*labelled(asker.folder, plates), "--readers", "page,vision"]
    planned = asker.inv(built, *flags, "--dry-run", "--budget", "1", "--yes").stdout
    assert "4 questions" in planned
    assert "$0.0060" in planned
    assert asker.service.asked == []
    asker.inv(built, *flags, "--budget", "0.006", "--yes")
    assert len(asker.service.asked) == 4
    # Neither budget nor credentials, since it costs nothing.
    asker.service.tokens.subject = "nobody"
    printed = json.loads(asker.inv(built, *flags, "--json").stdout)
    assert len(asker.service.asked) == 4
    assert printed == json.loads((asker.folder / "runs" / "readers" / "readers.json").read_text("utf-8"))
    page, *service = printed["readers"]
    assert page["full_numbers"]["right"] == len(plates)
    assert page["up_per_photo"] <= CHATTER
    assert page["leaves_the_device"] == "nothing"
    for row in service:
        assert row["full_numbers"]["right"] == len(plates)
        assert row["warm_by_pages"] == round(row["warm"]["median"] / page["warm"]["median"], 2)


def test_the_peers_read_in_a_browser(built: Path, plates: list[Photo], tmp_path: Path) -> None:
    try:
        peers.packages()
    except DigitlensError as error:
        pytest.skip(f"the readers' packages can't be installed here: {str(error).splitlines()[0]}")
    nobody = Vision(tmp_path / "cache", Budget(0), lambda: pytest.fail("nothing is to be sent"))
    printed = tmp_path / "print.jpg"
    page = Image.new("L", drawn.FRAME, "white")
    ImageDraw.Draw(page).text((320, 240), drawn.NUMBER, "black", ImageFont.load_default(80), "mm")
    page.save(printed)
    photos = [Photo(printed, drawn.NUMBER), plates[0]]
    comparison = Comparison(built, photos, ("tesseract", "paddle"), UNSHAPED, nobody, about={"source": "drawn"})
    result = apart(comparison.measure)
    report.write(result, tmp_path / "readers")
    tesseract, paddle = result["readers"]
    # Their largest parts, compressed: a reader without its model reads nothing, one that is counted wrong weighs less.
    for row, least in ((tesseract, 4e6), (paddle, 15e6)):
        assert row.get("skipped") is None
        assert row["answered"] == len(photos), row["faults"]
        assert row["cold"]["down"] > least
        assert row["down_per_photo"] <= CHATTER
        assert row["leaves_the_device"] == "nothing"
        assert row["readings"][0]["read"] == drawn.NUMBER
    assert paddle["full_numbers"]["right"] == len(photos)
