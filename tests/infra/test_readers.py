"""The parts of ./inv bench.readers that need no browser: figures, bills, the service's answers, what is written."""

from __future__ import annotations

import base64
import io
import json
import xml.etree.ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests
from PIL import Image

from benchmarks import certificate
from benchmarks.readers import billing, figures, report
from benchmarks.readers.figures import CHATTER, Reading, compared, left
from benchmarks.readers.origin import serving
from benchmarks.readers.photos import Photo, chosen
from benchmarks.readers.vision import FEATURES, Budget, Vision
from infra.errors import MissingPartError, UsageError
from infra.settings import settings
from infra.tasks import bench
from tests.infra import vision_service
from tests.infra.vision_service import VisionService


def picture(path: Path, shade: int) -> Photo:
    Image.new("L", (40, 30), shade).save(path, "JPEG")
    return Photo(path, "407")


@pytest.fixture
def photos(tmp_path: Path) -> list[Photo]:
    return [picture(tmp_path / f"{shade}.jpg", shade) for shade in (10, 90, 200)]


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VisionService]:
    made = certificate.make(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(made.authority))
    running, server = vision_service.start(made.chain)
    monkeypatch.setenv("DIGITLENS_READERS_ENDPOINT", running.address)
    monkeypatch.setenv("DIGITLENS_READERS_SECONDS", "1")
    settings.cache_clear()
    yield running
    server.close()
    settings.cache_clear()
    assert running.violations == []


@pytest.fixture
def vision(service: VisionService, tmp_path: Path) -> Vision:
    return asker(service, tmp_path / "cache", 1.0)


def asker(service: VisionService, cache: Path, dollars: float) -> Vision:
    def connect() -> Any:
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {vision_service.token(service)}"
        return session

    made = Vision(cache, Budget(dollars), connect)
    made.open()
    return made


def body(photo: Photo, feature: str = FEATURES[0], **changes: Any) -> bytes:
    request = {"image": {"content": base64.b64encode(photo.bytes).decode()}, "features": [{"type": feature}]}
    return json.dumps({"requests": [request | changes]}).encode()


class TestFigures:
    @pytest.mark.parametrize(
        ("label", "text", "count"),
        [("407", "407", 3), ("407", "47", 2), ("407", "4071", 3), ("407", "704", 1), ("407", "", 0), ("", "7", 0)],
    )
    def test_digits_count_where_they_stand_in_order(self, label: str, text: str, count: int) -> None:
        assert figures.common(label, text) == count

    @pytest.mark.parametrize(
        ("right", "total", "low", "high"), [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0)]
    )
    def test_the_interval_is_wilsons(self, right: int, total: int, low: float, high: float) -> None:
        assert figures.wilson(right, total) == pytest.approx((low, high), abs=1e-4)

    @pytest.mark.parametrize(("count", "value"), [(1, 1), (10, 10), (20, 19), (100, 95)])
    def test_the_95th_percentile_is_one_of_the_samples(self, count: int, value: int) -> None:
        assert figures.percentile95(range(1, count + 1)) == value

    def test_what_failed_is_told_and_not_counted(self, photos: list[Photo]) -> None:
        found = figures.of_readings(
            photos, [Reading("407", 10, 5, 100), Reading("40", 30, 7, 300), Reading(fault="429")]
        )
        assert (found["photos"], found["answered"]) == (3, 2)
        assert found["faults"] == [{"what": "429", "photos": 1}]
        assert (found["full_numbers"]["right"], found["digits"]["found"], found["digits"]["labelled"]) == (1, 5, 6)
        assert (found["warm"]["median"], found["warm"]["p95"]) == (20, 30)
        assert (found["down_per_photo"], found["up_per_photo"]) == (6, 200)

    @pytest.mark.parametrize(("up", "said"), [(0, "nothing"), (CHATTER, "nothing"), (5000, "up to 5000 bytes a photo")])
    def test_what_leaves_the_device_is_measured(self, up: int, said: str) -> None:
        assert left([Reading(up=0), Reading(up=up)]) == said

    def test_where_nothing_is_answered_there_are_no_figures(self, photos: list[Photo]) -> None:
        found = figures.of_readings(photos, [Reading(fault="403")] * 3)
        assert (found["answered"], found["full_numbers"], found["warm"]) == (0, None, None)

    def test_an_empty_photo_is_right_where_nothing_is_read(self, photos: list[Photo]) -> None:
        empty = [Photo(photos[0].path, "")]
        assert figures.of_readings(empty, [Reading("", 1)])["full_numbers"]["right"] == 1
        assert figures.of_readings(empty, [Reading("1", 1)])["full_numbers"]["right"] == 0


