"""The parts of ./inv bench that need no browser: what samples say, what is written, and the slow line."""

from __future__ import annotations

import contextlib
import io
import json
import re
import socket
import socketserver
import subprocess
import threading
import time
import xml.etree.ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from PIL import Image

from benchmarks.page import audit, photos, report, rows
from benchmarks.page.front import Front
from benchmarks.page.link import UNSHAPED, Lane, Shape, linked
from benchmarks.page.measure import Effort, Result, of_steps
from benchmarks.page.rows import Row
from infra.errors import CommandError
from infra.execution import environments

DESCRIPTION: dict[str, Any] = {
    "device": {"processor": "a <processor>", "cores": 2, "system": "Linux", "load_at_start": 0.5},
    "versions": {"browser": "Chromium", "node": "v20", "python": "3.11", "commit": "abc"},
    "site": {"model": "digits", "build": "0" * 64},
    "line": {
        "name": "Slow 4G",
        "down_bits_per_second": 1.6e6,
        "up_bits_per_second": 750e3,
        "round_trip_seconds": 0.15,
    },
}


def result(*measured: Row) -> Result:
    request = {"path": "/main.js", "start": 0.4, "encoding": "br", "bytes": 42_000}
    return Result(DESCRIPTION, list(measured), [request])


class TestRows:
    def test_a_row_says_median_minimum_and_spread_of_its_samples(self) -> None:
        words = Row(rows.FRAME, [30, 20, 50, 40, 100]).words
        assert (words["value"], words["median"], words["min"], words["spread"]) == (40, 40, 20, 20)
        assert words["samples"] == [30, 20, 50, 40, 100]

    @pytest.mark.parametrize(
        ("figure", "samples", "value"),
        [
            (rows.USABLE, [1, 2, 9], 2),
            (rows.INFERENCE, [14, 50, 90], 14),
            (rows.BLOCKED, [0, 0, 61], 61),
        ],
    )
    def test_the_judged_statistic_is_the_value(self, figure: rows.Figure, samples: list[float], value: float) -> None:
        assert Row(figure, samples).value == value

    def test_an_inference_is_one_look_at_the_photo(self) -> None:
        inference, looks = of_steps([{"looks": 2, "letterbox": 4, "inference": 40, "recognition": 2}])
        assert (inference.figure, inference.value) == (rows.INFERENCE, 20)
        assert (looks.figure, looks.value) == (rows.LOOKS, 46)

    def test_one_sample_has_no_spread(self) -> None:
        assert Row(rows.USABLE, [1.5]).words["spread"] == 0

    @pytest.mark.parametrize(
        ("figure", "value", "within", "at_aim"),
        [
            (rows.BYTES, 1.3e6, False, False),
            (rows.BYTES, 1.2e6, True, False),
            (rows.BYTES, 0.9e6, True, True),
            (rows.LIGHTHOUSE["seo"], 94, False, False),
            (rows.LIGHTHOUSE["seo"], 95, True, False),
            (rows.LIGHTHOUSE["seo"], 100, True, True),
        ],
    )
    def test_a_value_is_held_to_reach_and_aim(
        self, figure: rows.Figure, value: float, within: bool, at_aim: bool
    ) -> None:
        row = Row(figure, [value])
        assert (row.is_within_reach, row.is_at_aim) == (within, at_aim)

    def test_a_row_without_samples_has_no_value_and_a_reason(self) -> None:
        row = Row(rows.OFFLINE, skipped="no service worker")
        assert row.value is None
        assert row.is_within_reach is None
        assert row.words["skipped"] == "no service worker"

    def test_effort_follows_the_readings(self) -> None:
        assert Effort.of(1) == Effort(1, 1, 1, 1)
        assert Effort.of(20).readings == 20


class TestReport:
    def test_what_is_written_follows_the_schema_and_replaces_what_was_there(self, tmp_path: Path) -> None:
        folder = tmp_path / "bench"
        report.write(result(Row(rows.USABLE, [1.0])), folder)
        report.write(result(Row(rows.USABLE, [2.0]), Row(rows.OFFLINE, skipped="none")), folder)
        written = json.loads((folder / "bench.json").read_text("utf-8"))
        assert [row["value"] for row in written["rows"]] == [2.0, None]
        assert sorted(path.name for path in tmp_path.iterdir()) == ["bench"]

    @pytest.mark.parametrize("missing", ["name", "value", "unit", "median", "min", "reach"])
    def test_the_schema_asks_for_what_readers_rely_on(self, missing: str) -> None:
        words = result(Row(rows.USABLE, [1.0])).words
        del words["rows"][0][missing]
        with pytest.raises(jsonschema.ValidationError, match=missing):
            jsonschema.validate(words, json.loads(report.SCHEMA.read_text("utf-8")))

    def test_the_schema_refuses_a_row_without_value_and_reason(self) -> None:
        words = result(Row(rows.OFFLINE)).words
        with pytest.raises(jsonschema.ValidationError, match="skipped"):
            jsonschema.validate(words, json.loads(report.SCHEMA.read_text("utf-8")))

    def test_the_table_marks_what_is_past_its_reach(self) -> None:
        lines = report.table(result(Row(rows.USABLE, [3.0]), Row(rows.BYTES, [8e5]), Row(rows.OFFLINE, skipped="why")))
        _, usable, size, offline = lines.rsplit("\n", 3)
        assert usable.endswith("PAST REACH")
        assert size.endswith("ok (aim)")
        assert offline.endswith("why")

    def test_the_chart_is_a_picture_of_every_row_and_request(self) -> None:
        drawn = report.chart(
            result(Row(rows.USABLE, [99.0]), Row(rows.BYTES, [8e5]), Row(rows.OFFLINE, skipped="<why>"))
        )
        picture = xml.etree.ElementTree.fromstring(drawn)
        name = "{http://www.w3.org/2000/svg}"
        bars = {
            bar.get("class"): float(bar.get("width", "0")) for bar in picture.iter(f"{name}rect") if bar.get("class")
        }
        assert set(bars) == {"past", "good"}
        assert bars["past"] > bars["good"] > 0
        texts = [text.text or "" for text in picture.iter(f"{name}text")]
        assert {rows.USABLE.name, rows.BYTES.name, rows.OFFLINE.name, "<why>", "/main.js"} <= set(texts)


