"""One reading of every picture file: as a browser shows it, or a finding; and nobody later reads it otherwise."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests import profiles
from training.config import Split
from training.data import photos, pictures
from training.data.augmentation.pixels import decoded
from training.data.labels import LabelledObject, Photo
from training.data.records import encode
from training.data.review import duplicates, suspicion
from training.data.selection import missing_split, split_of
from training.findings import Kind, Where

ROOT = Path(__file__).parents[2]
pytestmark = [
    # As `pictures` itself has it: pytest forgets the filters of modules.
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
    pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning"),
]
WIDE = np.zeros((16, 32, 3), np.uint8)
WIDE[:8, :8] = 255
WIDE[8:, 16:] = (200, 40, 40)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[pictures.ORIENTATION] = orientation
    return exif


def placed(data: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(data)
    return path


HEIC = zlib.decompress(
    base64.b85decode(
        "c-muNV30{GsVvAy%}izhg51nBLl8SRGck>Uf$?~5YDppk1Sn>t<P<^K3<a6VB@Af5Br_);Y>0~k0}}%yh{gCCLIc5kpcoJ^b-_hcfY>5"
        "4GcOIy1Ida4IjLY}Ks6a<$%YI_f{Y*~t`(VJ<$ML1CAkbxm5gke1w{ow_S4LQ<a{7q3e@Y&$P5yi09GXTf#J{JA3qov_?Z)cIwTwzc^L"
        "oy2Pt3%sbB^nxm`>Si9ktBCq_mznFR`stkYhtoAvC0;(`MW3=BLCAmNrIplUW3#)HKNJArlxC+FuB<t67-07ZEj*nmnHL^6vDQlY+efM"
        "Sj0oJ5er6d-PA5CGBt|Nnmg3Iia00U8zp1(_9@AdSo%92`K3GqWha1n3+F$;^UWSe!5d{ocsL%-Yfh<Va-}rKUk8_>xnKlfkh7vg34aN"
        "+Kw_W@|967gn5C|KjPd_T@isYW{!l_}jl%m03q(!{-{5SGfELyM7_>$En|I`jopAW*q+XYk&Rz>!<#>x!wD@#Ojo|Oy!p(v-)3u8$Oko"
        "tl9O7(`&J2(4{TEV>$yWpKs6+TQZYjzH_+V<0-qWm#WqFJ*i8z&Z=}|J#({kcgwM*T{BJ?8egdFo1f5d-=c8W&Vmb#)t(Qf6xP|LzAZT"
        "9Ap>+C8zgppeHpZXJPrm%Mj=oHfI=DKD*((zv9J"
    )
)
"""WIDE as a phone has it that is held upright; written by pillow-heif 1.8.1, since what reads it here can't."""


def test_a_phones_heic_is_turned_by_its_own_rotation_alone(tmp_path: Path) -> None:
    read = pictures.read(HEIC)
    assert pictures.size(placed(HEIC, tmp_path)) == read.image.size == (16, 32)
    expected = Image.fromarray(WIDE).transpose(pictures.TURNS[6])
    assert np.abs(np.asarray(read.image, int) - np.asarray(expected, int)).mean() < 8


TURNABLE = ("JPEG", "MPO", "PNG", "WEBP", "AVIF", "TIFF")


@pytest.mark.parametrize(("kind", "orientation"), list(product(TURNABLE, range(1, 9))))
def test_header_and_pixels_are_upright_in_every_format(kind: str, orientation: int, tmp_path: Path) -> None:
    data = saved(Image.fromarray(WIDE), kind, exif=turned(orientation), **({} if kind == "PNG" else {"quality": 95}))
    path = placed(data, tmp_path)
    read = pictures.read(path)
    turn = pictures.TURNS.get(orientation)
    expected = Image.fromarray(WIDE) if turn is None else Image.fromarray(WIDE).transpose(turn)
    assert pictures.size(path) == (read.width, read.height) == read.image.size == expected.size
    assert np.abs(np.asarray(read.image, int) - np.asarray(expected, int)).mean() < 8
    bytes_, width, height = encode(path, 640)
    assert decoded(bytes_).shape == (height, width, 3) == np.asarray(expected).shape


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "jpeg"])
def test_a_tiff_is_turned_once_whatever_packs_it(compression: str, orientation: int, tmp_path: Path) -> None:
    data = saved(Image.fromarray(WIDE), "TIFF", compression=compression, tiffinfo={0x0112: orientation})
    read = pictures.read(data)
    assert pictures.size(placed(data, tmp_path)) == read.image.size == ((32, 16) if orientation < 5 else (16, 32))


