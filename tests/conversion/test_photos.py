"""Annotations and photos as conversion reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conversion import photos as reading
from conversion.errors import PhotoError
from tests.conversion.conftest import write_annotations


def test_photos_come_with_their_labels_in_file_order(photos: Path) -> None:
    read = list(reading.read(photos / "annotations.csv", photos / "images"))
    assert [photo.filename for photo in read] == [f"photo{index}.png" for index in range(4)]
    assert ["".join(label.name for label in photo.labels) for photo in read] == [
        "7",
        "42",
        "",
        "305",
    ]
    assert read[1].labels[1].box == (12.0, 40.0, 52.0, 65.0)


def test_further_columns_do_not_matter(tmp_path: Path) -> None:
    annotations = tmp_path / "annotations.csv"
    annotations.write_text(",".join([*reading.COLUMNS, "group"]) + "\na.png,9,8,7,1,2,3,4,house\n")
    (photo,) = reading.read(annotations, tmp_path)
    assert photo.labels == (reading.Label("7", (2.0, 1.0, 4.0, 3.0)),)


def test_what_keeps_spreadsheets_from_running_a_name_is_no_part_of_it(tmp_path: Path) -> None:
    annotations = tmp_path / "annotations.csv"
    rows: list[list[str | int]] = [
        ["'=a.png", 9, 8, "'-1", 1, 2, 3, 4],
        ["''+b.png", 9, 8, "-", 1, 2, 3, 4],
        ["'c.png", 9, 8, "", "", "", "", ""],
    ]
    write_annotations(annotations, rows)
    found = [(photo.filename, *(label.name for label in photo.labels)) for photo in reading.read(annotations, tmp_path)]
    assert found == [("=a.png", "-1"), ("'+b.png", "-"), ("'c.png",)]


def test_a_few_photos_are_spread_evenly_over_the_file(tmp_path: Path) -> None:
    annotations = tmp_path / "annotations.csv"
    write_annotations(annotations, [[f"{index}.png", 1, 1, "", "", "", "", ""] for index in range(10)])
    chosen = reading.spread(annotations, tmp_path, 4)
    assert [photo.filename for photo in chosen] == ["0.png", "2.png", "5.png", "7.png"]
    assert len(reading.spread(annotations, tmp_path, 11)) == 10


def test_a_photo_is_turned_upright_by_its_exif_orientation(tmp_path: Path) -> None:
    image = Image.new("RGB", (4, 2), "black")
    image.putpixel((0, 0), (255, 255, 255))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.png", exif=exif)
    pixels = reading.Photo("turned.png", tmp_path / "turned.png", 2, 4, ()).pixels()
    assert pixels.shape == (4, 2, 3)
    assert np.argwhere(pixels[..., 0] == 255).tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [("L", 90, (90, 90, 90)), ("RGBA", (255, 0, 0, 0), (255, 255, 255)), ("1", 1, (255, 255, 255))],
)
def test_every_kind_of_image_becomes_opaque_rgb(
    tmp_path: Path, mode: str, colour: int | tuple[int, ...], expected: tuple[int, int, int]
) -> None:
    Image.new(mode, (3, 3), colour).save(tmp_path / "photo.png")
    pixels = reading.Photo("photo.png", tmp_path / "photo.png", 3, 3, ()).pixels()
    assert tuple(pixels[1, 1]) == expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "an empty file"),
        (b"no image at all", "not a readable picture"),
        (None, "no such photo"),
    ],
)
def test_a_bad_photo_is_named(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "bad.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PhotoError, match=words) as caught:
        reading.Photo("bad.jpg", path, 3, 3, ()).pixels()
    assert "bad.jpg" in str(caught.value)


def test_a_photo_that_ends_early_is_named(tmp_path: Path) -> None:
    path = tmp_path / "short.jpg"
    Image.effect_noise((200, 200), 50).save(path)
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(PhotoError, match=r"short\.jpg: not a readable picture"):
        reading.Photo("short.jpg", path, 200, 200, ()).pixels()


def test_a_photo_of_another_size_than_annotated_is_refused(photos: Path) -> None:
    photo = reading.Photo("photo0.png", photos / "images/photo0.png", 70, 90, ())
    with pytest.raises(PhotoError, match=r"is 90 × 70 pixels .* say 70 × 90"):
        photo.pixels()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "first line must start with filename,width"),
        ("filename,class\n", "it is filename,class"),
        (",".join(reading.COLUMNS) + "\n", "has no photo"),
        (",".join(reading.COLUMNS) + "\na.png,3,3,7\n", "line 2: has 4 fields"),
        (",".join(reading.COLUMNS) + "\na.png,3,wide,,,,,\n", "line 2: height is 'wide'"),
        (",".join(reading.COLUMNS) + "\na.png,3,3,7,0,0,1,\n", "line 2: ymax is ''"),
        (b"\xff\xfe\x00", "can't be read as annotations"),
    ],
)
def test_wrong_annotations_are_explained(tmp_path: Path, text: str | bytes, words: str) -> None:
    annotations = tmp_path / "annotations.csv"
    annotations.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(PhotoError, match=words):
        reading.spread(annotations, tmp_path, 5)


def test_decoding_ahead_keeps_order_and_reports_the_bad_photo(photos: Path) -> None:
    (photos / "images/photo2.png").write_bytes(b"broken")
    stream = reading.decoded(reading.read(photos / "annotations.csv", photos / "images"))
    assert [next(stream)[0].filename, next(stream)[0].filename] == ["photo0.png", "photo1.png"]
    with pytest.raises(PhotoError, match=r"photo2\.png"):
        next(stream)


def test_photos_are_read_by_the_same_code_and_decoders_as_in_training() -> None:
    root = Path(__file__).parents[2]
    assert (root / "conversion/pictures.py").read_bytes() == (root / "training/data/pictures.py").read_bytes()
    pins = {
        name: [line for line in (root / f"requirements/{name}.txt").read_text().splitlines() if "pillow==" in line]
        for name in ("train", "train-gpu", "convert")
    }
    assert len({tuple(lines) for lines in pins.values()}) == 1
