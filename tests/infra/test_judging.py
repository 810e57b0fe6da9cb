"""What a candidate is judged on, and the commands that a card quotes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.errors import UsageError
from infra.models import judging
from infra.models.kinds import Photos
from infra.runs.run import Request, Run
from infra.settings import ROOT

HEAD = "filename,width,height,class,xmin,ymin,xmax,ymax,group\n"
SVHN, METERS = "svhn/1.jpg,9,9,1,1,1,2,2,1.jpg\n", "meters/2.jpg,9,9,,,,,,a\n"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run with two photos of two sources held out."""
    made = Run(tmp_path / "mixed")
    made.records.mkdir(parents=True)
    made.validation.write_text(HEAD + METERS + SVHN, "utf-8")
    made.checkpoints.mkdir()
    remember(made)
    return made


def remember(run: Run, **provenance: object) -> None:
    """Write what the run's checkpoint says of its origin."""
    (run.checkpoints / "detector.json").write_text(json.dumps({"provenance": provenance}), "utf-8")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The file of its sources, and of one that has no photo held out."""
    path = tmp_path / "sources.yaml"
    lines = [
        f"- {{name: {name}, images: photos/{name}, annotations: {name}.csv}}" for name in ("svhn", "meters", "few")
    ]
    path.write_text("\n".join(["sources:", *lines]) + "\n", "utf-8")
    return path


def request(data: Path | None = None, start: Path | None = None, groups: Path | None = None) -> Request:
    photos = ROOT.parent / "shared" / "photos"
    return Request(
        config=ROOT / "c.yaml",
        images=photos / "images",
        annotations=photos / "labels.csv",
        groups=groups,
        data=data,
        quantize="uint8",
        start=start,
    )


def test_photos_of_one_source_are_judged_together(run: Run) -> None:
    assert judging.held_out(run, request()) == [("mixed", Photos(request().images, run.validation))]


def test_photos_of_several_sources_are_judged_apart_in_their_order(run: Run, data: Path) -> None:
    found = judging.held_out(run, request(data))
    assert [name for name, _ in found] == ["svhn", "meters"]
    assert [photos.annotations.read_text("utf-8") for _, photos in found] == [HEAD + SVHN, HEAD + METERS]
    assert {photos.images for _, photos in found} == {request().images}


def test_sources_without_any_photo_held_out_are_refused(run: Run, data: Path) -> None:
    run.validation.write_text(HEAD, "utf-8")
    with pytest.raises(UsageError, match="none of its photos"):
        judging.held_out(run, request(data))


def test_commands_can_be_typed_in_the_repository(run: Run, data: Path) -> None:
    start = ROOT / "models" / "digits" / "checkpoint"
    assert judging.made(run, request(start=start, groups=ROOT / "groups.csv")) == (
        "./inv pipeline --images ../shared/photos/images --annotations ../shared/photos/labels.csv --groups groups.csv "
        "--from models/digits/checkpoint --quantize uint8 --config models/digits/checkpoint/config.yaml --name mixed"
    )
    assert judging.made(run, request(data)).startswith("./inv pipeline --data sources.yaml --quantize")
    assert judging.repeated(request()) == (
        "./inv evaluate --model models/digits/web_model --images ../shared/photos/images "
        "--annotations ../shared/photos/labels.csv --split validation"
    )
    # Nobody's home stands in a card.
    assert "--images svhn --annotations svhn.csv --split" in judging.repeated(request(data))


def test_the_commands_of_a_blend_are_those_of_its_training_and_each_blending(run: Run, data: Path) -> None:
    start = ROOT / "models" / "digits" / "checkpoint"
    blends = [{"share": 0.25, "weights_sha256": "a" * 64}, {"share": 0.5, "weights_sha256": "b" * 64}]
    remember(run, started_from={"weights_sha256": "a" * 64}, blended_with=blends)
    first, *others = judging.made(run, request(data, start)).splitlines()
    assert first.endswith("--name step1 --no-serve")
    assert others == [
        "./inv model.blend step1 --with models/digits/checkpoint --share 0.25 --name step2",
        "./inv model.blend step2 --with THE_WEIGHTS_bbbbbbbbbbbb --share 0.5 --name mixed",
    ]