class TestPhotos:
    ROWS = "filename,width,height,class,xmin,ymin,xmax,ymax\n"

    def test_labels_become_numbers_in_the_order_of_the_page(self, tmp_path: Path) -> None:
        rows = (
            "b.jpg,99,99,7,50,10,58,30\n" + "b.jpg,99,99,4,30,10,38,30\n" + "b.jpg,99,99,0,40,10,48,30\n"
            # Two lines; a photo without digits; and one more than is asked for.
            "a.jpg,99,99,2,10,60,20,80\n" + "a.jpg,99,99,1,10,10,20,30\n" + "c.jpg,99,99,,,,,\n" + "d.jpg,99,99,,,,,\n"
        )
        (tmp_path / "labels.csv").write_text(self.ROWS + rows, "utf-8")
        found = chosen(tmp_path, tmp_path / "labels.csv", 3)
        assert [(one.path.name, one.number) for one in found] == [("a.jpg", "12"), ("b.jpg", "407"), ("c.jpg", "")]

    @pytest.mark.parametrize(("rows", "said"), [("a.jpg,9,9,cat,1,1,2,2\n", "row 2: class 'cat'"), ("", "no photo")])
    def test_other_objects_and_no_photos_are_refused(self, rows: str, said: str, tmp_path: Path) -> None:
        (tmp_path / "labels.csv").write_text(self.ROWS + rows, "utf-8")
        with pytest.raises(UsageError, match=said):
            chosen(tmp_path, tmp_path / "labels.csv")


