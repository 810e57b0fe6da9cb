"""Somebody else's SavedModel, with suppression and a background column or with neither: the page takes it unchanged."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from infra.browser import frontend
from infra.execution import environments
from infra.hosting import emulator
from infra.page import site
from tests.browser.conftest import Witness, wait_for
from tests.conftest import ROOT, Place

MAKE = """
import sys
from pathlib import Path
import tensorflow as tf
from tests.conversion import detectors

# Wherever it looks, it sees an eye and a clock, classes 4 and 2, beside each other in the upper half.
finds = detectors.constant([(0.1, 0.1, 0.4, 0.25), (0.1, 0.3, 0.4, 0.45)], [4, 2])
folder, described = map(Path, sys.argv[1:3])
detectors.save(
    folder, signature="serving_default", input_name="input_tensor", dtype=tf.uint8, shape=(1, None, None, 3),
    after=lambda outputs: {after},
)
detectors.describe(described, background_column={background}, classes=sys.argv[3:], reading="none")
"""
KINDS = {
    "as the Object Detection API exports": ("detectors.exported(detectors.with_background(finds(outputs)))", True),
    "boxes and scores alone": ("finds(outputs)", False),
}

CLASSES = ["anchor", "bell", "clock", "door", "eye", "flag", "gate", "hook", "iron", "jar"]
"""What they call their objects: no characters, each stands alone."""


def renamed(labels: Path, path: Path) -> Path:
    """Labels of digits as labels of their classes."""
    with labels.open(newline="", encoding="utf-8") as source, path.open("w", newline="", encoding="utf-8") as target:
        head, *rows = csv.reader(source)
        column = head.index("class")
        for row in rows:
            row[column] = CLASSES[int(row[column])] if row[column] else ""
        # So few say nothing of a model that sees the same everywhere: see conversion/trial.py.
        csv.writer(target).writerows([head, *rows[:8]])
    return path


@pytest.fixture(scope="module", params=KINDS)
def theirs(request: pytest.FixtureRequest, small_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a site with their model, made by the tasks that a user would call."""
    folder = tmp_path_factory.mktemp("theirs")
    place = Place(folder)
    python = environments.ensure("train").python
    after, background = KINDS[request.param]
    program = MAKE.format(after=after, background=background)
    words = [str(python), "-c", program, str(folder / "saved_model"), str(folder / "detector.json"), *CLASSES]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    done = place.inv(
        *("convert", "--run", "theirs", "--saved-model", str(folder / "saved_model")),
        *("--detector", str(folder / "detector.json")),
        *("--images", str(small_run / "photos" / "images")),
        *("--annotations", str(renamed(small_run / "records" / "validation.csv", folder / "labels.csv"))),
    )
    assert done.returncode == 0, done.stderr
    environments.ensure("hosting")
    # As ./inv frontend.build does: the worker has the kernels of the model that it is built for.
    with frontend.alone():
        frontend.build_recognizer(place.run("theirs") / "web_model")
        frontend.build_app()
        site.assemble(place.run("theirs") / "web_model", place.site, "theirs")
    with emulator.serving(place.site) as address:
        yield address


def test_the_page_reads_with_somebody_elses_model(page: Page, witness: Witness, theirs: str, small_run: Path) -> None:
    photo = next((small_run / "photos" / "images").iterdir())
    page.goto(f"{theirs}/")
    wait_for(page, "idle")
    page.get_by_test_id("file").set_input_files(photo)
    wait_for(page, "done")
    found = [item.get_attribute("data-class") for item in page.locator("li[data-class]").all()]
    assert sorted(map(str, found)) == ["clock", "eye"]
    expect(page.locator(".counts")).to_have_text("1 clock, 1 eye")
    expect(page.locator(".numbers")).to_have_count(0)
    assert page.locator(".frame-label").all_inner_texts() == found
