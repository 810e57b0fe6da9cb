"""Several sources become one, and no photo changes its split by it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from PIL import Image

from tests.training.conftest import run_step
from training.config import Split
from training.data.folder import walk
from training.data.formats import read, read_csv, yolo
from training.data.selection import split_of
from training.data.sources import load, merge
from training.errors import AnnotationError

HEADER = "filename,width,height,class,xmin,ymin,xmax,ymax"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two labelled sources with photos of equal names, and one of photos without anything."""
    for name, count in (("streets", 30), ("meters", 20), ("walls", 10)):
        (tmp_path / name / "deep").mkdir(parents=True)
        for index in range(count):
            Image.new("RGB", (40, 30), "red").save(tmp_path / name / "deep" / f"{index}.jpg")
        rows = [f"deep/{index}.jpg,40,30,{label},0,0,9.5,9" for index in range(count) for label in "1x"]
        (tmp_path / f"{name}.csv").write_text("\n".join([HEADER, *rows, ""]))
    groups = [f"deep/{index}.jpg,scene {index % 5}" for index in range(20)]
    (tmp_path / "groups.csv").write_text("\n".join(["filename,group", *groups, ""]))
    (tmp_path / "walls" / "README.txt").write_text("not a picture, and no fault")
    file = tmp_path / "data.yaml"
    file.write_text("""
sources:
  - {name: streets, images: streets, annotations: streets.csv}
  - {name: meters, images: meters, annotations: meters.csv, groups: groups.csv, only: ["1"]}
  - {name: walls, images: walls, annotations: none}
""")
    return file


def test_names_say_the_source_and_groups_stay_as_they_are(data: Path, tmp_path: Path) -> None:
    photos = {photo.filename: photo for photo in merge(load(data), tmp_path / "out", skip_bad=False).photos}
    assert len(photos) == 60
    assert [item.name for item in photos["streets/deep/3.jpg"].objects] == ["1", "x"]
    assert [item.name for item in photos["meters/deep/3.jpg"].objects] == ["1"]
    assert photos["walls/deep/3.jpg"].objects == []
    assert photos["meters/deep/8.jpg"].group == "scene 3"
    for photo in photos.values():
        with Image.open(tmp_path / "out" / photo.filename) as image:
            assert image.size == (photo.width, photo.height)


def test_a_photo_is_in_the_same_split_as_in_its_source_alone(data: Path, tmp_path: Path) -> None:
    done = run_step("training.data.sources", "--data", data, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    merged = read_csv(tmp_path / "out" / "annotations.csv").photos
    shares = Split(validation=0.3, calibration=0.3)
    for source, groups in (("streets", None), ("meters", tmp_path / "groups.csv")):
        alone = read(tmp_path / f"{source}.csv", groups=groups).photos
        expected = {f"{source}/{photo.filename}": split_of(photo.group, shares) for photo in alone}
        found = {photo.filename: split_of(photo.group, shares) for photo in merged if photo.filename in expected}
        assert found == expected
        assert len(set(found.values())) == 3


def test_a_single_source_keeps_its_names(data: Path, tmp_path: Path) -> None:
    (source, *_) = load(data)
    assert merge([source], tmp_path / "out", skip_bad=False).photos == read_csv(tmp_path / "streets.csv").photos


def test_faults_of_all_sources_are_named_together(data: Path, tmp_path: Path) -> None:
    (tmp_path / "streets" / "deep" / "7.jpg").unlink()
    (tmp_path / "walls" / "deep" / "4.jpg").write_text("not a picture")
    command = ("training.data.sources", "--data", data, "--out", tmp_path / "out")
    done = run_step(*command)
    assert done.returncode == 2
    assert "streets: streets.csv row 16, filename: deep/7.jpg: no such file" in done.stderr
    assert "walls: deep/4.jpg, filename: deep/4.jpg: not a readable picture" in done.stderr
    assert not (tmp_path / "out").exists()
    kept = run_step(*command, "--skip-bad")
    assert kept.returncode == 0, kept.stderr
    assert len(read_csv(tmp_path / "out" / "annotations.csv").photos) == 58


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sources: []", r"\$\.sources"),
        ("sources: [{name: a, images: b}]", r"\$\.sources\[0\]: 'annotations' is a required property"),
        ("sources: [{name: a/b, images: b, annotations: none}]", r"\$\.sources\[0\]\.name"),
        ("sources: [{name: a, images: b, annotations: none, grups: c}]", "grups"),
        ("sources: [{name: a, images: b, annotations: c, only: [1]}]", r"\.only\[0\]: 1 is not of type 'string'"),
        ("sources: [{name: a, images: b, annotations: c}, {name: a, images: b, annotations: c}]", "two are called a"),
        ("- just: this", "not of type 'object'"),
        ("sources: {", "can't be read as YAML"),
    ],
)
def test_a_data_file_that_cannot_be_used_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(AnnotationError, match=rf"data\.yaml.*{words}"):
        load(tmp_path / "data.yaml")


