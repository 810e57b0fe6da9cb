"""Photos cut to their numbers: the right pixels, the right boxes, nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.training.conftest import run_step
from training.data.cropping import cropped, region
from training.data.formats import LabelledObject, Photo, read_csv

OBJECTS = [LabelledObject("1", 100, 50, 120, 90), LabelledObject("2", 130, 60, 160, 100)]


def test_the_hull_grows_by_thirty_percent_in_both_directions() -> None:
    # 60 × 50 pixels: 9 on the left and right, 7.5 above and below, whole pixels outwards.
    assert region(Photo("a.jpg", 300, 200, "", OBJECTS)) == (91, 42, 169, 108)


def test_the_photo_ends_where_it_ends() -> None:
    assert region(Photo("a.jpg", 165, 102, "", OBJECTS)) == (91, 42, 165, 102)


def test_boxes_move_with_the_pixels() -> None:
    photo = Photo("a.jpg", 300, 200, "g", OBJECTS)
    kept = cropped(photo, region(photo))
    assert (kept.filename, kept.width, kept.height, kept.group) == ("a.jpg.png", 78, 66, "g")
    assert kept.objects[0] == LabelledObject("1", 9, 8, 29, 48)


def test_the_step_cuts_photos_and_labels_alike(tmp_path: Path) -> None:
    (tmp_path / "images/deep").mkdir(parents=True)
    pixels = np.random.default_rng(1).integers(0, 256, (200, 300, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "images/deep/a.png")
    Image.fromarray(pixels).save(tmp_path / "images/empty.png")
    (tmp_path / "a.csv").write_text(
        "filename,width,height,class,xmin,ymin,xmax,ymax\n"
        "deep/a.png,300,200,1,100,50,120,90\ndeep/a.png,300,200,2,130,60,160,100\nempty.png,300,200,,,,,\n"
    )
    out = tmp_path / "out"
    done = run_step(
        "training.data.cropping", "--images", tmp_path / "images", "--annotations", tmp_path / "a.csv", "--out", out
    )
    assert done.returncode == 0, done.stderr
    assert "1 photo cut, 1 without an object left out" in done.stdout
    (photo,) = read_csv(out / "annotations.csv").photos
    with Image.open(out / "images" / photo.filename) as image:
        np.testing.assert_array_equal(np.asarray(image), pixels[42:108, 91:169])
    assert (photo.width, photo.height) == (78, 66)


def test_nothing_to_cut_out_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("filename,width,height,class,xmin,ymin,xmax,ymax\na.png,300,200,,,,,\n")
    out = tmp_path / "out"
    done = run_step("training.data.cropping", "--images", tmp_path, "--annotations", tmp_path / "a.csv", "--out", out)
    assert done.returncode == 2
    assert "no photo has an object to cut out" in done.stderr
    assert not out.exists()
