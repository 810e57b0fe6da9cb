"""One folder, or labels beside photos, as tools lay them out: they are read, or it is said what to give."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from tests.training.conftest import run_step
from tests.training.labelled import kept, pictures, table
from training.data import formats
from training.errors import AnnotationError

ROW = "0 0.5 0.5 0.2 0.2\n"
PHOTOS = {"train": ["a.jpg", "b.jpg"], "val": ["c.jpg"]}


def laid_out(root: Path, labels: str, names: str) -> None:
    """A set of YOLO's; ``labels`` says where those of a split lie, photos are in images beside."""
    for split, files in PHOTOS.items():
        folder = root / labels.format(split=split)
        folder.mkdir(parents=True, exist_ok=True)
        pictures(root / labels.format(split=split).replace("labels", "images"), *files)
        for file in files:
            (folder / file).with_suffix(".txt").write_text(ROW)
    (root / names).write_text("names: [cat, dog]\n" if names.endswith("l") else "cat\ndog\n")


@pytest.mark.parametrize("names", ["data.yaml", "coco128.yml", "classes.txt", "obj.names"])
@pytest.mark.parametrize(
    ("labels", "given"),
    [
        ("labels/{split}", ("images", "labels")),
        ("labels/{split}", ("images/train", "labels/train")),
        ("labels/{split}", (".", "labels")),
        ("labels/{split}", (".", ".")),
        ("{split}/labels", ("train/images", "train/labels")),
        ("{split}/labels", (".", ".")),
        ("labels", ("images", "labels")),
        ("labels", (".", ".")),
    ],
)
def test_classes_are_found_above_a_folder_of_labels(
    tmp_path: Path, labels: str, given: tuple[str, str], names: str
) -> None:
    laid_out(tmp_path / "set", labels, names)
    images, annotations = (tmp_path / "set" / one for one in given)
    found = kept(formats.read(annotations, images))
    assert {Path(name).name for name in found} == (
        {"a.jpg", "b.jpg"} if "train" in given[0] else {"a.jpg", "b.jpg", "c.jpg"}
    )
    assert set(map(tuple, found.values())) == {("cat",)}


def test_nothing_above_other_folders_is_looked_at(tmp_path: Path) -> None:
    laid_out(tmp_path / "set", "labels", "data.yaml")
    (tmp_path / "set" / "labels").rename(tmp_path / "set" / "txt")
    with pytest.raises(AnnotationError, match="no file in it or above names the classes"):
        formats.read(tmp_path / "set" / "txt", tmp_path / "set" / "images")


@pytest.mark.parametrize(
    "beside", ["labels", "Annotations", "labels.csv", "annotations.json", "_annotations.coco.json", "data.yaml"]
)
def test_photos_alone_are_told_where_labels_may_be(tmp_path: Path, beside: str) -> None:
    images = pictures(tmp_path / "images", "a.jpg")
    (tmp_path / beside).mkdir()
    with pytest.raises(
        AnnotationError, match=rf"Name them with --annotations: {re.escape(str(tmp_path / beside))}, perhaps"
    ):
        formats.read(images, images)


def test_a_folder_of_photos_with_their_labels_is_enough(tmp_path: Path) -> None:
    images = pictures(tmp_path / "set", "a.jpg")
    table(images, "a.jpg,40,30,cat,0,0,9,9")
    assert kept(formats.read(images, images)) == {"a.jpg": ["cat"]}


@pytest.mark.parametrize("module", ["training.data.sources", "training.data.convert"])
@pytest.mark.parametrize("with_labels", [True, False])
def test_a_zip_is_called_by_its_name(tmp_path: Path, module: str, with_labels: bool) -> None:
    images = pictures(tmp_path / "set", "a.jpg")
    if with_labels:
        table(images, "a.jpg,40,30,cat,0,0,9,9")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for file in images.iterdir():
            archive.write(file, f"top/{file.name}")
    more = ["--to", "coco"] if module.endswith("convert") else []
    done = run_step(module, "--images", tmp_path / "set.zip", *more, "--out", tmp_path / "out" / "made")
    assert done.returncode == (0 if with_labels else 2), done.stderr
    if not with_labels:
        assert done.stderr.startswith(f"error: {tmp_path / 'set.zip'}: holds no labels that are known")
        assert str(tmp_path / "out") not in done.stderr
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["made"] * with_labels
