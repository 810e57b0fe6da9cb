"""Names that are made of others' names."""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path

import pytest

from training.data.cropping import cropped
from training.data.labels import LabelledObject, Photo
from training.outputs import LONGEST, fitting

STEMS = [
    *("a", "photo 1", "é" * 20, "x" * 200, "x" * 247, "x" * 251, "x" * 252, "x" * 255),
    *("é" * 125, "e\u0301" * 84, "写" * 84, "🦊" * 63, "a\nb", "a\tb", "\udce9t\udce9", "x" * 250 + "é"),
    "x" * 251 + "1",
]


@pytest.mark.parametrize(("stem", "ending"), list(product(STEMS, [".jpg", ".jpg.png", ""])))
def test_a_name_made_of_any_other_is_one_that_a_file_can_have(stem: str, ending: str, tmp_path: Path) -> None:
    name = fitting(stem, ending)
    assert len(os.fsencode(name)) <= LONGEST
    assert name.endswith(ending)
    assert name.isprintable()
    (tmp_path / name).write_bytes(b"")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_differs_stays_different_and_what_fits_stays_as_it_is() -> None:
    assert len({fitting(stem, ".jpg") for stem in STEMS}) == len(STEMS)
    assert fitting("photo 1", ".jpg") == "photo 1.jpg"
    assert fitting("x" * 251, ".jpg") == "x" * 251 + ".jpg"


def test_the_cut_of_a_photo_with_a_long_name_has_a_name_that_fits() -> None:
    objects = [LabelledObject("1", 1, 1, 3, 3)]
    names = [f"deep/{'x' * 250}{end}" for end in (".jpg", ".png")]
    cut = [cropped(Photo(name, 9, 9, "g", objects), (0, 0, 4, 4)).filename for name in names]
    assert len(set(cut)) == 2
    assert all(name.startswith("deep/x") and len(Path(name).name) <= LONGEST for name in cut)
