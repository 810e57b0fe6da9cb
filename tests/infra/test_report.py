from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.runs import report
from infra.runs.run import Run

EVALUATION: dict[str, Any] = {
    "model": "/somewhere",
    "photos": 20,
    "objects": 41,
    "noun": "digits",
    "map": 0.41,
    "map_interval": [0.38, 0.45],
    "map50": 0.82,
    "map50_interval": [0.79, 0.85],
    "full_number_accuracy": 0.75,
    "full_number_accuracy_interval": [0.53, 0.89],
    "score_threshold": 0.3,
    "per_class": {
        "0": {"precision": 0.9, "recall": 0.8, "average_precision": 0.85, "objects": 41},
        "1": {"precision": None, "recall": None, "average_precision": None, "objects": 0},
    },
    "milliseconds_per_photo": 12.3,
}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """What a finished run leaves, as small as it can be."""
    run = Run(tmp_path / "tiny")
    gate = {
        "passed": True,
        "photos": 20,
        "max_abs_difference": {"detection_boxes": 1e-4, "detection_multiclass_scores": 2e-5},
        "accuracy_drop": 0.0,
    }
    splits = {"train": {"photos": 70, "objects": 140}, "validation": {"photos": 20, "objects": 41}}
    contents: dict[Path, Any] = {
        run.evaluation_web / "evaluation.json": EVALUATION,
        run.evaluation_trained / "evaluation.json": {**EVALUATION, "map": 0.42},
        run.web_model / "manifest.json": {
            "files": [{"path": "model.json", "bytes": 1000, "sha256": "0" * 64}],
            "gate": gate,
            "quantization": "float16",
        },
        run.records / "manifest.json": {"photos": 90, "objects": 181, "splits": splits},
        run.checkpoints / "training.json": {"steps": 10},
        run.smoke / "smoke.json": {"passed": True, "tests": 3, "failed": []},
    }
    for file, content in contents.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content), "utf-8")
    (run.evaluation_web / "pictures").mkdir()
    for picture in (run.evaluation_web / "pictures" / "a.jpg", run.checkpoints / "loss.png"):
        picture.touch()
    return run


def test_the_report_has_every_figure(run: Run) -> None:
    report.write(run, {"records": 2.0, "train": 60.5}, 3.21)
    written = json.loads((run.folder / "report.json").read_text("utf-8"))
    assert written["photos"] == 20
    assert written["objects"] == 41
    assert (written["map"], written["map50"], written["full_number_accuracy"]) == (0.41, 0.82, 0.75)
    assert written["trained"]["map"] == 0.42
    assert written["gate"]["passed"] is True
    assert set(written["gate"]["max_abs_difference"]) == {
        "detection_boxes",
        "detection_multiclass_scores",
    }
    assert written["smoke"]["passed"] is True
    manifest_bytes = (run.web_model / "manifest.json").stat().st_size
    assert written["web_model_bytes"] == 1000 + manifest_bytes
    assert written["seconds"] == {"records": 2.0, "train": 60.5, "total": 62.5, "this_time": 3.2}


def test_the_page_shows_pictures_that_exist_and_a_table_of_seconds(run: Run) -> None:
    page = report.write(run, {"records": 2.0, "train": 60.5}, 3.21)
    text = page.read_text("utf-8")
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", text)
    assert pictures == ["evaluation/web/pictures/a.jpg", "checkpoints/loss.png"]
    assert all((run.folder / picture).exists() for picture in pictures)
    assert "| train | 60.5 |" in text
    assert "75.0% (53.0% to 89.0%)" in text
    assert "| 1 | 0 | - | - | - |" in text


def test_objects_that_are_not_read_are_reported_without_a_word_of_reading(run: Run) -> None:
    for folder in (run.evaluation_web, run.evaluation_trained):
        figures = {key: value for key, value in EVALUATION.items() if not key.startswith("full_number")}
        (folder / "evaluation.json").write_text(json.dumps({**figures, "noun": "raccoons"}), "utf-8")
    text = report.write(run, {"train": 60.5}, 3.21).read_text("utf-8")
    assert "full number" not in text
    assert "20 validation photos with 41 raccoons" in text
    assert "0.820 (0.790 to 0.850)" in text
