from __future__ import annotations

from pathlib import Path

import pytest

from infra.errors import UsageError
from infra.runs import catalogue, recipes
from infra.runs.run import Request, Run


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
    words = recipes.train(run, request).arguments()
    assert words[words.index("--from") + 1] == "/start"
    assert "--from" not in recipes.train(run, request.model_copy(update={"start": None})).arguments()


def test_a_broken_request_is_named(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}", "utf-8")
    with pytest.raises(UsageError, match=r"run\.json can't be used"):
        Run(tmp_path).request()
