"""Which detector takes the released one's place, and what becomes of the folder; the answers of steps are canned."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from invoke import Context

from infra import git, schemas
from infra.browser import frontend
from infra.errors import RefusedError, UsageError
from infra.execution.steps import Step
from infra.models import kinds, terms
from infra.models.calibration import calibrate
from infra.models.kinds import Photos
from infra.models.release import MADE, release
from infra.runs.run import Request, Run
from infra.settings import RELEASED, settings
from infra.tasks import model as tasks

SCORES = {"score_calibration": {"scores": [0.1, 0.9], "probabilities": [0.05, 0.99]}}
LABELS = "filename,width,height,class,xmin,ymin,xmax,ymax,group\n"


class Canned:
    """A runner whose candidate is the released detector again, and whose evaluations say what they are told to."""

    def __init__(self, candidate: str, current: str, released: Path, **figures: dict[str, float]) -> None:
        """Take what evaluations say.

        Args:
            candidate: has a 1 for each photo that the candidate reads right
            current: the same of the released model
            released: the folder of that
            figures: what evaluation.json says otherwise, of the ``trained`` candidate, or of a source's photos
        """
        self.candidate, self.current, self.released, self.figures = candidate, current, released, figures

    def run(self, step: Step) -> None:
        """Leave what the step would."""
        if step.module == "conversion.convert":
            shutil.copytree(RELEASED / "web_model", step.output, dirs_exist_ok=True)
            return
        step.output.mkdir(parents=True, exist_ok=True)
        if step.module == "training.evaluation.evaluate":
            self._evaluation(step)
        elif step.module in {"training.data.selection", "training.data.cropping"}:
            (step.output / "images").mkdir(exist_ok=True)
            shutil.copyfile(step.inputs["annotations"], step.output / "annotations.csv")
        elif step.module == "conversion.predict":
            (step.output / "predictions.jsonl").touch()
        elif step.module == "training.evaluation.calibrate":
            (step.output / "scores.json").write_text(json.dumps(SCORES), "utf-8")

    def _evaluation(self, step: Step) -> None:
        folder, judged = step.output, step.inputs.get("web-model", step.inputs.get("model"))
        assert judged
        current = judged.is_relative_to(self.released)
        right = self.current if current else self.candidate
        figures = json.loads((RELEASED / "evaluation.json").read_text("utf-8"))
        labels = step.inputs["annotations"].read_text("utf-8")
        for name, changed in self.figures.items():
            if not current and (f"\n{name}/" in labels or (name == "trained" and "model" in step.inputs)):
                figures |= changed
        (folder / "evaluation.json").write_text(json.dumps(figures), "utf-8")
        shutil.copyfile(RELEASED / "evaluation.md", folder / "evaluation.md")
        shutil.copytree(RELEASED / "charts", folder / "charts", dirs_exist_ok=True)
        rows = [f"{index}.jpg,12,x,{one},0" for index, one in enumerate(right)]
        (folder / "photos.csv").write_text("\n".join(["filename,label,read,right,regret", *rows]) + "\n", "utf-8")


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Evaluations are kept apart from the user's, and no recognizer is built."""
    runtime = tmp_path / "runtime.mjs"
    runtime.touch()
    monkeypatch.setattr(frontend, "RUNTIME", runtime)
    monkeypatch.setattr(frontend, "build_recognizer", lambda: None)
    monkeypatch.setattr(git, "commit", lambda: None)
    monkeypatch.setenv("DIGITLENS_PATHS_CACHE", str(tmp_path / "cache"))
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """A copy of the released model."""
    return Path(shutil.copytree(RELEASED, tmp_path / "models" / "digits"))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run with a finished training."""
    made = Run(tmp_path / "candidate")
    shutil.copytree(RELEASED / "checkpoint", made.checkpoints)
    made.records.mkdir()
    made.validation.write_text(LABELS, "utf-8")
    (tmp_path / "images").mkdir()
    made.save(
        Request(config=tmp_path / "c.yaml", images=tmp_path / "images", annotations=made.validation, quantize="uint8")
    )
    return made


@pytest.fixture
def two_sources(run: Run, tmp_path: Path) -> Path:
    """Where the run's photos come from: svhn, which decides, and meters."""
    run.validation.write_text(LABELS + "svhn/1.jpg,9,9,1,1,1,2,2,1.jpg\nmeters/2.jpg,9,9,1,1,1,2,2,2.jpg\n", "utf-8")
    sources = tmp_path / "sources.yaml"
    entries = [f"- {{name: {name}, images: {name}, annotations: {name}.csv}}" for name in ("svhn", "meters")]
    sources.write_text("\n".join(["sources:", *entries]) + "\n", "utf-8")
    return sources


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_better_model_takes_the_place_and_what_people_wrote_stays(released: Path, run: Run) -> None:
    with (released / "notes.md").open("a", encoding="utf-8") as file:
        file.write("\n- Written by hand.\n")
    (released / "peers.md").write_text("kept", "utf-8")
    (released / "charts" / "old.png").touch()
    said = release(run, None, None, Canned("11101", "11000", released), released)
    assert "candidate 4 of 5 photos right, current 2: +40.0 points (95 % interval" in said
    assert {path.name for path in released.iterdir()} == {
        *MADE,
        "history.md",
        "notes.md",
        "sources.yaml",
        "terms.yaml",
        "peers.md",
    }
    card = (released / "README.md").read_text("utf-8")
    assert "Candidate 4 of 5 photos right" in card
    assert "- Written by hand." in card
    assert "--name candidate" in card
    assert not (released / "charts" / "old.png").exists()
    assert json.loads((released / "release.json").read_text("utf-8"))["compared"]["candidate_only"] == 2
    manifest = json.loads((released / "web_model" / "manifest.json").read_text("utf-8"))
    assert manifest["evaluation"]["converted"] == json.loads((released / "evaluation.json").read_text("utf-8"))
    assert any(one["restricted"] for one in manifest["terms"])
    assert manifest["terms"] == json.loads((released / "checkpoint/detector.json").read_text("utf-8"))["terms"]