@pytest.mark.parametrize(("only", "words"), [('["O", "1"]', "called O; its classes are 1, x"), ('["X"]', "called X")])
def test_a_class_to_keep_that_no_label_has_is_refused(data: Path, tmp_path: Path, only: str, words: str) -> None:
    data.write_text(data.read_text().replace('only: ["1"]', f"only: {only}"))
    with pytest.raises(AnnotationError, match=f"meters, only: no label of .*meters.csv is {words}"):
        merge(load(data), tmp_path / "out", skip_bad=False)


@pytest.mark.parametrize("inside", [True, False])
def test_a_zip_of_photos_is_taken_in(data: Path, tmp_path: Path, inside: bool) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for index in range(30):
            archive.write(tmp_path / "streets" / "deep" / f"{index}.jpg", f"deep/{index}.jpg")
        archive.writestr("__MACOSX/._0.jpg", "x")
        if inside:
            archive.write(tmp_path / "streets.csv", "annotations.csv")
    labels = () if inside else ("--annotations", tmp_path / "streets.csv")
    done = run_step(
        "training.data.sources", "--images", tmp_path / "photos.zip", *labels, "--out", tmp_path / "out"
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert read_csv(tmp_path / "out" / "annotations.csv").photos == read_csv(tmp_path / "streets.csv").photos
    assert len(list((tmp_path / "out" / "images" / "deep").iterdir())) == 30
    assert "1 hidden files" in done.stdout
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["annotations.csv", "findings.json", "images"]


def test_an_exports_split_is_kept_where_that_is_said(tmp_path: Path) -> None:
    rows = []
    for part in ("train", "valid", "test"):
        (tmp_path / "export" / part).mkdir(parents=True)
        for index in range(3):
            Image.new("RGB", (40, 30)).save(tmp_path / "export" / part / f"{index}.jpg")
            rows.append(f"{part}/{index}.jpg,40,30,1,0,0,9,9")
    (tmp_path / "export" / "labels.csv").write_text("\n".join([HEADER, *rows, ""]))
    file = tmp_path / "data.yaml"
    file.write_text("sources: [{name: a, images: export, annotations: export/labels.csv, split_as_exported: true}]")
    photos = merge(load(file), tmp_path / "out", skip_bad=False).photos
    means = {"train": "train", "valid": "calibration", "test": "validation"}
    assert all(split_of(photo.group, Split()) == means[photo.filename.split("/")[0]] for photo in photos)


@pytest.mark.parametrize("text", ["sources: {", "date: 2023-13-45", pytest.param("[" * 3000, id="deep")])
def test_what_is_not_quite_yaml_is_refused_or_passed_over(tmp_path: Path, text: str) -> None:
    file = tmp_path / "data.yaml"
    file.write_text(text)
    with pytest.raises(AnnotationError, match=r"data\.yaml: can't be read as YAML"):
        load(file)
    (tmp_path / "classes.txt").write_text("cat\n")
    assert yolo.classes(walk(tmp_path)) == ["cat"]
