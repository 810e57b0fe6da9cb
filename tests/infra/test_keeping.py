"""A finished training is replaced only by somebody who says so, whatever flag differs or is left out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from invoke import Context

from infra.errors import UsageError
from infra.runs import catalogue, keeping
from infra.runs.run import Origin, Request, Run
from infra.tasks.data import check
from infra.tasks.train import plan


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two photos with labels, a configuration, groups and a start."""
    folder = tmp_path / "mine"
    (folder / "images" / "more").mkdir(parents=True)
    (folder / "images" / "a.jpg").write_bytes(b"a" * 40)
    (folder / "images" / "more" / "b.jpg").write_bytes(b"b" * 50)
    (folder / "start").mkdir()
    for name in ("labels.csv", "my.yaml", "groups.csv", "start/weights.bin"):
        (folder / name).write_text(name, "utf-8")
    return folder


@pytest.fixture
def request_(photos: Path) -> Request:
    return Request(
        config=photos / "my.yaml",
        images=photos / "images",
        annotations=photos / "labels.csv",
        groups=photos / "groups.csv",
        quantize="uint8",
        start=photos / "start",
        classes=("cat", "dog"),
        minutes=3.0,
    )


@pytest.fixture
def run(tmp_path: Path, request_: Request) -> Run:
    """One that holds a finished training of the request."""
    made = Run(tmp_path / "runs" / "mine")
    keeping.protect(made, request_, replace=False)
    made.checkpoints.mkdir()
    (made.checkpoints / "detector.json").write_text("{}", "utf-8")
    return made


