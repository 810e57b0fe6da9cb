"""What is written in one format and read in another is the same, whatever the names and numbers."""

from __future__ import annotations

import tempfile
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.training.conftest import run_step
from training.data import formats
from training.data.labels import LabelledObject, Photo
from training.errors import AnnotationError

XML_TEXT = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff/")
NAMES = st.text(XML_TEXT, min_size=1, max_size=12).filter(lambda name: name.strip(".") != "")
FILES = st.lists(NAMES, min_size=1, max_size=3).map("/".join).filter(lambda name: "\0" not in name)
ODD = [
    "a.jpg",
    "a.png",
    "A.jpg",
    "a.jpg.xml",
    'ein Foto, "zwei".jpg',
    " .jpg",
    "<&>'.jpg",
    "x/a.jpg",
    "x.xml/a.jpg",
    "\ufeff.jpg",
    "数字.png",
]


@st.composite
def boxes(draw: st.DrawFn, width: int, height: int) -> tuple[float, float, float, float]:
    """Whole and fractional, down to the smallest there are."""

    def side(size: int) -> tuple[float, float]:
        values = st.one_of(st.integers(0, size).map(float), st.floats(0, size))
        low, high = draw(st.tuples(values, values).map(sorted).filter(lambda pair: pair[0] < pair[1]))
        return low, high

    (xmin, xmax), (ymin, ymax) = side(width), side(height)
    return xmin, ymin, xmax, ymax


@st.composite
def photos(draw: st.DrawFn) -> list[Photo]:
    """Photos with and without objects, some of them in groups."""
    files = draw(st.lists(st.one_of(FILES, st.sampled_from(ODD)), min_size=1, max_size=6, unique=True))
    made = []
    for file in files:
        width, height = draw(st.integers(1, 5000)), draw(st.integers(1, 5000))
        found = draw(st.lists(st.tuples(NAMES, boxes(width, height)), max_size=4, unique=True))
        objects = [LabelledObject(name, *(value + 0.0 for value in box)) for name, box in found]
        made.append(Photo(file, width, height, draw(st.one_of(st.just(file), NAMES)), objects))
    return made


def by_name(found: list[Photo]) -> dict[str, Photo]:
    return {photo.filename: photo for photo in found}


@pytest.mark.parametrize("first", formats.WRITABLE)
@pytest.mark.parametrize("second", formats.WRITABLE)
@settings(
    # A label that fails is small already: shrinking it takes minutes.
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    database=None,
    max_examples=30,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(labels=photos())
def test_nothing_is_lost_between_two_formats(first: str, second: str, labels: list[Photo]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        once = formats.write(labels, Path(folder) / "once", first)
        between = formats.read(once).photos
        twice = formats.write(between, Path(folder) / "twice", second)
        assert by_name(formats.read(twice).photos) == by_name(labels)


def test_photos_that_differ_only_in_their_ending_have_their_own_files(tmp_path: Path) -> None:
    labels = [Photo(name, 9, 9, name) for name in ("a.jpg", "a.png", "a.jpg.gif", "B/a.jpg")]
    folder = formats.write(labels, tmp_path / "voc", "voc")
    assert by_name(formats.read(folder).photos) == by_name(labels)


def test_what_xml_cannot_hold_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match=r"XML can't hold '\\x07'"):
        formats.write([Photo("a\x07.jpg", 9, 9, "a")], tmp_path / "voc", "voc")


@pytest.mark.parametrize("name", formats.WRITABLE)
def test_the_step_writes_what_it_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "images" / "deep").mkdir(parents=True)
    labels = []
    for index, file in enumerate(("a.jpg", "deep/b.png", "c d.jpg")):
        Image.new("RGB", (40, 30)).save(tmp_path / "images" / file)
        objects = [LabelledObject("7", 0.1 + item, 0.2, 30.7, 29.9) for item in range(index)]
        labels.append(Photo(file, 40, 30, "scene" if index else file, objects))
    source = formats.write(labels, tmp_path / "source", "csv")
    done = run_step(
        "training.data.convert", "--images", tmp_path / "images", "--annotations", source, "--to", name,
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (written,) = (tmp_path / "out").iterdir()
    assert PurePosixPath(written.name).stem == "annotations"
    assert by_name(formats.read(written).photos) == by_name(labels)
