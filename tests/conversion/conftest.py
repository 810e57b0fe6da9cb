"""Detectors, photos and the built web runtime for the tests of conversion."""

from __future__ import annotations

import csv
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from conversion import graph, manifest
from conversion.photos import COLUMNS
from conversion.saved_model import BOXES, INPUT, SCORES, SavedDetector
from tests.conversion import detectors

REPOSITORY = Path(__file__).parents[2]

MakeWebModel = Callable[..., tuple[SavedDetector, Path]]


@pytest.fixture(scope="session")
def web_runtime() -> Path:
    """The recognizer's Node runtime."""
    path = REPOSITORY / "frontend/recognizer/dist/node/web_runtime.mjs"
    if not path.is_file():
        pytest.fail(f"{path} is missing: build the recognizer first (npm run build in its folder)")
    return path


@pytest.fixture(scope="session")
def saved_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SavedModel with its detector.json; nobody changes it."""
    folder = detectors.save(tmp_path_factory.mktemp("detector") / "saved_model")
    detectors.describe(folder / "detector.json")
    return folder


@pytest.fixture
def make_web_model(saved_model: Path, tmp_path: Path) -> MakeWebModel:
    """Converts a SavedModel, by default `saved_model`, into a web model that passed no gate."""

    def make(
        quantization: graph.Quantization = "none", source: Path = saved_model, **changes: Any
    ) -> tuple[SavedDetector, Path]:
        saved = SavedDetector(source, detectors.describe(tmp_path / "detector.json", **changes))
        folder = tmp_path / f"web_model_{quantization}"
        folder.mkdir()
        kernels = graph.convert(saved, quantization, folder)
        names = (INPUT, BOXES, SCORES)
        manifest.write(manifest.describe(saved.detector, folder, names, quantization, kernels, None), folder)
        return saved, folder

    return make


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of images and annotations.csv: three photos with digits, one without."""
    folder = tmp_path / "photos"
    (folder / "images").mkdir(parents=True)
    rows: list[list[str | int]] = []
    for index, text in enumerate(["7", "42", "", "305"]):
        width, height = 90 + 30 * index, 70
        image = Image.new("RGB", (width, height), (200 - 40 * index, 180, 60 + 50 * index))
        name = f"photo{index}.png"
        for place, digit in enumerate(text):
            left = 10 + 30 * place
            ImageDraw.Draw(image).text((left, 10), digit, "black", font_size=40)
            rows.append([name, width, height, digit, left, 12, left + 25, 52])
        if not text:
            rows.append([name, width, height, "", "", "", "", ""])
        image.save(folder / "images" / name)
    write_annotations(folder / "annotations.csv", rows)
    return folder


@pytest.fixture(autouse=True)
def _keep_signals() -> Iterator[None]:
    """Steps take SIGTERM for themselves; the tests' own process gets it back."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def write_annotations(path: Path, rows: list[list[str | int]]) -> None:
    """Canonical annotations with these rows."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