CHANGES: dict[str, tuple[str, Callable[[Path], object]]] = {
    "another photo": ("photos", lambda folder: (folder / "images" / "c.jpg").write_bytes(b"c")),
    "a photo less": ("photos", lambda folder: (folder / "images" / "a.jpg").unlink()),
    "another picture": ("photos", lambda folder: (folder / "images" / "more" / "b.jpg").write_bytes(b"b")),
    "labels": ("labels", lambda folder: (folder / "labels.csv").write_text("others")),
    "groups": ("groups", lambda folder: (folder / "groups.csv").write_text("others")),
    "configuration": ("configuration", lambda folder: (folder / "my.yaml").write_text("others")),
    "start": ("start", lambda folder: (folder / "start" / "weights.bin").write_text("other weights")),
}
FLAGS: dict[str, tuple[str, dict[str, object]]] = {
    "no configuration": ("configuration", {"config": None}),
    "no groups": ("groups", {"groups": None}),
    "no start": ("start", {"start": None}),
    "all classes": ("classes", {"classes": None}),
    "fewer classes": ("classes", {"classes": ("cat",)}),
    "planned minutes": ("minutes", {"minutes": None}),
    "steps": ("steps", {"steps": 6}),
    "phone": ("purpose", {"purpose": "phone"}),
    "starts": ("starts", {"starts": ("glyphs",)}),
    "drawn photos": ("seed", {"photos": 60, "seed": 2}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changed_since_is_named_and_nothing_is_lost(
    run: Run, request_: Request, photos: Path, change: str
) -> None:
    word, make = CHANGES[change]
    make(photos)
    before = {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match=rf"{word}.* differs.*--name.*--replace"):
        keeping.protect(run, request_, replace=False)
    assert {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()} == before
    keeping.protect(run, request_, replace=True)
    keeping.protect(run, request_, replace=False)


@pytest.mark.parametrize("flag", FLAGS)
def test_a_flag_that_is_left_out_or_differs_costs_no_result(run: Run, request_: Request, flag: str) -> None:
    word, changed = FLAGS[flag]
    other = request_.model_copy(update=changed)
    assert word in keeping.differing(run, other)
    with pytest.raises(UsageError, match=word):
        keeping.protect(run, other, replace=False)
    assert run.request() == request_
    (run.checkpoints / "detector.json").unlink()
    keeping.protect(run, other, replace=False)
    assert run.request() == other


def test_the_same_photos_elsewhere_and_touched_are_the_same(run: Run, request_: Request, photos: Path) -> None:
    moved = photos.with_name("moved")
    shutil.copytree(photos, moved)
    for path in moved.rglob("*"):
        os.utime(path, (1, 1))
    paths = {
        name: moved / getattr(request_, name).name for name in ("config", "images", "annotations", "groups", "start")
    }
    assert keeping.differing(run, request_.model_copy(update=paths)) == []


@pytest.mark.parametrize("changed", ["data.yaml", "labels/a.txt"])
@pytest.mark.parametrize("how", ["given", "taken in"])
def test_what_a_yaml_file_of_labels_is_read_with_counts(
    request_: Request, photos: Path, changed: str, how: str
) -> None:
    (photos / "labels").mkdir()
    for name in ("data.yaml", "data-old.yaml", "labels/a.txt"):
        (photos / name).write_text(name, "utf-8")

    def named(name: str) -> dict[str, str | None]:
        origin = Origin(photos=photos / "images", labels=photos / name) if how == "taken in" else None
        update = {"annotations": photos / name, "origin": origin}
        return keeping.meaning(request_.model_copy(update=update))

    before = named("data.yaml")
    assert named("data-old.yaml") != before
    assert named("data.yaml") == before
    (photos / changed).write_text("others", "utf-8")
    after = named("data.yaml")
    assert [name for name in after if after[name] != before[name]] == ["labels"]


@pytest.mark.parametrize("task", ["check", "plan"])
def test_who_only_looks_does_not_replace_the_photos_of_a_finished_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photos: Path, task: str
) -> None:
    run, data = Run(tmp_path / "runs" / "mine"), photos / "data.yaml"
    monkeypatch.setattr(catalogue, "find", lambda name: Run(tmp_path / "runs" / name))
    data.write_text("sources: [{name: one, images: images, annotations: labels.csv}]", "utf-8")
    images, labels = run.photos / "images", run.photos / "annotations.csv"
    request = Request(data=data, images=images, annotations=labels, quantize="uint8")
    keeping.protect(run, request, replace=False)
    images.mkdir(parents=True)
    run.checkpoints.mkdir()
    (run.checkpoints / "detector.json").write_text("{}", "utf-8")
    keeping.protect_photos(run, request.model_copy(update={"minutes": 3.0}))
    (photos / "images" / "a.jpg").unlink()
    made = {"check": check, "plan": plan}[task]
    with pytest.raises(UsageError, match=r"holds a finished training of other photos or labels: photos differs.*--run"):
        made(Context(), data=str(data), run="mine")
    assert images.is_dir()


@pytest.mark.parametrize("target", [".", "more"])
def test_links_that_lead_back_are_not_followed_for_ever(request_: Request, photos: Path, target: str) -> None:
    before = keeping.meaning(request_)
    for name in ("one", "two"):
        (photos / "images" / "more" / name).symlink_to(photos / "images" / target)
    assert keeping.meaning(request_) == before


def test_somebody_elses_model_is_not_replaced_either(tmp_path: Path, request_: Request) -> None:
    run = Run(tmp_path / "theirs")
    run.web_model.mkdir(parents=True)
    with pytest.raises(UsageError, match="isn't known"):
        keeping.protect(run, request_, replace=False)


def test_a_run_from_before_is_compared_by_its_paths(run: Run, request_: Request) -> None:
    run.save(request_)
    assert keeping.differing(run, request_) == []
    assert keeping.differing(run, request_.model_copy(update={"images": Path("/elsewhere")})) == ["photos"]


def test_two_projects_with_folders_of_one_name_get_two_runs(
    tmp_path: Path, request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "find", lambda name: Run(tmp_path / "runs" / name))
    folders = [tmp_path / project / "train" for project in ("a", "b", "x/b")]
    runs = []
    for folder in folders[:2]:
        run = catalogue.free(folder, folder)
        keeping.protect(run, request_.model_copy(update={"images": folder}), replace=False)
        runs.append(run.name)
    assert runs == ["train", "b-train"]
    assert [catalogue.free(folder, folder).name for folder in folders[:2]] == runs
    with pytest.raises(UsageError, match="--run"):
        catalogue.free(folders[2], folders[2], "run")


@pytest.mark.parametrize("replace", [False, True])
def test_a_run_does_not_begin_with_itself(run: Run, request_: Request, replace: bool) -> None:
    before = run.request()
    with pytest.raises(UsageError, match="itself"):
        keeping.protect(run, request_.model_copy(update={"start": run.checkpoints}), replace)
    assert run.request() == before


def test_drawn_photos_are_the_same_when_they_are_named_by_their_folder(tmp_path: Path, photos: Path) -> None:
    run = Run(tmp_path / "runs" / "drawn")
    shutil.copytree(photos / "images", run.photos / "images")
    shutil.copy(photos / "labels.csv", run.photos / "annotations.csv")
    place = run.photos
    drawn = Request(images=place / "images", annotations=place / "annotations.csv", quantize="uint8", photos=2, seed=1)
    keeping.protect(run, drawn, replace=False)
    run.checkpoints.mkdir()
    (run.checkpoints / "detector.json").write_text("{}", "utf-8")
    named = Request(images=photos / "images", annotations=photos / "labels.csv", quantize="uint8")
    assert keeping.differing(run, named) == []
    assert keeping.differing(run, drawn.model_copy(update={"seed": 3})) == ["seed"]
    (photos / "images" / "c.jpg").write_bytes(b"c")
    assert keeping.differing(run, named) == ["photos"]
