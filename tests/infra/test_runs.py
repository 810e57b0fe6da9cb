from __future__ import annotations

from pathlib import Path

import pytest

from infra.errors import UsageError
from infra.runs import catalogue, recipes
from infra.runs.run import Request, Run
from infra.settings import RELEASED


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("/data/svhn/images", "svhn"),
        ("/data/meters", "meters"),
        ("/data/my photos (2)", "my-photos-2-"),
        ("/images", "run"),
    ],
)
def test_a_run_is_named_like_its_photos(folder: str, name: str) -> None:
    assert catalogue.name_of(Path(folder)) == name


def test_a_request_is_remembered(tmp_path: Path) -> None:
    run = Run(tmp_path / "one")
    request = Request(
        config=Path("/c.yaml"),
        images=Path("/images"),
        annotations=Path("/a.csv"),
        groups=None,
        skip_bad=True,
        quantize="uint8",
    )
    run.save(request)
    assert run.request() == request


def test_a_start_is_an_input_of_the_training(tmp_path: Path) -> None:
    run = Run(tmp_path / "one")
    request = Request(
        config=Path("/c.yaml"),
        images=Path("/images"),
        annotations=Path("/a.csv"),
        quantize="uint8",
        start=Path("/start"),
    )
    assert "--from=/start" in recipes.train(run, request).arguments()
    others = recipes.train(run, request.model_copy(update={"start": None})).arguments()
    assert not any(word.startswith("--from") for word in others)


def test_a_plan_takes_the_split_over_from_a_training_but_not_from_the_released_digits(tmp_path: Path) -> None:
    run = Run(tmp_path / "one")
    request = Request(images=Path("/images"), annotations=Path("/a.csv"), quantize="uint8", start=Path("/start"))
    released = request.model_copy(update={"start": RELEASED / "checkpoint"})
    assert recipes.plan(run, request).inputs["from"] == Path("/start")
    assert "from" not in recipes.plan(run, released).inputs
    assert recipes.race(run, released).inputs["from"] == released.start


def test_a_broken_request_is_named(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}", "utf-8")
    with pytest.raises(UsageError, match=r"run\.json can't be used"):
        Run(tmp_path).request()


@pytest.mark.parametrize("exported", [False, True])
def test_a_zip_and_an_exports_split_are_taken_in_first(tmp_path: Path, exported: bool) -> None:
    from infra.tasks.data import requested

    (tmp_path / "photos").mkdir()
    (tmp_path / "Photos.ZIP").touch()
    (tmp_path / "labels.csv").touch()
    images, labels = ("photos", str(tmp_path / "labels.csv")) if exported else ("Photos.ZIP", None)
    run, request, step = requested(
        str(tmp_path / images), labels, None, None, None, None, None, skip_bad=False, as_exported=exported
    )
    assert step is not None
    assert step.module == "training.data.sources"
    assert ("--split-as-exported" in step.arguments()) is exported
    assert any(word.startswith("--annotations=") for word in step.arguments()) is exported
    assert (request.images, request.annotations) == (run.photos / "images", run.photos / "annotations.csv")


def test_labels_that_are_not_named_are_among_the_photos(tmp_path: Path) -> None:
    from infra.tasks.data import requested

    (tmp_path / "photos").mkdir()
    _, request, step = requested(str(tmp_path / "photos"), None, None, None, None, None, None, skip_bad=False)
    assert step is None
    assert request.images == request.annotations == tmp_path / "photos"
    with pytest.raises(UsageError, match="say which photos"):
        requested(None, None, None, None, None, None, None, skip_bad=False)
