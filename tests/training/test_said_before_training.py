"""What changes a plan, or would end a later step, is said by the plan and by the check; faults are never hidden."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.conftest import run_step
from tests.training.labelled import table
from training.findings import FILE

SIZE = 160, 120
Change = Callable[[Path, list[str]], list[str]]


def photos(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        noise = np.random.default_rng(number).integers(0, 256, (12, 16, 3), np.uint8)
        Image.fromarray(noise).resize(SIZE).save(folder / f"{number}.jpg")
    return folder


def rows(count: int, name: str = "cat") -> list[str]:
    return [f"{number}.jpg,{SIZE[0]},{SIZE[1]},{name},10,10,60,60" for number in range(count)]


def plan(images: Path, labels: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    flags = ("--images", images, "--annotations", labels, "--name", "mine", "--out", out, *more)
    return run_step("training.planning.plan", *flags)


def check(images: Path, labels: Path, out: Path) -> tuple[str, list[str]]:
    done = run_step("training.data.review.check", "--images", images, "--annotations", labels, "--out", out)
    assert done.returncode == 0, done.stderr
    return (out / "check.txt").read_text(), json.loads((out / "check.json").read_text())["errors"]


def unlabelled(images: Path, lines: list[str]) -> list[str]:
    return lines[:-1]


def western(images: Path, lines: list[str]) -> list[str]:
    return [line.replace("cat", "caf\xe9") for line in lines]


def double(images: Path, lines: list[str]) -> list[str]:
    return [*lines, lines[0]]


def truncated(images: Path, lines: list[str]) -> list[str]:
    file = images / "3.jpg"
    file.write_bytes(file.read_bytes()[:-400])
    return lines


def copies(images: Path, lines: list[str]) -> list[str]:
    for number in range(8, 20):
        Image.open(images / "7.jpg").save(images / f"{number}.jpg", quality=70)
    return lines


def blank(images: Path, lines: list[str]) -> list[str]:
    Image.new("RGB", SIZE, "black").save(images / "2.jpg")
    return lines


def two_names(images: Path, lines: list[str]) -> list[str]:
    return [line.replace("cat", "Cat") if number % 2 else line for number, line in enumerate(lines)]


def missing(images: Path, lines: list[str]) -> list[str]:
    return [*lines, "nowhere.jpg,160,120,cat,1,1,9,9"]


@pytest.mark.parametrize(
    ("change", "in_plan", "in_check"),
    [
        (unlabelled, "pictures without a label, which are left out: 1, 19.jpg first", None),
        (western, "was read as Windows-1252", None),
        (double, "objects that stand twice, counted once: 1", None),
        (truncated, "1 fault in labels or photos (files that can't be read 1)", "files that can't be read: 1"),
        (copies, "photos that look the same are in different splits: 13 in 1 set", "13, in 1 set"),
        (blank, "photos of one colour: 1, 2.jpg first", None),
        (two_names, "classes that differ in nothing but case, blanks or dashes: Cat and cat", None),
        (missing, "1 fault in labels or photos (photos that are missing 1)", "photos that are missing: 1"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_plan_says_what_the_check_says(tmp_path: Path, change: Change, in_plan: str, in_check: str | None) -> None:
    images = photos(tmp_path / "images", 20)
    labels = table(tmp_path, *change(images, rows(20)), encoding="cp1252" if change is western else "utf-8")
    done = plan(images, labels, tmp_path / "plan")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "plan" / "plan.txt").read_text()
    assert text.count(in_plan) == 1, text
    looked, _ = check(images, labels, tmp_path / "check")
    assert looked.count(in_check or in_plan) == 1, looked
    assert (tmp_path / "plan" / FILE).exists() is ("fault" in in_plan)


@pytest.mark.parametrize(
    ("count", "fault"),
    [
        (0, "nowhere.jpg,160,120,dog,1,1,9,9"),
        (2, "nowhere.jpg,160,120,dog,1,1,9,9"),
        (1, "2.jpg,160,120,dog,1,1,987,9"),
        (1, None),
        (2, None),
    ],
)
def test_faults_of_a_set_that_is_too_small_are_shown_and_written(tmp_path: Path, count: int, fault: str | None) -> None:
    images = photos(tmp_path / "images", 3)
    labels = table(tmp_path, *rows(count), *([fault] if fault else []))
    done = plan(images, labels, tmp_path / "out" / "plan")
    assert done.returncode == 2
    assert not (tmp_path / "out" / "plan").exists()
    text, errors = check(images, labels, tmp_path / "check")
    assert errors
    if fault:
        words = "nowhere.jpg" if "nowhere" in fault else "987"
        assert words in done.stderr
        with (tmp_path / "out" / FILE).open(newline="") as file:
            assert [words in row["fault"] for row in csv.DictReader(file)] == [True]
        assert words in text
        assert (tmp_path / "check" / FILE).exists()
    if count:
        assert "too few" in done.stderr
        assert "too few" in text


def test_labels_that_nobody_can_read_are_an_error_of_the_check(tmp_path: Path) -> None:
    images = photos(tmp_path / "images", 1)
    (tmp_path / "labels.json").write_text("{")
    text, errors = check(images, tmp_path / "labels.json", tmp_path / "check")
    assert len(errors) == 1
    assert "can't be read as JSON" in errors[0]
    assert "can't be read as JSON" in text


FAULTY = {
    "size": "{}.jpg,999,120,dog,1,1,9,9",
    "outside": "{}.jpg,160,120,dog,1,1,900,9",
    "number": "{}.jpg,160,120,dog,1,one,9,9",
    "missing": "no{}.jpg,160,120,dog,1,1,9,9",
    "flat": "{}.jpg,160,120,dog,9,9,9,19",
}


@pytest.mark.parametrize("kind", list(FAULTY))
def test_a_class_of_faulty_labels_alone_is_known(tmp_path: Path, kind: str) -> None:
    images = photos(tmp_path / "images", 20)
    labels = table(tmp_path, *rows(15), *(FAULTY[kind].format(number) for number in range(15, 20)))
    done = plan(images, labels, tmp_path / "plan")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "plan" / "plan.txt").read_text()
    assert "every photo with a label of it has a fault: dog" in text
    done = run_step(
        "training.data.review.check", "--images", images, "--annotations", labels,
        "--config", tmp_path / "plan" / "config.yaml", "--out", tmp_path / "check",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    looked = (tmp_path / "check" / "check.txt").read_text()
    assert "classes that aren't known" not in looked
    assert "5 errors" in looked
    refused = plan(images, labels, tmp_path / "asked", "--classes", "cat,dog")
    assert refused.returncode == 2
    assert "every photo with a label of dog has a fault" in refused.stderr


def test_a_set_without_an_object_has_that_fault_and_no_other(tmp_path: Path) -> None:
    images = photos(tmp_path / "images", 20)
    labels = table(tmp_path, *(f"{number}.jpg,160,120,,,,," for number in range(20)))
    done = plan(images, labels, tmp_path / "plan")
    assert "none of the 20 photos has an object" in done.stderr
    # What isn't planned has no splits to be judged by: the plan's own refusal ends the task.
    assert check(images, labels, tmp_path / "check")[1] == []
