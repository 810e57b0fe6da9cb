"""evaluation.md: the figures of an evaluation with its charts, for people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training.detector.scores import thresholds
from training.evaluation import charts
from training.evaluation.analysis import Outcome, by_height, confusion, confusions, sweep
from training.evaluation.average_precision import Precision
from training.evaluation.reliability import reliability

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
    "distance from the diagonal, weighted by detections: {error:.3f}{shown}."
)
SHOWN = " of raw scores, {error:.3f} of what people are shown, by a line that was fitted on calibration photos"
THRESHOLD = (
    "The threshold in use, {threshold:g}{own}, was chosen on the calibration split. This sweep only "
    "shows what others would have given on these photos; nothing is chosen by it."
)
WORST = (
    "`worst.jpg` beside this page shows the photos that are most wrong, `worst/` has each at its size, with what is "
    "missed in white. A page that was published with a model goes without them; `./inv evaluate` makes them again."
)


def write(folder: Path, figures: Any, description: Any, outcomes: Sequence[Outcome], precision: Precision) -> None:
    """Write evaluation.md and its charts into ``folder``.

    ``figures`` is the content of evaluation.json, ``description`` the model's detector.json or manifest.json.
    """
    classes, common, threshold = description["classes"], figures["score_threshold"], thresholds(description)
    (folder / CHARTS).mkdir()

    def chart(name: str) -> Path:
        return folder / CHARTS / f"{name}.png"

    table = confusion(outcomes, len(classes), threshold)
    size = description["input"]["height"], description["input"]["width"]
    heights = by_height(outcomes, size, threshold)
    bins, error = reliability(outcomes)
    calibration = description.get("score_calibration")
    as_shown, shown_error = reliability(outcomes, calibration) if calibration else ([], error)
    title = f"Scores and truth, expected error {error:.3f}{f', {shown_error:.3f} as shown' if calibration else ''}"
    charts.precision_recall(precision, chart("precision_recall"))
    charts.confusion(table, classes, chart("confusion"))
    charts.heights(heights, chart("heights"))
    charts.calibration(bins, as_shown, title, chart("calibration"))
    charts.thresholds(sweep(outcomes, classes, description["reading"]), common, chart("thresholds"))
    own = ", ".join(f"{value:g} for {name}" for name, value in description.get("class_thresholds", {}).items())
    sections = {
        "Precision and recall": ("precision_recall", CURVES),
        "Confusions": ("confusion", _confusions(table, classes)),
        "Small and large objects": ("heights", LARGE.format(width=size[1], height=size[0])),
        "Scores": (
            "calibration",
            SCORES.format(error=error, shown=SHOWN.format(error=shown_error) if calibration else ""),
        ),
        "Threshold": ("thresholds", THRESHOLD.format(threshold=common, own=f" ({own})" if own else "")),
    }
    lines = [f"# Evaluation of {_plain(description['name'])}", "", *_summary(figures), ""]
    for title, (name, words) in sections.items():
        lines += [f"## {title}", "", f"![{title}]({CHARTS}/{name}.png)", "", words, ""]
    lines += ["## The worst photos", "", WORST, "", "## Per class", "", *_per_class(figures["per_class"]), ""]
    (folder / "evaluation.md").write_text("\n".join(lines))


def _summary(figures: Any) -> list[str]:
    rows = []
    if "full_number_accuracy" in figures:
        low, high = figures["full_number_accuracy_interval"]
        accuracy = f"{100 * figures['full_number_accuracy']:.1f} % (95 % interval {100 * low:.1f} to {100 * high:.1f})"
        rows.append(("full numbers right", accuracy))
    rows += [
        ("mAP at IoU 0.50", _with_interval(figures, "map50")),
        ("mAP, IoU 0.50 to 0.95", _with_interval(figures, "map")),
    ]
    if "empty_photos" in figures:
        alarms = figures["false_alarms_per_100_empty_photos"]
        rows.append((f"false alarms per 100 empty photos (of {figures['empty_photos']})", f"{alarms:.2f}"))
    rows.append(("false alarms per 100 photos", f"{figures['false_alarms_per_100_photos']:.2f}"))
    rows.append(("expected calibration error of raw scores", f"{figures['calibration_error']:.3f}"))
    if "calibration_error_shown" in figures:
        rows.append(("… of scores as shown", f"{figures['calibration_error_shown']:.3f}"))
    rows.append(("score threshold", f"{figures['score_threshold']:g}"))
    return [
        f"{figures['photos']} photos with {figures['objects']} labelled {figures['noun']}.",
        "",
        "| figure | value |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in rows),
    ]


def _with_interval(figures: Any, name: str) -> str:
    interval = figures[f"{name}_interval"]
    return f"{figures[name]:.3f}" + (f" (95 % interval {interval[0]:.3f} to {interval[1]:.3f})" if interval else "")


def _confusions(table: np.ndarray, classes: Sequence[str]) -> str:
    """The most frequent ones in words."""
    found = confusions(table)
    said = [f"{_plain(classes[label])} as {_plain(classes[other])} ({count})" for label, other, count in found]
    return (
        f"Matched whatever their class at an IoU of 0.5. {table[:-1, -1].sum()} labels were missed, "
        f"{table[-1, :-1].sum()} detections stand for no label, {sum(count for _, _, count in found)} were taken for "
        f"another class{': most often ' + ', '.join(said[:CONFUSIONS]) if said else ''}."
    )


def _per_class(classes: Any) -> list[str]:
    def number(value: float | None) -> str:
        return "-" if value is None else f"{value:.3f}"

    measures = ("precision", "recall", "average_precision_50", "average_precision")
    return [
        "| class | objects | precision | recall | average precision, IoU 0.50 | IoU 0.50 to 0.95 |",
        "|---|---|---|---|---|---|",
        *(
            f"| {_plain(name)} | {found['objects']} | {' | '.join(number(found[measure]) for measure in measures)} |"
            for name, found in classes.items()
        ),
    ]


def _plain(name: str) -> str:
    """A class's name, which may end no table and begin no markup."""
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", name).replace("\n", " ")