@pytest.mark.parametrize(
    ("candidate", "words"),
    [("10001", "reads 1 fewer of the photos right.*-20.0 points.*95 % interval"), ("11100", "it is no better")],
)
def test_a_model_that_is_no_better_is_refused_and_nothing_changes(
    candidate: str, words: str, released: Path, run: Run
) -> None:
    before = contents(released)
    with pytest.raises(RefusedError, match=words):
        release(run, None, None, Canned(candidate, "11100", released), released)
    assert contents(released) == before
    assert [path.name for path in released.parent.iterdir()] == ["digits"]


FEWER = ("1" * 397 + "001", "1" * 397 + "110")
"""What candidate and current read right; the one less may be chance."""


@pytest.fixture
def higher() -> dict[str, float]:
    return {"map50": json.loads((RELEASED / "evaluation.json").read_text("utf-8"))["map50"] + 0.01}


def test_fewer_that_may_be_chance_is_released_for_a_reason_that_the_card_says(
    released: Path, run: Run, two_sources: Path, higher: dict[str, float]
) -> None:
    runner = Canned(*FEWER, released, svhn=higher)
    with pytest.raises(RefusedError, match="reads 1 fewer of the photos right, which may be chance"):
        release(run, None, two_sources, runner, released)
    release(run, None, two_sources, runner, released, "large numbers are read")
    card = (released / "README.md").read_text("utf-8")
    assert "That it reads fewer may be chance, and it was released because large numbers are read." in card
    assert json.loads((released / "release.json").read_text("utf-8"))["because"] == "large numbers are read"


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ({"trained": {"full_number_accuracy": 0.99}}, "conversion costs .* points"),
        ({"meters": {"map50": 0.2}}, "on meters its mAP50 is"),
    ],
)
def test_no_reason_helps_what_lost_elsewhere(
    figures: dict[str, dict[str, float]],
    words: str,
    released: Path,
    run: Run,
    two_sources: Path,
    higher: dict[str, float],
) -> None:
    before = contents(released)
    runner = Canned(FEWER[0], FEWER[1], released, svhn=higher, **figures)
    with pytest.raises(RefusedError, match=words):
        release(run, None, two_sources, runner, released, "large numbers are read")
    assert contents(released) == before


def test_a_reason_that_was_not_needed_is_not_in_the_card(
    released: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    release(run, None, None, Canned("11101", "11000", released), released, "large numbers are read")
    assert "large numbers are read" not in (released / "README.md").read_text("utf-8")
    assert json.loads((released / "release.json").read_text("utf-8"))["because"] is None
    assert "--because: no reason is needed" in capsys.readouterr().err


def test_the_task_passes_a_reason_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    passed: list[object] = []

    def take(*_: object, because: str | None) -> str:
        passed.append(because)
        return "released"

    monkeypatch.setattr("infra.models.release.release", take)
    monkeypatch.setattr("infra.runs.catalogue.find", lambda _: run)
    tasks.release.body(Context(), "candidate", because=" large numbers are read. ", on="local")
    assert passed == ["large numbers are read"]


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ({"trained": {"full_number_accuracy": 0.99}}, "isn't released: conversion costs .* points"),
        ({"meters": {"map50": 0.2}}, "isn't released: on meters its mAP50 is .* lower"),
    ],
)
def test_a_better_model_that_lost_elsewhere_is_refused(
    figures: dict[str, dict[str, float]], words: str, released: Path, run: Run, two_sources: Path
) -> None:
    before = contents(released)
    with pytest.raises(RefusedError, match=words):
        release(run, None, two_sources, Canned("11101", "11000", released, **figures), released)
    assert contents(released) == before