def numpy_file(array: np.ndarray, ending: str) -> bytes:
    done, data = cv2.imencode(ending, array)
    assert done
    return data.tobytes()


GREY16 = np.array([[0, 0x4000], [0xC0FF, 0xFFFF]], np.uint16)
COLOUR16 = np.stack([np.full((2, 2), value, np.uint16) for value in (0x10FF, 0x8000, 0xFFFF)], 2)
CLEAR = Image.new("RGBA", (2, 2), (255, 0, 0, 0))
HALF = Image.new("RGBA", (2, 2), (255, 0, 0, 128))
PALETTE = Image.new("P", (2, 2), 1)
PALETTE.putpalette([0, 0, 0, 10, 200, 30])


def frames(kind: str) -> bytes:
    first, second = Image.new("RGB", (2, 2), (10, 200, 30)), Image.new("RGB", (2, 2), "black")
    return saved(first, kind, save_all=True, append_images=[second], **({"lossless": True} if kind == "WEBP" else {}))


SEEN: dict[str, tuple[bytes, Any]] = {
    "bilevel PNG": (saved(Image.new("1", (2, 2), 1), "PNG"), 255),
    "bilevel TIFF": (saved(Image.new("1", (2, 2), 1), "TIFF", compression="group4"), 255),
    "grey JPEG": (saved(Image.new("L", (2, 2), 90), "JPEG"), 90),
    "grey PNG of 16 bits": (numpy_file(GREY16, ".png"), [[0, 0x40], [0xC0, 255]]),
    "grey TIFF of 16 bits": (saved(Image.fromarray(GREY16), "TIFF"), [[0, 0x40], [0xC0, 255]]),
    "grey JPEG 2000 of 16 bits": (saved(Image.fromarray(GREY16), "JPEG2000"), [[0, 0x40], [0xC0, 255]]),
    "grey PGM of 16 bits": (b"P5 2 2 65535 " + GREY16.astype(">u2").tobytes(), [[0, 0x40], [0xC0, 255]]),
    "16 bits whose white is hidden": (
        saved(Image.fromarray(GREY16), "PNG", transparency=0),
        [[255, 0x40], [0xC0, 255]],
    ),
    # OpenCV's colours begin with blue.
    "colour PNG of 16 bits": (numpy_file(COLOUR16, ".png"), (255, 0x80, 0x10)),
    "colour TIFF of 16 bits": (numpy_file(COLOUR16, ".tiff"), (255, 0x80, 0x10)),
    "palette": (saved(PALETTE, "PNG"), (10, 200, 30)),
    "palette with a hidden colour": (saved(PALETTE, "PNG", transparency=1), 255),
    "palette BMP": (saved(PALETTE, "BMP"), (10, 200, 30)),
    "transparent PNG": (saved(CLEAR, "PNG"), 255),
    "transparent WebP": (saved(CLEAR, "WEBP", lossless=True), 255),
    "transparent AVIF": (saved(CLEAR, "AVIF", quality=100), 255),
    "half transparent": (saved(HALF, "PNG"), (255, 127, 127)),
    "grey with alpha": (saved(Image.new("LA", (2, 2), (0, 0)), "PNG"), 255),
    "CMYK JPEG": (saved(Image.new("CMYK", (2, 2), (0, 0, 0, 255)), "JPEG"), 0),
    "CMYK TIFF": (saved(Image.new("CMYK", (2, 2), (0, 255, 255, 0)), "TIFF"), (255, 0, 0)),
    "moving GIF": (frames("GIF"), (10, 200, 30)),
    "moving PNG": (frames("PNG"), (10, 200, 30)),
    "moving WebP": (frames("WEBP"), (10, 200, 30)),
    "pages of a TIFF": (frames("TIFF"), (10, 200, 30)),
    "two pictures in an MPO": (frames("MPO"), (10, 200, 30)),
}


