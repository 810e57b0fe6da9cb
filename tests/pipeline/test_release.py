"""A release of a real run is whole, and repeats nothing. Which model is let in: ``tests/infra/test_release.py``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra import fingerprints
from infra.errors import RefusedError
from infra.execution.local import Local
from infra.models import card, kinds
from infra.models.release import CHECKPOINT, MADE, release
from infra.runs.run import Run
from infra.settings import RELEASED, settings
from tests.conftest import Place


@pytest.fixture(scope="module", autouse=True)
def _settings_of_the_small_run(small_place: Place) -> Iterator[None]:
    """What was made there is current here."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in small_place.environment.items():
            patch.setenv(name, value)
        settings.cache_clear()
        yield
    settings.cache_clear()


@pytest.fixture(scope="module")
def released(small_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A first release of the small run; nobody changes it."""
    folder = tmp_path_factory.mktemp("models") / "digits"
    folder.mkdir()
    shutil.copyfile(RELEASED / "notes.md", folder / "notes.md")
    assert "no released model" in release(Run(small_run), None, None, Local(), folder)
    return folder


def test_a_release_is_whole(released: Path, small_run: Path) -> None:
    assert {path.name for path in released.iterdir()} == {*MADE, "notes.md"}
    assert {path.name for path in (released / "checkpoint").iterdir()} == set(CHECKPOINT)
    manifest = kinds.find(released / "web_model").description
    listed = {file["path"]: file["sha256"] for file in manifest["files"]}
    assert {path.name for path in (released / "web_model").iterdir()} == {*listed, "manifest.json"}
    for name, digest in listed.items():
        assert fingerprints.of_file(released / "web_model" / name) == digest
    assert (released / "README.md").read_text("utf-8") == card.render(released)
    evaluation = json.loads((released / "evaluation.json").read_text("utf-8"))
    report = json.loads((small_run / "report.json").read_text("utf-8"))
    assert evaluation["full_number_accuracy"] == report["full_number_accuracy"]
    assert "model" not in evaluation
    cut = json.loads((released / "evaluation_number.json").read_text("utf-8"))
    assert 0 < cut["photos"] <= evaluation["photos"]
    assert not list(released.parent.glob(".digits*"))


def test_the_card_says_how_to_repeat_it(released: Path, small_run: Path) -> None:
    card = (released / "README.md").read_text("utf-8")
    config = (small_run / "checkpoints" / "config.yaml").read_text("utf-8")
    assert (released / "checkpoint" / "config.yaml").read_text("utf-8") == config
    fingerprint = kinds.find(released / "checkpoint").description["provenance"]["data_fingerprint"]
    for words in ("--config models/digits/checkpoint/config.yaml", "--name small", "| seed | 1 |", f"`{fingerprint}`"):
        assert words in card
    assert "use of the processors" in card


def test_the_same_model_again_is_no_better(released: Path, small_run: Path) -> None:
    before = fingerprints.of_listing(released)
    with pytest.raises(RefusedError, match="isn't released: it is no better"):
        release(Run(small_run), None, None, Local(), released)
    assert fingerprints.of_listing(released) == before
