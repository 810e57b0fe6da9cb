"""What is odd about photos and labels is found, and nothing is made of what isn't."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageFilter

from tests.training.conftest import run_step
from training.data import formats
from training.data.labels import LabelledObject, Photo
from training.data.review import coverage, duplicates, suspicion


def line(*names: str, filename: str = "a.jpg", height: float = 40) -> Photo:
    """A photo with a number on one line, as it should be labelled."""
    objects = [LabelledObject(name, 20 + 30 * i, 50, 40 + 30 * i, 50 + height) for i, name in enumerate(names)]
    return Photo(filename, 300, 150, filename, objects)


def changed(photo: Photo, index: int, **sides: float) -> Photo:
    item = photo.objects[index]
    known = {side: getattr(item, side) for side in ("xmin", "ymin", "xmax", "ymax")}
    photo.objects[index] = LabelledObject(item.name, **{**known, **sides})
    return photo


GOOD = [line("1", "2", "3", filename=f"{index}.jpg", height=36 + index % 9) for index in range(60)]
WIDE = line("1", "2", "3")
WIDE.objects[2:] = [LabelledObject("3", 100, 50, 250, 85)]


def suspicions(photos: Sequence[Photo], scale: float = 1.0) -> list[suspicion.Suspicion]:
    return suspicion.find(photos, lambda _: scale)


def test_good_labels_are_above_suspicion() -> None:
    assert suspicions(GOOD) == []


@pytest.mark.parametrize(
    ("photo", "kind", "objects", "words"),
    [
        (WIDE, "aspect", (2,), "3 is 4.29 as wide as high, usual is 0.50"),
        (changed(line("1", "2", "3"), 1, xmin=22, xmax=42), "overlap", (0, 1), "1 and 2 overlap by 82%"),
        (changed(line("1", "2", "3"), 1, ymin=74, ymax=88), "height", (1,), "2 is 14 pixels high beside 40"),
        (changed(line("1", "2"), 1, xmin=0, xmax=18), "order", (0, 1), "1 is listed before 2"),
    ],
)
def test_an_odd_label_is_found_by_its_kind(photo: Photo, kind: str, objects: tuple[int, ...], words: str) -> None:
    found = {one.kind: one for one in suspicions([*GOOD, photo])}
    one = found[kind]
    assert one.photo is photo
    assert one.objects == objects
    assert one.words.startswith(words)


def test_a_box_that_is_there_twice_is_told_from_one_that_overlaps() -> None:
    twice = changed(line("1", "2", "3"), 1, xmin=21, xmax=41)
    assert [one.kind for one in suspicions([*GOOD, twice]) if one.objects == (0, 1)] == ["same box"]


def test_what_is_tiny_is_so_in_the_networks_input() -> None:
    assert {one.kind for one in suspicions(GOOD, scale=0.1)} == {"tiny"}


def test_what_labels_leave_out_is_said() -> None:
    photos = [line("1", "2"), *(line("1", filename=f"{index}.jpg") for index in range(3))]
    splits = ["train", "validation", "calibration", "train"]
    assert coverage.notes(photos, splits, ["1", "2"]) == [
        "no object of 2 is in validation: what isn't there isn't judged",
        "no object of 2 is in calibration: what isn't there isn't calibrated",
        "validation has 1 photo: figures from so few say little",
        "calibration has 1 photo: figures from so few say little",
    ]
    enough = ["validation", "calibration", "train"] * 100
    assert coverage.notes([line("1", "2")] * 300, enough, ["1", "2"]) == []


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["Raccoon", "raccoon"], ["Raccoon and raccoon"]),
        (
            ["traffic light", "traffic_light", "Traffic-Light", "car"],
            ["Traffic-Light and traffic light and traffic_light"],
        ),
        (["ｃａｔ", "cat"], ["cat and ｃａｔ"]),
        (["ﬁn", "fin"], ["fin and ﬁn"]),
        (["straße", "strasse"], ["strasse and straße"]),
        (["a", "A", "b", "B"], ["A and a", "B and b"]),
        (["1", "2", "10"], []),
        (["cat", "cats"], []),
    ],
)
def test_classes_that_may_be_one_are_named(names: list[str], said: list[str]) -> None:
    found = coverage.alike(names)
    assert [line.split(": ")[1].split(";")[0] for line in found] == said


def test_where_photos_have_no_usual_order_none_is_odd() -> None:
    back = [line("1", "2", "3") for _ in range(60)]
    for photo in back:
        photo.objects.reverse()
    assert suspicions([*GOOD, *back]) == []


@pytest.fixture
def scene() -> Image.Image:
    noise = np.random.default_rng(3).integers(0, 256, (90, 120, 3), np.uint8)
    return Image.fromarray(noise).filter(ImageFilter.GaussianBlur(6)).point(lambda level: (level - 128) * 5 + 128)


def look(image: Image.Image, path: Path, **options: Any) -> duplicates.Look:
    image.save(path, **options)
    return duplicates.look(path)


def test_copies_look_the_same_and_others_do_not(scene: Image.Image, tmp_path: Path) -> None:
    looks = [
        look(scene, tmp_path / "a.png"),
        look(scene, tmp_path / "b.jpg", quality=60),
        look(scene.resize((240, 180)), tmp_path / "c.jpg"),
        look(scene.convert("L").point(lambda level: level * 0.8 + 20), tmp_path / "d.png"),
        look(scene.transpose(Image.Transpose.ROTATE_180), tmp_path / "e.png"),
        look(Image.new("RGB", (90, 60), "grey"), tmp_path / "f.png"),
        look(Image.new("RGB", (90, 60), "grey"), tmp_path / "g.png"),
    ]
    assert duplicates.sets(looks) == [[0, 1, 2, 3]]
    assert [one.one_colour for one in looks] == [False] * 5 + [True] * 2


Bits = npt.NDArray[np.bool_]


def looks_of(bits: Bits) -> list[duplicates.Look]:
    return [duplicates.Look(words) for words in np.packbits(bits, axis=1).view(np.uint64)]


def flipped(bits: Bits, share: float, rng: np.random.Generator) -> Bits:
    """As many bits changed as make ``share`` of those that are set in either."""
    changed = bits.copy()
    for row in changed:
        row[rng.choice(len(row), round(share * row.sum() / (1 + share / 2)), replace=False)] ^= True
    return changed


@pytest.mark.parametrize("density", [0.05, 0.2, 0.4, 0.6])
def test_of_many_photos_those_that_look_the_same_are_found_without_comparing_all(density: float) -> None:
    rng = np.random.default_rng(5)
    ones = rng.random((1500, duplicates.BITS)) < density
    looks = looks_of(np.concatenate([ones, flipped(ones, 0.1, rng)]))
    found = duplicates.sets(looks)
    limit = {
        (i, i + 1500)
        for i in range(1500)
        if duplicates.difference(looks[i].bits, looks[i + 1500].bits) <= duplicates.NEAR  # type: ignore[arg-type]
    }
    assert len(limit) > 1000
    assert sum(len(members) for members in found) <= 2 * len(limit)
    assert len(limit - {(one[0], one[-1]) for one in found}) <= 0.01 * len(limit)


@pytest.mark.parametrize("kind", ["one camera", "another picture each"])
def test_comparisons_grow_with_the_number_of_photos_whatever_they_show(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(6)
    count = 4_000
    bits = rng.random((count, duplicates.BITS)) < 0.4
    if kind == "one camera":
        bits = bits[:1] ^ (rng.random(bits.shape) < 0.02)
    compared = 0
    near = duplicates._near

    def counted(bucket: npt.NDArray[np.int64], *others: Any) -> Any:
        nonlocal compared
        for found in near(bucket, *others):
            compared += len(bucket)
            yield found

    monkeypatch.setattr(duplicates, "_near", counted)
    duplicates.sets(looks_of(bits))
    # Each with each would be eight million.
    assert compared <= duplicates.BUCKETS * duplicates.LEADERS * count


def test_the_step_reports_everything_and_draws_it(config_file: Path, scene: Image.Image, tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    photos = []
    for index in range(40):
        noise = np.random.default_rng(index).integers(0, 256, (15, 30), np.uint8)
        photo = line("1", "2", "3", filename=f"{index}.jpg")
        Image.fromarray(noise).resize((300, 150)).save(images / photo.filename)
        photos.append(photo)
    photos[7] = changed(photos[7], 1, xmin=22, xmax=42)
    for index in range(20):
        photos.append(Photo(f"copy{index}.jpg", 120, 90, f"copy{index}.jpg"))
        scene.convert("L").save(images / f"copy{index}.jpg", quality=60 + index)
    (images / "4.jpg").write_bytes((images / "4.jpg").read_bytes()[:900])
    labels = formats.write(photos, tmp_path / "labels", "csv")
    labels.write_text(labels.read_text() + "missing.jpg,9,9,1,0,0,4,4,\n0.jpg,300,150,x,0,0,4,4,\n")
    out = tmp_path / "check"
    done = run_step(
        "training.data.review.check", "--images", images, "--annotations", labels, "--config", config_file,
        "--out", out,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads((out / "check.json").read_text())
    assert (report["photos"], report["photos_without_objects"], report["objects"]) == (59, 20, 117)
    assert [error.split(": ")[0] for error in report["errors"]] == [
        "labels.csv row 142, filename",
        "labels.csv row 143, class",
        "labels.csv row 14, filename",
    ]
    assert report["classes"]["2"]["objects"] == 39
    assert report["classes"]["9"]["objects"] == 0
    assert sum(split["photos"] for split in report["splits"].values()) == 59
    # One of its rows is wrong, and the photo left out whole.
    assert report["notes"][0].startswith("3 right labels left out as well")
    # 300 pixels become 96.
    assert report["box_sizes"]["height"]["50%"] == 40
    assert report["box_sizes"]["height_in_input"]["50%"] == pytest.approx(40 * 0.32, abs=0.1)
    assert report["overlapping_pairs"] == 1
    (twins,) = report["near_duplicates"]["listed"]
    assert (report["near_duplicates"]["photos"], report["near_duplicates"]["across_splits"]) == (20, 1)
    assert twins["count"] == sum(twins["splits"].values()) == 20
    assert len(twins["photos"]) == len(twins["splits"]) > 1
    assert all(name.startswith("copy") for name in twins["photos"])
    assert report["suspicious"]["overlap"]["labels"] == 1
    assert "7.jpg: overlap: 1 and 2" in report["suspicious"]["overlap"]["listed"][0]
    text = (out / "check.txt").read_text()
    assert "3 errors" in text
    with Image.open(out / "contact_sheet.jpg") as sheet:
        # The photos are grey: what is red are the boxes that overlap.
        red, green, blue = (np.asarray(sheet.convert("RGB"))[..., channel].astype(int) for channel in range(3))
        assert ((red > 180) & (green < 90) & (blue < 120)).sum() > 50