class TestPhotos:
    def test_a_photo_is_the_same_for_the_same_seed_only(self) -> None:
        assert photos.photo(photos.FRAME, 1) == photos.photo(photos.FRAME, 1)
        assert photos.photo(photos.FRAME, 1) != photos.photo(photos.FRAME, 2)

    @pytest.mark.parametrize("size", [photos.FRAME, photos.TWELVE_MEGAPIXELS])
    def test_a_photo_is_a_jpeg_of_its_size(self, size: tuple[int, int]) -> None:
        with Image.open(io.BytesIO(photos.photo(size, 1))) as picture:
            assert (picture.format, picture.size) == ("JPEG", size)


class Echo(socketserver.BaseRequestHandler):
    """Answers every byte with itself."""

    def handle(self) -> None:
        while data := self.request.recv(65536):
            self.request.sendall(data)


@pytest.fixture
def echo() -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield int(server.server_address[1])
        server.shutdown()
        thread.join()


def exchange(port: int, data: bytes) -> tuple[bytes, float]:
    """What comes back for ``data``, and the seconds it took."""
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        threading.Thread(target=connection.sendall, args=(data,), daemon=True).start()
        received = b""
        while len(received) < len(data):
            received += connection.recv(65536)
    return received, time.monotonic() - start


class TestLine:
    def test_a_lane_carries_one_piece_after_the_other(self) -> None:
        lane = Lane(bits_per_second=8000, delay=0.5)
        assert lane.take(1000, now=10.0) == 11.5
        assert lane.take(500, now=10.0) == 12.0
        assert lane.take(1000, now=20.0) == 21.5
        assert lane.bytes == 2500

    def test_a_lane_without_a_limit_only_counts(self) -> None:
        lane = Lane(bits_per_second=0, delay=0)
        assert lane.take(10**9, now=3.0) == 3.0
        assert lane.bytes == 10**9

    def test_bytes_arrive_as_they_were_sent_and_are_counted(self, echo: int) -> None:
        data = bytes(range(256)) * 800
        with linked(echo, UNSHAPED) as link:
            assert exchange(link.port, data)[0] == data
            assert (link.up.bytes, link.down.bytes) == (len(data), len(data))

    @pytest.mark.parametrize("round_trip", [0.1, 0.2])
    def test_a_connection_costs_a_round_trip_and_its_answer_another(self, echo: int, round_trip: float) -> None:
        with linked(echo, Shape("far", 0, 0, round_trip)) as link:
            assert exchange(link.port, b"x")[1] >= 2 * round_trip

    @pytest.mark.parametrize("size", [20_000, 40_000])
    def test_all_connections_share_the_bandwidth(self, echo: int, size: int) -> None:
        with linked(echo, Shape("narrow", 800e3, 0, 0)) as link:
            times: list[float] = []
            several = [
                threading.Thread(target=lambda: times.append(exchange(link.port, bytes(size))[1])) for _ in range(2)
            ]
            start = time.monotonic()
            for one in several:
                one.start()
            for one in several:
                one.join()
            assert len(times) == 2
            assert time.monotonic() - start >= 0.95 * 2 * size / 100e3

    def test_a_cut_line_ends_connections_and_takes_no_new_ones(self, echo: int) -> None:
        with (
            linked(echo, UNSHAPED) as link,
            socket.create_connection(("127.0.0.1", link.port), timeout=30) as connection,
        ):
            connection.sendall(b"x")
            assert connection.recv(1) == b"x"
            link.cut()
            with contextlib.suppress(ConnectionError):  # reset, or closed: either is an end
                assert connection.recv(1) == b""
            assert self.answer(link.port) == b""

    @staticmethod
    def answer(port: int) -> bytes:
        """What one byte brings; nothing if the connection is ended."""
        with contextlib.suppress(ConnectionError), socket.create_connection(("127.0.0.1", port), timeout=30) as line:
            line.sendall(b"x")
            return line.recv(1)
        return b""


@pytest.mark.parametrize(
    ("said", "runs"),
    [("Something went wrong (NO_NAVSTART). Please run Lighthouse again.", audit.ATTEMPTS), ("no Chromium", 1)],
)
def test_lighthouse_is_run_again_where_it_asks_for_it(
    said: str, runs: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands: list[list[str]] = []

    def capture(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 1, said)

    monkeypatch.setattr("infra.execution.processes.capture", capture)
    monkeypatch.setattr("infra.execution.environments.ensure", environments.find)
    with pytest.raises(CommandError, match=re.escape(said)):
        audit.lighthouse(Front(1, "pin", tmp_path))
    assert len(commands) == runs
