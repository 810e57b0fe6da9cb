"""A user's mistake is one message and an exit code, and the last good result stays."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import TINY, Place


@pytest.fixture
def photos(small_run: Path, tmp_path: Path) -> Path:
    """Thirty labelled photos of the test's own."""
    source = small_run / "photos"
    folder = tmp_path / "mine"
    (folder / "images").mkdir(parents=True)
    lines = (source / "annotations.csv").read_text("utf-8").splitlines()
    names = list(dict.fromkeys(line.split(",")[0] for line in lines[1:]))[:30]
    kept = [line for line in lines[1:] if line.split(",")[0] in names]
    (folder / "annotations.csv").write_text("\n".join([lines[0], *kept, ""]), "utf-8")
    for name in names:
        shutil.copy(source / "images" / name, folder / "images" / name)
    return folder


def flags(photos: Path) -> list[str]:
    return [
        *("--images", str(photos / "images")),
        *("--annotations", str(photos / "annotations.csv")),
        *("--config", str(TINY)),
    ]


def refused(answer: subprocess.CompletedProcess[str], *words: str) -> None:
    """Exit code and message of a user's mistake."""
    assert answer.returncode in {1, 2}, answer.stderr
    assert "error: " in answer.stderr
    assert "Traceback" not in answer.stderr
    for word in words:
        assert word in answer.stderr


def test_wrong_labels_are_all_named_and_the_good_records_stay(place: Place, photos: Path) -> None:
    assert place.inv("data.records", *flags(photos)).returncode == 0
    records = place.run("mine") / "records"
    good = {path.name: path.read_bytes() for path in records.iterdir()}
    labels = photos / "annotations.csv"
    lines = labels.read_text("utf-8").splitlines()
    lines[1] = ",".join([*lines[1].split(",")[:3], "x", *lines[1].split(",")[4:]])
    lines[2] = ",".join(["nowhere.jpg", *lines[2].split(",")[1:]])
    labels.write_text("\n".join(lines) + "\n", "utf-8")
    refused(place.inv("data.records", *flags(photos)), "row 2", "row 3", "nowhere.jpg")
    assert {path.name: path.read_bytes() for path in records.iterdir()} == good


def test_an_empty_folder_of_photos_is_refused(place: Place, photos: Path) -> None:
    shutil.rmtree(photos / "images")
    (photos / "images").mkdir()
    refused(place.inv("pipeline", "--no-serve", *flags(photos)))
    assert not (place.run("mine") / "records").exists()


def test_a_corrupt_photo_is_named(place: Place, photos: Path) -> None:
    first = min((photos / "images").iterdir())
    first.write_bytes(first.read_bytes()[:200])
    refused(place.inv("data.records", *flags(photos)), first.name)


def test_a_truncated_record_is_named(place: Place, photos: Path) -> None:
    assert place.inv("data.records", *flags(photos)).returncode == 0
    record = max((place.run("mine") / "records").glob("train-*.tfrecord"), key=lambda p: p.stat().st_size)
    record.write_bytes(record.read_bytes()[:-100])
    refused(place.inv("train", "--run", "mine"), record.name)
    assert not (place.run("mine") / "checkpoints").exists()


def test_an_unreadable_checkpoint_is_refused_and_the_saved_model_stays(small_run: Path, place: Place) -> None:
    run = place.run("small")
    shutil.copytree(small_run, run, ignore=shutil.ignore_patterns("photos"))
    good = (run / "saved_model" / "saved_model.pb").read_bytes()
    for weights in (run / "checkpoints").glob("best*"):
        weights.write_bytes(weights.read_bytes()[:1000])
    # Without its stamp, as a result of another machine would be.
    (run / "checkpoints" / ".fingerprint.json").unlink()
    refused(place.inv("export", "--run", "small"), "checkpoints")
    assert (run / "saved_model" / "saved_model.pb").read_bytes() == good


def test_a_task_whose_input_was_not_made_names_it(place: Place, photos: Path) -> None:
    assert place.inv("data.records", *flags(photos)).returncode == 0
    refused(place.inv("export", "--run", "mine"), "checkpoints", "doesn't exist")


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_leaves_nothing_under_its_final_name(full_disk: Path, small_run: Path, data: list[str]) -> None:
    place = Place(full_disk)
    answer = place.inv("data.records", *data, "--run", "full")
    refused(answer, "No space left on device")
    assert [path.name for path in place.run("full").iterdir()] == ["run.json"]
