from __future__ import annotations

from pathlib import Path

import pytest

from infra import fingerprints
from infra.errors import UsageError
from infra.execution.local import Local
from infra.models import kinds
from infra.runs import recipes
from infra.runs.run import Run
from infra.settings import RELEASED


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        (("manifest.json", "model.json"), "web_model"),
        (("detector.json", "saved_model.pb"), "saved_model"),
        (("detector.json", "weights.index"), "checkpoint"),
    ],
)
def test_a_folder_says_what_model_it_holds(tmp_path: Path, files: tuple[str, ...], kind: str) -> None:
    for name in files:
        (tmp_path / name).write_text("{}", "utf-8")
    assert kinds.find(tmp_path).kind == kind


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no model"):
        kinds.find(tmp_path)


def test_a_broken_description_is_named(tmp_path: Path) -> None:
    (tmp_path / "detector.json").write_text("{", "utf-8")
    with pytest.raises(UsageError, match=r"detector\.json isn't JSON"):
        kinds.find(tmp_path)


def test_the_released_web_model_is_whole_and_passed_its_gate() -> None:
    folder = RELEASED / "web_model"
    manifest = kinds.find(folder).description
    assert manifest["gate"]["passed"]
    assert manifest["gate"]["max_abs_difference"].keys() == set(manifest["outputs"].values())
    for file in manifest["files"]:
        assert fingerprints.of_file(folder / file["path"]) == file["sha256"], file["path"]
    listed = {file["path"] for file in manifest["files"]}
    assert {path.name for path in folder.iterdir()} == {*listed, "manifest.json"}


def test_the_released_checkpoint_is_what_the_web_model_was_made_from() -> None:
    web = kinds.find(RELEASED / "web_model").description
    checkpoint = kinds.find(RELEASED / "checkpoint").description
    for key in ("name", "classes", "score_threshold", "suppression"):
        assert web[key] == checkpoint[key]
    assert web["provenance"]["data_fingerprint"] == checkpoint["provenance"]["data_fingerprint"]


@pytest.mark.parametrize("place", ["", "checkpoint", "checkpoints"])
def test_a_finished_training_is_found_where_people_point(place: str, tmp_path: Path) -> None:
    folder = tmp_path / place
    folder.mkdir(exist_ok=True)
    (folder / "detector.json").write_text("{}", "utf-8")
    assert kinds.checkpoint(tmp_path) == folder


def test_a_folder_without_a_finished_training_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no finished training"):
        kinds.checkpoint(tmp_path)


def test_the_released_detector_can_be_trained_further() -> None:
    assert kinds.checkpoint(RELEASED) == RELEASED / "checkpoint"


def test_classes_reach_the_selection_as_a_row_of_csv(tmp_path: Path) -> None:
    description = {"classes": ["one, or more", "0", "2"], "provenance": {}}
    step = recipes.select(tmp_path, tmp_path, None, "all", description, tmp_path / "out")
    assert step.options["classes"] == '"one, or more",0,2'


def test_the_folder_of_a_release_or_of_a_run_is_its_web_model() -> None:
    assert kinds.find(RELEASED) == kinds.find(RELEASED / "web_model")


def test_somebody_elses_description_that_says_too_little_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "detector.json"
    file.write_text('{"name": "theirs", "classes": ["a"]}', "utf-8")
    photos = kinds.Photos(tmp_path, tmp_path / "labels.csv")
    with pytest.raises(UsageError, match=r"detector\.json, reading, .* are missing; schemas/detector"):
        kinds.adopt(Run(tmp_path / "run"), tmp_path, file, photos, "none", Local())