class TestBill:
    def test_a_photo_costs_a_question_a_feature(self, vision: Vision, photos: list[Photo]) -> None:
        found = billing.bill(vision, photos)
        assert (found.questions, found.of) == (6, 6)
        assert found.dollars == pytest.approx(6 * 1.5 / 1000)
        assert found.bytes == 2 * sum(photo.path.stat().st_size for photo in photos)

    def test_what_is_kept_costs_nothing(self, vision: Vision, photos: list[Photo]) -> None:
        assert vision.ask(body(photos[0]))[0] == 200
        assert billing.bill(vision, photos).questions == 5
        for photo in photos:
            for feature in FEATURES:
                vision.ask(body(photo, feature))
        found = billing.bill(vision, photos)
        assert (found.questions, found.dollars) == (0, 0)
        assert billing.allow(found, None, yes=False, is_named=True) == ""

    @pytest.mark.parametrize(
        ("budget", "yes", "is_named", "said"),
        [
            (None, True, True, "--budget 0.0090 allows it"),
            (0.0089, True, False, "is too little.*--limit 2 fits"),
            (0.001, True, False, "is too little.*\n  raise it"),
            (0.009, False, True, "--yes"),
        ],
    )
    def test_without_budget_and_yes_nothing_is_asked(
        self, vision: Vision, photos: list[Photo], budget: float | None, yes: bool, is_named: bool, said: str
    ) -> None:
        with pytest.raises(UsageError, match=f"(?s){said}"):
            billing.allow(billing.bill(vision, photos), budget, yes=yes, is_named=is_named)

    def test_who_did_not_name_it_gets_a_row_that_says_why(self, vision: Vision, photos: list[Photo]) -> None:
        said = billing.allow(billing.bill(vision, photos), None, yes=False, is_named=False)
        assert "--budget 0.0090 allows it" in said

    def test_the_budget_that_is_named_is_enough(self, vision: Vision, photos: list[Photo]) -> None:
        assert billing.allow(billing.bill(vision, photos), 0.009, yes=True, is_named=True) == ""

    @pytest.mark.parametrize(
        ("word", "said"), [("y\n", ""), ("yes\n", ""), ("\n", "nobody said yes"), ("n\n", "nobody")]
    )
    def test_whoever_sits_there_is_asked(
        self, vision: Vision, photos: list[Photo], word: str, said: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        terminal = io.StringIO(word)
        monkeypatch.setattr(terminal, "isatty", lambda: True)
        monkeypatch.setattr("sys.stdin", terminal)
        assert said in billing.allow(billing.bill(vision, photos), 1.0, yes=False, is_named=True)

    def test_without_credentials_it_is_a_row_that_says_so(self, photos: list[Photo], tmp_path: Path) -> None:
        def connect() -> Any:
            raise MissingPartError("no usable Google credentials: none\n  a remedy")

        nobody = Vision(tmp_path / "cache", Budget(1.0), connect)
        said = bench._not_asked(nobody, photos, 1.0, yes=True, is_named=True)
        assert said == "not asked: no usable Google credentials: none"


class TestVision:
    def test_an_answer_is_passed_on_and_kept(self, vision: Vision, service: VisionService, photos: list[Photo]) -> None:
        service.numbers[photos[0].hash] = "407"
        service.seconds = {FEATURES[0]: 0.2}
        first, again = vision.ask(body(photos[0])), vision.ask(body(photos[0]))
        assert json.loads(first[1]) == json.loads(again[1])
        assert json.loads(first[1])["responses"][0]["fullTextAnnotation"]["text"] == "No. 407\n"
        assert service.asked == [(photos[0].hash, FEATURES[0])]
        assert (vision.sent, vision.from_cache) == (1, 1)
        assert vision.budget.spent == pytest.approx(0.0015)
        kept = json.loads(next(vision.cache.rglob("*.json")).read_text("utf-8"))
        assert 0.2 <= kept["seconds"] < 1

    def test_the_other_feature_and_the_other_photo_are_other_questions(
        self, vision: Vision, service: VisionService, photos: list[Photo]
    ) -> None:
        for question in (body(photos[0]), body(photos[0], FEATURES[1]), body(photos[1])):
            assert vision.ask(question)[0] == 200
        assert len(service.asked) == 3

    def test_no_answer_of_a_stand_in_passes_for_the_services(
        self, vision: Vision, photos: list[Photo], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        vision.ask(body(photos[0]))
        monkeypatch.delenv("DIGITLENS_READERS_ENDPOINT")
        settings.cache_clear()
        assert not vision.has(photos[0], FEATURES[0])

    @pytest.mark.parametrize(
        ("fault", "status", "said"),
        [
            (429, 429, "429 Quota exceeded"),
            (403, 403, "403 The API is disabled"),
            (500, 500, "500 No"),
            ({"responses": [{"error": {"code": 3, "message": "Bad image data."}}]}, 200, "3 Bad image data."),
            ({"responses": []}, 502, "502 the answer isn't the service's JSON"),
            ({}, 502, "502 the answer isn't the service's JSON"),
        ],
    )
    def test_a_refusal_is_passed_on_and_not_kept(
        self, vision: Vision, service: VisionService, photos: list[Photo], fault: Any, status: int, said: str
    ) -> None:
        service.faults = [fault] if fault else [{"nothing": 1}]
        found, answer = vision.ask(body(photos[0]))
        error = json.loads(answer)["error"]
        assert (found, f"{error['code']} {error['message']}") == (status, said)
        assert not vision.has(photos[0], FEATURES[0])
        # The same question isn't asked twice in a run; the next run asks it.
        assert vision.ask(body(photos[0])) == (found, answer)
        assert len(service.asked) == 1
        assert asker(service, vision.cache, 1.0).ask(body(photos[0]))[0] == 200

    def test_after_a_refusal_that_stays_nothing_else_is_sent(
        self, vision: Vision, service: VisionService, photos: list[Photo]
    ) -> None:
        service.faults = [403]
        for photo in photos:
            assert vision.ask(body(photo))[0] == 403
        assert len(service.asked) == 1

    def test_an_answer_that_does_not_come_is_a_fault(
        self, vision: Vision, service: VisionService, photos: list[Photo]
    ) -> None:
        service.seconds = {FEATURES[0]: 1.5}
        status, answer = vision.ask(body(photos[0]))
        assert (status, json.loads(answer)["error"]["message"]) == (504, "no answer within 1 s")

    def test_a_service_that_is_not_there_is_a_fault(
        self, vision: Vision, photos: list[Photo], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DIGITLENS_READERS_ENDPOINT", "https://127.0.0.1:1")
        settings.cache_clear()
        status, answer = vision.ask(body(photos[0]))
        assert status == 503
        assert "can't be reached" in json.loads(answer)["error"]["message"]

    def test_the_budget_ends_it(self, service: VisionService, photos: list[Photo], tmp_path: Path) -> None:
        vision = asker(service, tmp_path / "cache", 0.003)
        assert [vision.ask(body(photo))[0] for photo in photos] == [200, 200, 402]
        assert len(service.asked) == 2

    @pytest.mark.parametrize(
        "changes",
        [
            {"features": [{"type": "TEXT"}]},
            {"features": [{"type": FEATURES[0], "maxResult": 1}]},
            {"image": {"content": "bm8="}},
            {"image": {"contents": ""}},
            {"imageContex": {}},
        ],
    )
    def test_the_stand_in_takes_nothing_that_the_service_would_refuse(
        self, vision: Vision, service: VisionService, photos: list[Photo], changes: dict[str, Any]
    ) -> None:
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {vision_service.token(service)}"
        address, headers = f"{service.address}/v1/images:annotate", {"Content-Type": "application/json"}
        with session:
            answer = session.post(address, data=body(photos[0], **changes), headers=headers, timeout=10)
        assert answer.status_code == 400
        assert service.violations
        service.violations.clear()


LINE = {"name": "4G", "down_bits_per_second": 8.1e6, "up_bits_per_second": 1.35e6, "round_trip_seconds": 0.165}


def result(*rows: dict[str, Any]) -> dict[str, Any]:
    return {
        "format_version": 1,
        "device": {"processor": "a <processor>", "cores": 2, "system": "Linux", "load_at_start": 0.5},
        "versions": {"browser": "Chromium", "node": "v20", "python": "3.11", "commit": "abc"},
        "site": {"model": "digits", "build": "0" * 64},
        "line": LINE,
        "photos": {"source": "drawn", "count": 3, "digits": 9},
        "prices": {"of": "2026-11-28", "vision_usd_per_1000": 1.5, "hosting_usd_per_gb": 0.15},
        "readers": compared(list(rows)),
    }


def row(name: str, photos: list[Photo], milliseconds: float, fault: str = "") -> dict[str, Any]:
    readings = [Reading("407", milliseconds, 1, 2000)] * (len(photos) - 1) + [Reading("", milliseconds, 1, 2, fault)]
    return {
        "name": name,
        "title": f"the <{name}>",
        "reads": "in the browser",
        **figures.of_readings(photos, readings),
        "cold": {"milliseconds": 10 * milliseconds, "down": 1_200_000, "up": 900},
        "leaves_the_device": "nothing",
        "usd_per_1000_photos": 0.0,
        "usd_per_1000_first_visits": 0.18,
        "readings": [],
    }


SKIPPED = {"name": "vision", "title": "Cloud Vision", "reads": "at a service", "skipped": "not asked: <why>"}


class TestReport:
    def test_how_many_times_as_long_is_shown(self, photos: list[Photo]) -> None:
        found = result(row("page", photos, 40), row("tesseract", photos, 100), dict(SKIPPED))
        assert [one.get("warm_by_pages") for one in found["readers"]] == [1, 2.5, None]
        assert "| 2.5 / 2.5 |" in report.table(found)

    def test_what_is_written_follows_the_schema(self, photos: list[Photo], tmp_path: Path) -> None:
        report.write(result(row("page", photos, 40)), tmp_path / "readers")
        report.write(result(row("page", photos, 50, "429 Quota"), dict(SKIPPED)), tmp_path / "readers")
        assert sorted(path.name for path in (tmp_path / "readers").iterdir()) == [
            "readers.json",
            "readers.md",
            "readers.svg",
        ]
        table = (tmp_path / "readers" / "readers.md").read_text("utf-8")
        assert "- the <page>: 1 of 3 photos: 429 Quota" in table
        assert "2 of 2: 100.0 %" in table
        assert "not asked: <why>" in table

    def test_only_its_own_folder_is_replaced(self, photos: list[Photo], tmp_path: Path) -> None:
        for folder in (tmp_path / "new", tmp_path / "own"):
            report.require_room(folder)
        report.write(result(row("page", photos, 40)), tmp_path / "own")
        report.require_room(tmp_path / "own")
        for place in (tmp_path, photos[0].path):
            with pytest.raises(UsageError, match="wasn't made by this task"):
                report.require_room(place)

    @pytest.mark.parametrize("missing", ["title", "answered", "faults", "warm", "full_numbers", "leaves_the_device"])
    def test_the_schema_asks_for_what_readers_rely_on(self, missing: str, photos: list[Photo]) -> None:
        words = result(row("page", photos, 40))
        del words["readers"][0][missing]
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(words, json.loads(report.SCHEMA.read_text("utf-8")))

    def test_the_chart_is_a_picture_of_every_reader(self, photos: list[Photo]) -> None:
        drawn = report.chart(result(row("page", photos, 40), row("paddle", photos, 400), dict(SKIPPED)))
        name = "{http://www.w3.org/2000/svg}"
        parts = xml.etree.ElementTree.fromstring(drawn)
        warm = [float(bar.get("width", "0")) for bar in parts.iter(f"{name}rect") if bar.get("class") == "warm"]
        assert warm[1] == pytest.approx(10 * warm[0], rel=0.01)
        assert "not asked: <why>" in [text.text for text in parts.iter(f"{name}text")]


@pytest.mark.parametrize("path", ["../secret", "%2e%2e/secret", "/%2e%2e/secret", "nothing"])
def test_a_page_gets_no_file_beside_its_own(path: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret", "utf-8")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "index.html").write_text("page", "utf-8")
    with serving([tmp_path / "root"], {}) as address, requests.Session() as session:
        session.trust_env = False
        assert session.get(address, timeout=10).text == "page"
        prepared = requests.Request("GET", address).prepare()
        prepared.url = f"{address}/{path}"
        assert session.send(prepared, timeout=10).status_code == 404
