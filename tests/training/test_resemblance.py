"""What real photos have and drawn ones lack is told, and chance isn't."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.conftest import run_step
from tests.training.pictured import number
from training.data import resemblance
from training.data.formats import Photo
from training.data.selection import csv_text


def made(folder: Path, name: str, seed: int, turned: float = 0.0, photos: int = 30) -> list[Photo]:
    """Photos of numbers in black on white, a third of them ``turned`` by degrees."""
    rng = np.random.default_rng(seed)
    (folder / name).mkdir(parents=True)
    found = []
    for index in range(photos):
        text = "".join(map(str, rng.integers(0, 10, 3)))
        pixels, photo = number(text, turned=turned if index % 3 == 0 else 0.0)
        Image.fromarray(pixels).save(folder / name / f"{index}.png")
        found.append(replace(photo, filename=f"{name}/{index}.png", group=f"{name}/{index}"))
    return found


def test_kinds_that_drawn_photos_lack_are_told_with_both_shares(tmp_path: Path) -> None:
    sources = {"streets": made(tmp_path, "streets", 1, turned=20), "drawn": made(tmp_path, "drawn", 2)}
    (line,) = resemblance.compare(sources, ["drawn"], tmp_path)
    assert line.startswith("streets has objects that the drawn photos (drawn) hardly have: ")
    assert "on a line at 15° to 30° 33% (drawn: 0.0%)" in line
    assert "turned by 15° to 30° " in line


@pytest.mark.parametrize("turned", [0.0, 20.0])
def test_nothing_is_told_of_photos_that_are_alike(turned: float, tmp_path: Path) -> None:
    sources = {"streets": made(tmp_path, "streets", 1, turned), "drawn": made(tmp_path, "drawn", 2, turned)}
    assert resemblance.compare(sources, ["drawn"], tmp_path) == []


def test_nothing_is_told_where_there_is_nothing_to_compare(tmp_path: Path) -> None:
    sources = {"streets": made(tmp_path, "streets", 1, turned=20), "drawn": made(tmp_path, "drawn", 2)}
    assert resemblance.compare(sources, [], tmp_path) == []
    assert resemblance.compare(sources, ["streets", "drawn"], tmp_path) == []
    few = {name: photos[:4] for name, photos in sources.items()}
    assert resemblance.compare(few, ["drawn"], tmp_path) == []
    nothing = {**sources, "streets": [replace(photo, objects=[]) for photo in sources["streets"]]}
    assert resemblance.compare(nothing, ["drawn"], tmp_path) == []


def test_a_merge_tells_it_once_and_passes_over_what_is_broken(tmp_path: Path) -> None:
    for name, seed, turned in (("streets", 1, 20.0), ("drawn", 2, 0.0)):
        photos = [
            replace(photo, filename=photo.filename.removeprefix(f"{name}/"), group=photo.filename)
            for photo in made(tmp_path, name, seed, turned)
        ]
        (tmp_path / f"{name}.csv").write_text(csv_text(photos))
    broken = tmp_path / "streets" / "3.png"
    broken.write_bytes(broken.read_bytes()[:400])
    (tmp_path / "data.yaml").write_text("""
sources:
  - {name: streets, images: streets, annotations: streets.csv}
  - {name: drawn, images: drawn, annotations: drawn.csv, drawn: true}
""")
    done = run_step("training.data.sources", "--data", tmp_path / "data.yaml", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("note: streets has objects that the drawn photos (drawn) hardly have") == 1
