"""The whole path without any photos given."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path

import jsonschema
import pytest

from infra import fingerprints
from tests.conftest import ROOT, TINY, Place

AGAIN_SECONDS = 20


def test_the_report_has_every_figure(small_run: Path, small_place: Place) -> None:
    report = json.loads((small_run / "report.json").read_text("utf-8"))
    assert report["photos"] > 0
    assert report["objects"] > 0
    assert all(0 <= report[key] <= 1 for key in ("map", "map50", "full_number_accuracy"))
    gate = report["gate"]
    schemas = {name: json.loads((ROOT / "schemas" / name).read_text("utf-8")) for name in ("gate.schema.json",)}
    jsonschema.validate(gate, schemas["gate.schema.json"])
    assert gate["passed"] is True
    assert set(gate["max_abs_difference"]) == {"detection_boxes", "detection_multiclass_scores"}
    smoke = report["smoke"]
    assert (smoke["passed"], smoke["tests"], smoke["failed"]) == (True, 5, [])
    assert smoke["build"] == fingerprints.of_file(small_place.site / "build.json")
    on_disk = sum(file.stat().st_size for file in (small_run / "web_model").iterdir() if not file.name.startswith("."))
    assert report["web_model_bytes"] == on_disk
    assert {"synthesize", "records", "train", "export", "convert", "smoke", "total"} <= set(report["seconds"])


def test_every_picture_of_the_page_exists(small_run: Path) -> None:
    text = (small_run / "report.md").read_text("utf-8")
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", text)
    assert {"checkpoints/loss.png", "smoke/page.png"} <= set(pictures)
    assert sum(picture.startswith("evaluation/web/pictures/") for picture in pictures) >= 4
    assert [picture for picture in pictures if not (small_run / picture).is_file()] == []


def test_the_site_lists_its_own_files(small_place: Place, small_run: Path) -> None:
    listed = json.loads((small_place.site / "build.json").read_text("utf-8"))["files"]
    files = {
        path.relative_to(small_place.site).as_posix()
        for path in small_place.site.rglob("*")
        if path.is_file() and path.name not in {"build.json", ".fingerprint.json", ".origin.json"}
    }
    assert {entry["path"] for entry in listed} == files


def test_run_again_it_says_that_all_is_current_and_is_quick(small_place: Place, small_run: Path) -> None:
    flags = ["--no-serve", "--name", "small", "--photos", "400", "--config", str(TINY)]
    before = json.loads((small_run / "report.json").read_text("utf-8"))["seconds"]
    # There is one page on a machine, and other tests' runs may have had it built for their model.
    assert small_place.inv("pipeline", *flags).returncode == 0
    start = time.monotonic()
    again = small_place.inv("pipeline", *flags)
    assert time.monotonic() - start < AGAIN_SECONDS
    assert again.returncode == 0, again.stderr
    assert again.stdout == f"{small_run / 'report.md'}\n"
    assert [line for line in again.stderr.splitlines() if not line.startswith("current: ")] == []
    after = json.loads((small_run / "report.json").read_text("utf-8"))["seconds"]
    assert after["train"] == before["train"] > 1


@pytest.mark.parametrize("kind", ["checkpoints", "saved_model", "web_model"])
def test_every_kind_of_model_is_evaluated_by_the_same_command(small_place: Place, small_run: Path, kind: str) -> None:
    answer = small_place.inv(
        *("evaluate", "--json", "--model", str(small_run / kind)),
        *("--images", str(small_run / "photos" / "images")),
        *("--annotations", str(small_run / "records" / "validation.csv")),
    )
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    report = json.loads((small_run / "report.json").read_text("utf-8"))
    expected = report if kind == "web_model" else report["trained"]
    assert found["photos"] == report["photos"]
    assert found["map50"] == pytest.approx(expected["map50"], abs=1e-3)
    assert found["full_number_accuracy"] == pytest.approx(expected["full_number_accuracy"], abs=0.02)
    low, high = found["full_number_accuracy_interval"]
    assert 0 <= low <= found["full_number_accuracy"] <= high <= 1
    assert {"objects", "map", "score_threshold", "per_class", "milliseconds_per_photo"} <= set(found)


def test_photos_cut_to_their_numbers_are_judged_alike_whatever_the_model(small_place: Place, small_run: Path) -> None:
    flags = [
        "--images",
        str(small_run / "photos" / "images"),
        "--annotations",
        str(small_run / "records/validation.csv"),
    ]
    found = []
    for kind in ("checkpoints", "web_model"):
        answer = small_place.inv("evaluate", "--json", "--crop", "number", "--model", str(small_run / kind), *flags)
        assert answer.returncode == 0, answer.stderr
        found.append(json.loads(answer.stdout))
    trained, web = found
    report = json.loads((small_run / "report.json").read_text("utf-8"))
    assert trained["photos"] == web["photos"] <= report["photos"]
    assert trained["objects"] == web["objects"] == report["objects"]
    assert web["map50"] == pytest.approx(trained["map50"], abs=0.03)
    # Other photos than the whole ones, though they show the same.
    assert web["map50"] != report["map50"]


def test_a_page_that_answers_otherwise_fails_the_smoke_test(small_place: Place, small_run: Path, place: Place) -> None:
    """The same site with its classes turned round in the manifest."""
    shutil.copytree(small_place.site, place.site)
    shutil.copytree(small_run, place.run("small"), ignore=shutil.ignore_patterns("photos"))
    manifest = place.site / "model" / "manifest.json"
    content = json.loads(manifest.read_text("utf-8"))
    content["classes"] = [*content["classes"][1:], content["classes"][0]]
    index, before = place.site / "index.html", fingerprints.of_file(manifest)
    manifest.write_text(json.dumps(content), "utf-8")
    # As a release with that manifest: the page refuses any other.
    index.write_text(index.read_text("utf-8").replace(before, fingerprints.of_file(manifest)), "utf-8")
    answer = place.inv("smoke", "--run", "small")
    assert answer.returncode == 1, answer.stderr
    assert "the page failed its smoke test" in answer.stderr
    assert "test_the_page_answers_as_the_web_model_does" in answer.stderr
    written = json.loads((place.run("small") / "smoke" / "smoke.json").read_text("utf-8"))
    assert written["passed"] is False
