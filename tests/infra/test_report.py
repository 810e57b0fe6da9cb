from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from infra.runs import advice, report
from infra.runs.run import Request, Run

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
        "0": {"precision": 0.9, "recall": 0.8, "average_precision_50": 0.95, "average_precision": 0.85, "objects": 41},
        "1": {"precision": None, "recall": None, "average_precision_50": None, "average_precision": None, "objects": 0},
    },
    "calibration_error": 0.21,
    "milliseconds_per_photo": 12.3,
    "milliseconds_per_photo_at_least": 9.8,
}
WEAKNESSES: dict[str, Any] = {
    "worst": [{"filename": "odd [name].jpg", "picture": "worst/01-odd [name].jpg", "fault": "missed: 2 × a|b"}],
    "missed": {"0": 9, "1": 0},
    "nothing_there": {"0": 1, "1": 0},
    "confusions": [{"label": "0", "detected": "1", "count": 4}],
    "heights": [
        {"from": 8.0, "to": 12.0, "objects": 10, "right": 2},
        {"from": 12.0, "to": None, "objects": 31, "right": 28},
    ],
    "kinds": [
        {"measure": "neighbours", "name": "touching another", "objects": 3, "right": 0},
        {"measure": "neighbours", "name": "alone", "objects": 38, "right": 30},
    ],
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
            "input": {"width": 320, "height": 256},
            "terms": [{"name": "photos", "licence": "research", "notice": "Not for sale.", "restricted": True}],
        },
        run.evaluation_web / "weaknesses.json": WEAKNESSES,
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
    pictures = re.findall(r"!\[(?:\\.|[^]])*\]\(([^)]+)\)", text)
    worst = "evaluation/web/worst/01-odd%20%5Bname%5D.jpg"
    assert pictures == [worst, "evaluation/web/pictures/a.jpg", "checkpoints/loss.png"]
    assert all((run.folder / picture).exists() for picture in pictures[1:])
    assert "| train | 60.5 |" in text
    assert "75.0% (53.0% to 89.0%)" in text
    assert "| 1 | 0 | - | - | - | - |" in text
    assert "**restricted** photos: research. Not for sale." in text
    assert "odd \\[name\\].jpg: missed: 2 × a\\|b" in text
    assert "| bytes of the web model | 1," in text
    assert "12.3 (median), 9.8 (least)" in text
    assert "about 5.5 milliseconds" in text, "12.3 ms × 192² / (320 × 256)"


def test_objects_that_are_not_read_are_reported_without_a_word_of_reading(run: Run) -> None:
    for folder in (run.evaluation_web, run.evaluation_trained):
        figures = {key: value for key, value in EVALUATION.items() if not key.startswith("full_number")}
        (folder / "evaluation.json").write_text(json.dumps({**figures, "noun": "raccoons"}), "utf-8")
    text = report.write(run, {"train": 60.5}, 3.21).read_text("utf-8")
    assert "full number" not in text
    assert "20 validation photos with 41 raccoons" in text
    assert "0.820 (0.790 to 0.850)" in text


def test_a_report_says_what_the_plan_and_the_race_said_and_how_to_go_on(run: Run, tmp_path: Path) -> None:
    for file, content in (
        ("plan/plan.txt", "plan for raccoons\n  photos 200\n"),
        ("race/race.json", '{"why": "it is better"}'),
    ):
        (run.folder / file).parent.mkdir()
        (run.folder / file).write_text(content, "utf-8")
    images, annotations = tmp_path / "my photos", tmp_path / "labels.csv"
    run.save(Request(config=tmp_path / "c.yaml", images=images, annotations=annotations, quantize="uint8"))
    text = report.write(run, {"train": 60.5}, 3.21).read_text("utf-8")
    assert "```\nplan for raccoons\n  photos 200\n```" in text
    assert "Begun with: it is better" in text
    (line,) = [line for line in text.splitlines() if line.startswith("./inv pipeline")]
    words = shlex.split(line)
    assert words[words.index("--images") + 1] == str(images)
    assert words[words.index("--from") + 1] == str(run.folder)


def test_advice_names_what_fails_and_what_helps(run: Run) -> None:
    records = {"splits": {"train": {"per_class": {"0": 400, "1": 7}}}}
    found = advice.advice(WEAKNESSES, EVALUATION, records)
    assert found == [
        ("“1” has 7 objects to learn from", "photos with more of “1”"),
        (
            "of 10 objects between 8 and 12 pixels high in the input, 20% are found (of all: 73%)",
            "photos where they are as small as that, or from closer",
        ),
        ("4 of 41 “0” are taken for “1”", "photos that show both, and a look at whether their labels are right"),
    ]


def test_nothing_is_advised_where_nothing_stands_out() -> None:
    fine = {
        **WEAKNESSES,
        "confusions": [],
        "heights": [{"from": 8.0, "to": None, "objects": 41, "right": 40}],
        "kinds": [{"measure": "neighbours", "name": "alone", "objects": 41, "right": 40}],
    }
    assert advice.advice(fine, EVALUATION, {"splits": {"train": {"per_class": {"0": 400, "1": 90}}}}) == []


@pytest.mark.parametrize(
    "name", ["$a$", "a|b", "[x](y)", "@everyone", "<script>", "two\nlines", "back\\slash", "*bold*", "`code`"]
)
def test_names_are_themselves_in_a_page(name: str, run: Run) -> None:
    figures = {**EVALUATION, "per_class": {name: EVALUATION["per_class"]["0"]}}
    weaknesses = {**WEAKNESSES, "confusions": [{"label": name, "detected": name, "count": 1}]}
    (run.evaluation_web / "evaluation.json").write_text(json.dumps(figures), "utf-8")
    (run.evaluation_web / "weaknesses.json").write_text(json.dumps(weaknesses), "utf-8")
    text = report.write(run, {"train": 60.5}, 3.21).read_text("utf-8")
    (row,) = [line for line in text.splitlines() if line.endswith("| 41 | 0.900 | 0.800 | 0.950 | 0.850 |")]
    assert len(re.findall(r"(?<!\\)\|", row)) == 7
    assert not re.search(r"(?<!\\)[<\[`*]", row)
    assert not re.search(r"@\w", row)