@pytest.mark.parametrize("what", SEEN)
def test_pixels_are_seen_as_in_a_browser(what: str, tmp_path: Path) -> None:
    data, expected = SEEN[what]
    pixels = np.asarray(pictures.read(data).image, int)
    wanted = np.array(expected)
    wanted = wanted[..., None] if wanted.shape == (2, 2) else wanted
    assert np.abs(pixels - wanted).max() <= 4
    assert pictures.size(placed(data, tmp_path)) == (2, 2)


REFUSED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "an empty file; replace it"),
    "text": (b"not a picture at all", "of no known format"),
    "web page": (b"\n<!DOCTYPE html><html>not found", "a web page"),
    "old web page": (b"<HTML><body>not found", "a web page"),
    "answer of a server": (b'{"message": "Not Found"}', "JSON"),
    "JPEG of 12 bits": (
        saved(Image.new("RGB", (2, 2)), "JPEG").replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc1\x00\x11\x0c"),
        "of 12 bits",
    ),
    "LFS": (b"version https://git-lfs.github.com/spec/v1\n", "fetch it with git lfs pull"),
    "PDF": (b"%PDF-1.7\n", "a PDF; save it as JPEG or PNG"),
    "Photoshop": (b"8BPS\0\1", "a Photoshop document"),
    "film": (b"\0\0\0\x20ftypisom\0\0\2\0", "a film"),
    "float TIFF": (saved(Image.new("F", (2, 2), 0.5), "TIFF"), "floating-point numbers, which don't say what is white"),
    "float TIFF in colour": (numpy_file(np.ones((2, 2, 3), np.float32), ".tiff"), "floats in colour"),
    "TIFF of 32 bits": (saved(Image.new("I", (2, 2), 5), "TIFF"), "32-bit numbers"),
    "preview first": (saved(Image.new("RGB", (2, 2)), "TIFF", tiffinfo={254: 1}), "a camera's raw file"),
    "cut JPEG": (saved(Image.effect_noise((64, 64), 90), "JPEG")[:900], "truncated"),
    "cut AVIF": (saved(Image.fromarray(WIDE), "AVIF")[:300], "not a readable picture"),
    "cut WebP": (saved(Image.effect_noise((64, 64), 90), "WEBP")[:500], "not a readable picture"),
    "bomb": (saved(Image.new("1", (20_000, 10_000)), "PNG"), "200 million|more than the 178 million"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_is_named_with_what_to_do(what: str, tmp_path: Path) -> None:
    data, words = REFUSED[what]
    label = Photo("a.jpg", 2, 2, "a.jpg", where=Where("labels.csv", "row 2"))
    (tmp_path / "a.jpg").write_bytes(data)
    with pytest.raises(pictures.PictureError, match=words) as caught:
        pictures.read(tmp_path / "a.jpg")
    finding = photos.unreadable(label, caught.value)
    assert (finding.kind, str(finding.where), finding.photo) == (Kind.UNREADABLE, "labels.csv row 2", "a.jpg")
    assert finding.remedy
    # By its decoder, too, where the header is enough for `size`.
    assert str(duplicates.look(tmp_path / "a.jpg").fault) == str(caught.value)


def ifd(rng: np.random.Generator, orientation: int) -> bytes:
    """EXIF with its orientation among entries of any tag, type, count and value."""
    entries: list[tuple[int, ...]] = [(pictures.ORIENTATION, 3, 1, orientation)]
    entries += [tuple(int(rng.integers(0, top)) for top in (65536, 14, 5, 2**32)) for _ in range(rng.integers(0, 8))]
    little = rng.random() < 0.5
    order = "<" if little else ">"
    head = (b"II*\0\x08\0\0\0" if little else b"MM\0*\0\0\0\x08") + struct.pack(f"{order}H", len(entries))
    packed = [struct.pack(f"{order}HHI", *entry[:3]) for entry in entries]
    values = [struct.pack(f"{order}HH" if entry[1] == 3 else f"{order}I", *_value(entry)) for entry in entries]
    body = b"".join(one + value for one, value in zip(packed, values, strict=True))
    return b"Exif\0\0" + head + body + rng.bytes(int(rng.integers(0, 60)))


def _value(entry: tuple[int, ...]) -> tuple[int, ...]:
    return (entry[3] & 0xFFFF, 0) if entry[1] == 3 else (entry[3],)


def bent(data: bytes, rng: np.random.Generator) -> bytes:
    """A file with some of its bytes changed, moved or lost."""
    changed = bytearray(data)
    for place in rng.integers(0, len(changed), rng.integers(1, 9)):
        changed[place] = rng.integers(0, 256)
    if rng.random() < 0.3:
        del changed[int(rng.integers(0, len(changed))) :]
    if rng.random() < 0.2:
        place, size = int(rng.integers(0, len(changed) + 1)), int(rng.integers(1, 50))
        changed[place : place + size] = rng.bytes(size)
    return bytes(changed)


@pytest.mark.parametrize(("data", "seen"), [(data, seen) for _, data, seen in profiles.pictures()])
def test_colours_are_those_that_a_browser_shows(data: bytes, seen: tuple[int, int, int], tmp_path: Path) -> None:
    """The browser's own are in tests/browser/page/test_photos.py."""
    path = placed(data, tmp_path)
    picture = pictures.read(path)
    assert np.abs(np.asarray(picture.image)[8, 8].astype(int) - seen).max() <= 1
    packed, _, _ = encode(path, 640)
    # What trains and what judges have no profile to go by any more.
    assert np.abs(tf.io.decode_jpeg(packed, channels=3).numpy()[8, 8].astype(int) - seen).max() <= 3


FILES = 3000


def odd_files(count: int) -> Iterator[bytes]:
    rng = np.random.default_rng(23)
    scene = Image.fromarray(rng.integers(0, 256, (24, 18, 3), np.uint8))
    wholes: list[Callable[[bytes], bytes]] = [
        *(lambda exif, kind=kind: saved(scene, kind, exif=exif) for kind in ("JPEG", "MPO", "PNG", "WEBP", "AVIF")),
        lambda exif: saved(scene, "JPEG", exif=exif, progressive=True, subsampling=0),
        lambda exif: saved(scene.convert("CMYK"), "JPEG", exif=exif),
        lambda _: saved(scene, "TIFF", compression="tiff_lzw", tiffinfo={0x0112: 6}),
        lambda _: saved(scene, "GIF"),
        lambda _: saved(scene, "BMP"),
        lambda _: saved(scene.convert("P"), "PNG", transparency=3),
        lambda _: numpy_file(np.asarray(scene, np.uint16) * 257, ".png"),
        lambda _: numpy_file(np.asarray(scene, np.uint16)[..., 0] * 257, ".tiff"),
        lambda _: saved(scene, "JPEG2000"),
        lambda _: saved(scene, "PPM"),
        lambda _: HEIC,
    ]
    for index in range(count):
        exif = ifd(rng, int(rng.integers(0, 12)))
        whole = wholes[index % len(wholes)](exif)
        yield whole if rng.random() < 0.3 else bent(whole, rng)


def test_nothing_but_a_picture_or_a_finding_comes_of_any_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # Headers that promise more are refused as larger ones are, in less time.
    monkeypatch.setattr(pictures, "MAX_PIXELS", 10**5)
    read = refused = 0
    path = tmp_path / "a.jpg"
    for data in odd_files(FILES):
        path.write_bytes(data)
        try:
            picture = pictures.read(path)
        except pictures.PictureError as error:
            refused += bool(error.fault and error.remedy)
            continue
        read += 1
        assert (picture.width, picture.height) == picture.image.size == pictures.size(path)
        assert picture.image.mode == "RGB"
        packed, width, height = encode(path, 640)
        assert max(picture.image.size) > 640 or picture.image.size == (width, height)
        # What trains and what is judged by sees what is seen here.
        for seen in (tf.io.decode_jpeg(packed, channels=3).numpy(), decoded(packed)):
            assert seen.shape == (height, width, 3)
        if picture.untouched:
            assert np.abs(decoded(packed).astype(int) - np.asarray(picture.image)).mean() < 8
    assert min(read, refused) > 500
    assert read + refused == FILES


def test_a_damaged_jpeg_that_pillow_forgives_is_packed_anew(tmp_path: Path) -> None:
    whole = saved(Image.effect_noise((160, 120), 60).convert("RGB"), "JPEG")
    rng = np.random.default_rng(8)
    anew = 0
    for _ in range(60):
        data = bytearray(whole)
        data[int(rng.integers(len(data) // 2, len(data) - 2))] = int(rng.integers(0, 256))
        path = placed(bytes(data), tmp_path)
        try:
            read = pictures.read(path)
        except pictures.PictureError:
            continue
        packed, _, _ = encode(path, 640)
        anew += packed != data
        pixels = tf.io.decode_jpeg(packed, channels=3).numpy().astype(int)
        assert np.abs(pixels - np.asarray(read.image)).mean() < 8
    assert anew > 5


def test_a_name_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(pictures.PictureError, match="null"):
        pictures.size(tmp_path / "a\0.jpg")
    with pytest.raises(pictures.PictureError, match="not a readable picture"):
        pictures.read(tmp_path)
    with pytest.raises(pictures.NoPictureError):
        pictures.read(tmp_path / "a.jpg")
    with pytest.raises(pictures.PictureError, match="too long"):
        pictures.read(tmp_path / ("a" * 300))


@pytest.mark.parametrize(
    ("groups", "shares", "words"),
    [
        (["one"] * 60, Split(), "all 60 photos are in one group, which stays together"),
        (["one"] * 3000 + ["two"] * 3000, Split(), "all 6,000 photos are in 2 groups, which stay together"),
        ([str(index) for index in range(3)], Split(validation=0.01), "3 photos are too few"),
    ],
)
def test_a_split_without_photos_says_whether_groups_or_photos_are_too_few(
    groups: list[str], shares: Split, words: str
) -> None:
    labels = [Photo(f"{index}.jpg", 2, 2, group) for index, group in enumerate(groups)]
    finding = missing_split(labels, [split_of(photo.group, shares) for photo in labels])
    assert finding is not None
    assert words in finding.fault


def test_nothing_is_missing_where_every_split_has_a_photo_and_one_to_learn_from_an_object() -> None:
    one = LabelledObject("1", 0, 0, 1, 1)
    labels = [Photo(f"{index}.jpg", 2, 2, str(index), [one]) for index in range(3)]
    assert missing_split(labels, ["train", "calibration", "validation"]) is None
    labels[0].objects = []
    finding = missing_split(labels, ["train", "calibration", "validation"])
    assert finding is not None
    assert "nothing to learn" in finding.fault


def test_photos_of_one_colour_are_told_from_those_with_little_on_them(tmp_path: Path) -> None:
    blank = np.random.default_rng(2).integers(100, 110, (60, 80, 3)).astype(np.uint8)
    little = np.full((60, 80, 3), 255, np.uint8)
    little[30:34, 40:44] = 0
    dark = (np.random.default_rng(2).integers(0, 4096, (60, 80))).astype(np.uint16)
    assert duplicates.look(placed(saved(Image.fromarray(blank), "JPEG"), tmp_path)).one_colour
    assert duplicates.look(placed(saved(Image.fromarray(dark), "PNG"), tmp_path)).one_colour
    assert not duplicates.look(placed(saved(Image.fromarray(little), "JPEG"), tmp_path)).one_colour


def test_objects_that_overlap_are_the_same_whichever_way_they_are_looked_for() -> None:
    rng = np.random.default_rng(4)
    corners = rng.uniform(0, 90, (60, 2))
    sides = rng.uniform(1, 30, (60, 2))
    objects = [LabelledObject("1", *corner, *(corner + side)) for corner, side in zip(corners, sides, strict=True)]
    expected = {(i, j): suspicion.iou(objects[i], objects[j]) for j in range(60) for i in range(j)}
    assert {(i, j): share for i, j, share in suspicion.overlapping(objects)} == {
        pair: share for pair, share in expected.items() if share
    }