def test_a_first_release_has_nothing_to_be_compared_with(released: Path, run: Run) -> None:
    for name in MADE:
        path = released / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert "no released model" in release(run, None, None, Canned("1", "", released), released)
    assert {path.name for path in released.iterdir()} == {*MADE, "history.md", "notes.md", "sources.yaml", "terms.yaml"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"classes": [*"abcdefghij"]}, "classes .* aren't those of the released model"),
        ({"provenance": {"split": {"validation": 0.5, "calibration": 0.1}}}, "Train with the same split"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    changes: dict[str, object], words: str, released: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = released / "web_model" / "manifest.json"
    document = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps(document | changes), "utf-8")
    canned = Canned("11", "10", released)
    if "provenance" in changes:
        original = kinds.find

        def with_split(folder: Path) -> kinds.Model:
            found = original(folder)
            found.description["provenance"].setdefault("split", {"validation": 0.1, "calibration": 0.05})
            return found

        monkeypatch.setattr(kinds, "find", with_split)
    with pytest.raises(RefusedError, match=words):
        release(run, None, None, canned, released)


def test_a_run_without_a_finished_training_is_refused(released: Path, run: Run) -> None:
    (run.checkpoints / "training.json").unlink()
    with pytest.raises(UsageError, match=r"no finished training: \./inv train --run candidate"):
        release(run, None, None, Canned("1", "0", released), released)


def test_without_notes_nothing_is_begun(released: Path, run: Run) -> None:
    (released / "notes.md").unlink()
    with pytest.raises(UsageError, match=r"notes\.md: can't be read"):
        release(run, None, None, Canned("1", "0", released), released)
    assert not run.web_model.exists()


def test_scores_are_measured_without_touching_weights(released: Path, run: Run) -> None:
    before = contents(released)
    figures = calibrate(Photos(run.folder.parent / "images", run.validation), Canned("1", "1", released), released)
    after = contents(released)
    manifest, detector = (json.loads(after[name]) for name in ("web_model/manifest.json", "checkpoint/detector.json"))
    for described in (manifest, detector):
        assert described["score_calibration"] == SCORES["score_calibration"]
        assert any(one["restricted"] for one in described["terms"])
    assert schemas.fault(manifest, "manifest") is None
    assert schemas.fault(detector, "detector") is None
    assert manifest["evaluation"]["converted"] == figures
    assert "./inv model.calibrate --images" in after["README.md"].decode()
    changed = {name for name in after if before.get(name) != after[name]}
    assert changed <= {
        *("web_model/manifest.json", "checkpoint/detector.json", "README.md"),
        *("evaluation.json", "evaluation.md", "release.json"),
    }
    assert [path.name for path in released.parent.iterdir()] == ["digits"]


def test_scores_are_not_measured_where_the_model_reads_other_numbers_than_it_was_released_with(
    released: Path, run: Run
) -> None:
    figures = json.loads((released / "evaluation.json").read_text("utf-8"))
    figures["full_number_accuracy"] = 0.5
    (released / "evaluation.json").write_text(json.dumps(figures), "utf-8")
    before = contents(released)
    with pytest.raises(RefusedError, match=r"was released with 0\.5000"):
        calibrate(Photos(run.folder.parent / "images", run.validation), Canned("1", "1", released), released)
    assert contents(released) == before


@pytest.mark.parametrize(
    "text", ["- {name: x}", "a: b", "- [", "- {name: x, licence: y, notice: z, restricted: maybe}"]
)
def test_terms_that_say_too_little_are_refused_with_their_place(text: str, tmp_path: Path) -> None:
    (tmp_path / "terms.yaml").write_text(text, "utf-8")
    with pytest.raises(UsageError, match=r"terms\.yaml"):
        terms.read(tmp_path)
    (tmp_path / "terms.yaml").unlink()
    assert terms.read(tmp_path) == []
