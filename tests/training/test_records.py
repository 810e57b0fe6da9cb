"""Records hold what the labels say, in splits that never move, or they aren't written."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.training.conftest import ROOT, run_step
from training.config import Split, load
from training.data.batches import decode, open_records
from training.data.formats import read_csv
from training.data.photos import decode as decode_file
from training.data.records import encode, read_manifest
from training.data.selection import split_of
from training.errors import RecordsError

HEADER = "filename,width,height,class,xmin,ymin,xmax,ymax"


def folder_of(tmp_path: Path, rows: list[str], **images: Image.Image) -> list[object]:
    """The arguments that name a folder of these images with these rows."""
    (tmp_path / "images").mkdir()
    for name, image in images.items():
        image.save(tmp_path / "images" / f"{name}.jpg")
    (tmp_path / "a.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    return ["--images", tmp_path / "images", "--annotations", tmp_path / "a.csv"]


def test_records_hold_every_photo_with_its_boxes(records: Path, photos: Path, config_file: Path) -> None:
    config = load(config_file)
    labels = {photo.filename: photo for photo in read_csv(photos / "annotations.csv").photos}
    seen = set()
    for split in ("train", "calibration", "validation"):
        examples, count = open_records(records, split, config.classes)
        assert count == len(read_csv(records / f"{split}.csv").photos)
        for serialised in examples:
            feature = tf.train.Example.FromString(serialised.numpy()).features.feature
            photo = labels[feature["image/filename"].bytes_list.value[0].decode()]
            pixels, boxes, classes = decode(serialised)
            assert pixels.shape == (photo.height, photo.width, 3)
            assert [config.classes[i] for i in classes.numpy()] == [item.name for item in photo.objects]
            expected = [[item.ymin, item.xmin, item.ymax, item.xmax] for item in photo.objects]
            np.testing.assert_allclose(boxes.numpy().reshape(-1, 4), np.array(expected).reshape(-1, 4), atol=1e-3)
            assert split_of(photo.group, config.split) == split
            seen.add(photo.filename)
    assert seen == set(labels)


def test_the_manifest_counts_what_was_written(records: Path) -> None:
    manifest = read_manifest(records)
    for split in manifest["splits"].values():
        assert sum(split["per_class"].values()) == split["objects"]
    assert manifest["photos"] == 60


def test_a_group_never_parts_and_shares_are_met() -> None:
    shares = Split(validation=0.1, calibration=0.05)
    splits = [split_of(f"group {index}", shares) for index in range(4000)]
    assert splits == [split_of(f"group {index}", shares) for index in range(4000)]
    assert splits.count("validation") / 4000 == pytest.approx(0.1, abs=0.015)
    assert splits.count("calibration") / 4000 == pytest.approx(0.05, abs=0.015)


def test_packing_twice_gives_the_same_fingerprint(
    records: Path, photos: Path, config_file: Path, tmp_path: Path
) -> None:
    done = run_step(
        "training.data.records", "--config", config_file, "--images", photos / "images",
        "--annotations", photos / "annotations.csv", "--out", tmp_path / "again",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert read_manifest(tmp_path / "again") == read_manifest(records)


def test_faults_in_files_are_all_named_and_the_last_good_records_stay(
    records: Path, config_file: Path, tmp_path: Path
) -> None:
    good = Image.new("RGB", (40, 30), "red")
    source = folder_of(
        tmp_path,
        [f"{name}.jpg,40,30,1,0,0,9,9" for name in ("missing", "broken", "small")],
        small=good.resize((20, 15)), broken=good,
    )  # fmt: skip
    (tmp_path / "images/broken.jpg").write_text("not a picture")
    out = tmp_path / "records"
    shutil.copytree(records, out)
    done = run_step("training.data.records", "--config", config_file, *source, "--out", out)
    assert done.returncode == 2
    assert "a.csv row 2, filename: missing.jpg: no such file" in done.stderr
    assert "a.csv row 3, filename: broken.jpg: not a readable picture" in done.stderr
    assert "a.csv row 4, width: small.jpg: the file has 20 × 15 pixels, the label says 40 × 30" in done.stderr
    assert "Traceback" not in done.stderr
    assert read_manifest(out) == read_manifest(records)


def test_faults_of_rows_and_of_files_are_named_together(config_file: Path, tmp_path: Path) -> None:
    rows = ["there.jpg,40,30,x,0,0,9,9", "missing.jpg,40,30,1,0,0,9,9", "there.jpg,40,30,1,0,0,9,9"]
    source = folder_of(tmp_path, rows, there=Image.new("RGB", (40, 30), "red"))
    done = run_step("training.data.records", "--config", config_file, *source, "--out", tmp_path / "records")
    assert done.returncode == 2
    assert "a.csv row 2, class: x is not one of" in done.stderr
    assert "a.csv row 3, filename: missing.jpg: no such file" in done.stderr


def test_photos_cut_off_in_the_middle_are_all_named(config_file: Path, tmp_path: Path) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (60, 80, 3), np.uint8))
    names = [f"p{index}" for index in range(30)]
    source = folder_of(tmp_path, [f"{name}.jpg,80,60,1,0,0,9,9" for name in names], **dict.fromkeys(names, noise))
    for name in ("p3", "p4"):
        path = tmp_path / "images" / f"{name}.jpg"
        path.write_bytes(path.read_bytes()[:1500])
    command = ["training.data.records", "--config", config_file, *source, "--out", tmp_path / "records"]
    done = run_step(*command)  # type: ignore[arg-type]
    assert done.returncode == 2
    assert "p3.jpg: not a readable picture" in done.stderr
    assert "p4.jpg: not a readable picture" in done.stderr
    assert not (tmp_path / "records").exists()
    kept = run_step(*command, "--skip-bad")  # type: ignore[arg-type]
    assert kept.returncode == 0, kept.stderr
    manifest = read_manifest(tmp_path / "records")
    assert manifest["photos"] == 28
    assert len(manifest["skipped"]) == 2


def test_truncated_records_are_refused(records: Path, config_file: Path, tmp_path: Path) -> None:
    shutil.copytree(records, tmp_path / "records")
    shard = next((tmp_path / "records").glob("train-00000*"))
    shard.write_bytes(shard.read_bytes()[:-10])
    with pytest.raises(RecordsError, match=r"train-00000.*truncated"):
        open_records(tmp_path / "records", "train", load(config_file).classes)


def test_records_of_other_classes_are_refused(records: Path) -> None:
    with pytest.raises(RecordsError, match="made for the classes 0, 1"):
        open_records(records, "train", ("cat",))


def test_a_small_plain_jpeg_keeps_its_bytes(tmp_path: Path) -> None:
    Image.new("RGB", (40, 30), "red").save(tmp_path / "a.jpg")
    assert encode(tmp_path / "a.jpg", 640) == ((tmp_path / "a.jpg").read_bytes(), 40, 30)


@pytest.mark.parametrize(("name", "mode"), [("a.png", "RGBA"), ("b.jpg", "CMYK"), ("c.jpg", "L"), ("d.png", "P")])
def test_other_pictures_become_rgb_jpegs(tmp_path: Path, name: str, mode: str) -> None:
    Image.new("RGB", (40, 30), "red").convert(mode).save(tmp_path / name)
    encoded, width, height = encode(tmp_path / name, 640)
    assert (width, height) == (40, 30)
    assert tf.io.decode_jpeg(encoded).shape == (30, 40, 3)


def test_what_is_transparent_becomes_white_as_on_the_page(tmp_path: Path) -> None:
    Image.new("RGBA", (4, 3), (255, 0, 0, 0)).save(tmp_path / "a.png")
    assert (decode_file(tmp_path / "a.png") == 255).all()


def test_a_photo_is_turned_upright_and_scaled_down(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (1280, 640), "red").save(tmp_path / "a.jpg", exif=exif)
    assert decode_file(tmp_path / "a.jpg").shape == (1280, 640, 3)
    assert encode(tmp_path / "a.jpg", 640)[1:] == (320, 640)


def test_memory_does_not_grow_with_the_photos(config_file: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (600, 600, 3), np.uint8)
    peaks = []
    for count in (40, 240):
        folder = tmp_path / str(count)
        folder.mkdir()
        names = [f"p{index}" for index in range(count)]
        image = Image.fromarray(noise)
        source = folder_of(folder, [f"{name}.jpg,600,600,1,0,0,9,9" for name in names], **dict.fromkeys(names, image))
        script = (
            "import resource, sys; from training.data.records import main; main();"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        arguments = ["--config", config_file, *source, "--out", folder / "records"]
        done = subprocess.run(
            [sys.executable, "-c", script, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=True
        )
        peaks.append(int(done.stdout.split()[-1]) * 1024)
    # 200 more photos of a megabyte each decoded, of 300 kB each on disk.
    assert peaks[1] - peaks[0] < 30e6


def test_a_full_disk_leaves_nothing_half_written(photos: Path, config_file: Path, tmp_path: Path) -> None:
    mounted = tmp_path / "small"
    mounted.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "none", mounted], check=False, capture_output=True
    ).returncode:
        pytest.skip("mounting a tmpfs needs root")
    try:
        done = run_step(
            "training.data.records", "--config", config_file, "--images", photos / "images",
            "--annotations", photos / "annotations.csv", "--out", mounted / "records",
        )  # fmt: skip
        assert done.returncode == 2
        assert "No space left" in done.stderr
        assert "Traceback" not in done.stderr
        assert list(mounted.iterdir()) == []
    finally:
        subprocess.run(["umount", mounted], check=True)


def test_selection_writes_one_split_and_names_faults(
    photos: Path, config_file: Path, records: Path, tmp_path: Path
) -> None:
    source = ["--images", photos / "images", "--annotations", photos / "annotations.csv"]
    shares = load(config_file).split
    flags = ["--validation", shares.validation, "--calibration", shares.calibration, "--out", tmp_path / "s"]
    classes = ",".join("0123456789")
    done = run_step("training.data.selection", *source, *flags, "--split", "validation", "--classes", classes)
    assert done.returncode == 0, done.stderr
    chosen = {photo.filename for photo in read_csv(tmp_path / "s/annotations.csv").photos}
    assert chosen == {photo.filename for photo in read_csv(records / "validation.csv").photos}
    refused = run_step("training.data.selection", *source, *flags, "--classes", "1")
    assert refused.returncode == 2
    assert "class: 2 is not one of 1" in refused.stderr


def test_a_class_may_have_a_comma_in_its_name(photos: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    text = (photos / "annotations.csv").read_text("utf-8")
    labels.write_text(re.sub(r"(?m)^([^,]+,\d+,\d+,)1,", r'\1"one, or more",', text), "utf-8")
    assert "one, or more" in labels.read_text("utf-8")
    # As infra.runs.recipes writes it, see tests/infra/test_models.py.
    source = ["--images", photos / "images", "--annotations", labels, "--out", tmp_path / "s"]
    done = run_step("training.data.selection", *source, "--classes", '"one, or more",0,2,3,4,5,6,7,8,9')
    assert done.returncode == 0, done.stderr
    found = {item.name for photo in read_csv(tmp_path / "s/annotations.csv").photos for item in photo.objects}
    assert "one, or more" in found
