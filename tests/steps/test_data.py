"""The tasks around labelled photos, on a few synthetic ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import TINY, Place

PHOTOS = 60


@pytest.fixture(scope="module")
def synthetic(small_place: Place) -> Path:
    """Kept between sessions, as the small run is."""
    folder = small_place.folder / "data" / "photos"
    done = small_place.inv("data.synthesize", "--photos", str(PHOTOS), "--config", str(TINY), "--out", str(folder))
    assert done.returncode == 0, done.stderr
    return folder


def source(folder: Path) -> list[str]:
    return ["--images", str(folder / "images"), "--annotations", str(folder / "annotations.csv")]


def test_labels_go_through_other_formats_unchanged(synthetic: Path, place: Place) -> None:
    flags, former = source(synthetic), (synthetic / "annotations.csv").read_text("utf-8")
    for name, file in (("coco", "annotations.json"), ("voc", "annotations"), ("csv", "annotations.csv")):
        out = place.folder / name
        done = place.inv("data.convert", *flags, "--to", name, "--out", str(out))
        assert done.returncode == 0, done.stderr
        flags[-1] = str(out / file)
    assert Path(flags[-1]).read_text("utf-8") == former
    foreign = place.inv("data.convert", *flags, "--to", "csv", "--out", str(place.folder))
    assert foreign.returncode == 2
    assert "choose another folder" in foreign.stderr


def test_several_sources_become_one_run(synthetic: Path, place: Place) -> None:
    entries = [
        {"name": "drawn", "images": str(synthetic / "images"), "annotations": str(synthetic / "annotations.csv")},
        {"name": "empty", "images": str(synthetic / "images"), "annotations": "none"},
    ]
    data = place.folder / "both.yaml"
    data.write_text(json.dumps({"sources": entries}), "utf-8")
    done = place.inv("data.records", "--data", str(data), "--config", str(TINY))
    assert done.returncode == 0, done.stderr
    run = place.run("both")
    manifest = json.loads((run / "records" / "manifest.json").read_text("utf-8"))
    assert manifest["photos"] == 2 * PHOTOS
    again = place.inv("data.records", "--data", str(data), "--config", str(TINY))
    assert "current: merge" in again.stderr
    assert "current: records" in again.stderr
    mixed = place.inv("data.records", "--data", str(data), *source(synthetic))
    assert mixed.returncode == 2
    assert "doesn't go together with --data" in mixed.stderr


def test_a_check_succeeds_with_suspicions_and_fails_with_errors(synthetic: Path, place: Place) -> None:
    done = place.inv("data.check", *source(synthetic), "--config", str(TINY), "--run", "mine", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["photos"] == PHOTOS
    assert (place.run("mine") / "check" / "contact_sheet.jpg").is_file()
    broken = place.folder / "broken.csv"
    broken.write_text((synthetic / "annotations.csv").read_text("utf-8") + "gone.jpg,9,9,1,0,0,4,4,\n", "utf-8")
    failed = place.inv("data.check", *source(synthetic)[:3], str(broken), "--config", str(TINY), "--run", "mine")
    assert failed.returncode == 1
    assert "1 error" in failed.stdout
    assert "gone.jpg: no such file" in failed.stderr
    entries = [{"name": "mine", "images": str(synthetic / "images"), "annotations": str(broken)}]
    data = place.folder / "one.yaml"
    data.write_text(json.dumps({"sources": entries}), "utf-8")
    for _ in range(2):
        listed = place.inv("data.check", "--data", str(data), "--config", str(TINY))
        assert listed.returncode == 1
        assert "1 error" in listed.stdout
        assert "mine: broken.csv" in listed.stdout
        assert (place.run("one") / "check" / "contact_sheet.jpg").is_file()
    assert "current: check data" in listed.stderr
    refused = place.inv("data.records", "--data", str(data), "--config", str(TINY))
    assert refused.returncode == 2


def test_archives_are_not_fetched_without_a_name_that_is_known(place: Place) -> None:
    done = place.inv("data.fetch", "mnist")
    assert done.returncode == 2
    assert "known is svhn" in done.stderr
