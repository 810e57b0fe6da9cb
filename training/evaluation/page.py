"""evaluation.md: the figures of an evaluation with its charts, for people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training.evaluation import charts
from training.evaluation.analysis import Outcome, by_height, confusion, reliability, sweep
from training.evaluation.average_precision import Precision

CHARTS = "charts"
CONFUSIONS = 8
CURVES = (
    "Thin: each class, with the area under its curve. A detection is right at an IoU of 0.5 with a label of its class. "
    "Here alone a place counts as a detection of every class that scores there, as in COCO's evaluation; elsewhere as "
    "one of its best class only."
)
LARGE = (
    "Heights after a photo is scaled into the input of {width} × {height} pixels; above the bars, how many labels "
    "there are."
)
SCORES = (
    "On the diagonal, of detections that score about 0.8, 80 % are right. What detectors trained here are sure of "
    "lies above it: its scores say how well the box fits, too. The bars show the 95 % interval (Wilson 1927). Mean "
    "distance from the diagonal, weighted by detections: {error:.3f}."
)
THRESHOLD = (
    "The released threshold, {threshold:g}, was chosen on the calibration split. This sweep only "
    "shows what others would have given on these photos; nothing is chosen by it."
)
WORST = (
    "`worst.jpg` beside this page shows the photos that are read most wrongly, `worst/` has each at its size. A page "
    "that was published with a model goes without them; `./inv evaluate` makes them again."
)


def write(folder: Path, figures: Any, description: Any, outcomes: Sequence[Outcome], precision: Precision) -> None:
    """Write evaluation.md and its charts into ``folder``.

    ``figures`` is the content of evaluation.json, ``description`` the model's detector.json or manifest.json.
    """
    classes, threshold = description["classes"], figures["score_threshold"]
    (folder / CHARTS).mkdir()

    def chart(name: str) -> Path:
        return folder / CHARTS / f"{name}.png"

    table = confusion(outcomes, len(classes), threshold)
    size = description["input"]["height"], description["input"]["width"]
    heights = by_height(outcomes, size, threshold)
    bins, error = reliability(outcomes)
    charts.precision_recall(precision, chart("precision_recall"))
    charts.confusion(table, classes, chart("confusion"))
    charts.heights(heights, chart("heights"))
    charts.calibration(bins, error, chart("calibration"))
    charts.thresholds(sweep(outcomes, classes, description["reading"]), threshold, chart("thresholds"))
    sections = {
        "Precision and recall": ("precision_recall", CURVES),
        "Confusions": ("confusion", _confusions(table, classes)),
        "Small and large objects": ("heights", LARGE.format(width=size[1], height=size[0])),
        "Scores": ("calibration", SCORES.format(error=error)),
        "Threshold": ("thresholds", THRESHOLD.format(threshold=threshold)),
    }
    lines = [f"# Evaluation of {description['name']}", "", *_summary(figures), ""]
    for title, (name, words) in sections.items():
        lines += [f"## {title}", "", f"![{title}]({CHARTS}/{name}.png)", "", words, ""]
    lines += ["## The worst photos", "", WORST, "", "## Per class", "", *_per_class(figures["per_class"]), ""]
    (folder / "evaluation.md").write_text("\n".join(lines))


def _summary(figures: Any) -> list[str]:
    low, high = figures["full_number_accuracy_interval"]
    rows = [
        (
            "full numbers right",
            f"{100 * figures['full_number_accuracy']:.1f} % (95 % interval {100 * low:.1f} to {100 * high:.1f})",
        ),
        ("mAP at IoU 0.50 / 0.50 to 0.95", f"{figures['map50']:.3f} / {figures['map']:.3f}"),
        ("false alarms per 100 photos", f"{figures['false_alarms_per_100_photos']:.2f}"),
        ("expected calibration error", f"{figures['calibration_error']:.3f}"),
        ("score threshold", f"{figures['score_threshold']:g}"),
    ]
    return [
        f"{figures['photos']} photos with {figures['digits']} labelled objects.",
        "",
        "| figure | value |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in rows),
    ]


def _confusions(table: np.ndarray, classes: Sequence[str]) -> str:
    """The most frequent ones in words."""
    among = table[:-1, :-1] * ~np.eye(len(classes), dtype=bool)
    order = np.argsort(-among, axis=None, kind="stable")[:CONFUSIONS]
    pairs = [np.unravel_index(index, among.shape) for index in order]
    said = [
        f"{classes[label]} as {classes[found]} ({among[label, found]})" for label, found in pairs if among[label, found]
    ]
    return (
        f"Matched whatever their class at an IoU of 0.5. {table[:-1, -1].sum()} labels were missed, "
        f"{table[-1, :-1].sum()} detections stand for no label, {among.sum()} were taken for another class"
        f"{': most often ' + ', '.join(said) if said else ''}."
    )


def _per_class(classes: Any) -> list[str]:
    def number(value: float | None) -> str:
        return "-" if value is None else f"{value:.3f}"

    measures = ("precision", "recall", "average_precision")
    return [
        "| class | objects | precision | recall | average precision (IoU 0.50 to 0.95) |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {found['objects']} | {' | '.join(number(found[measure]) for measure in measures)} |"
            for name, found in classes.items()
        ),
    ]
