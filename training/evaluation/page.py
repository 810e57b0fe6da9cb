"""evaluation.md: the figures of an evaluation with its charts, for people, by ``page.md.j2``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2

from training.detector.scores import thresholds
from training.evaluation import charts
from training.evaluation.analysis import Outcome, by_height, confusion, confusions, sweep
from training.evaluation.average_precision import Precision
from training.evaluation.by_kind import Fate, Kinds
from training.evaluation.reliability import reliability

TEMPLATE = Path(__file__).with_name("page.md.j2")
CHARTS = "charts"
CONFUSIONS = 8


def write(
    folder: Path, figures: Any, description: Any, outcomes: Sequence[Outcome], precision: Precision, kinds: Kinds
) -> None:
    """Write evaluation.md and its charts into ``folder``.

    ``figures`` is the content of evaluation.json, ``description`` the model's detector.json or manifest.json.
    """
    classes, threshold = description["classes"], thresholds(description)
    (folder / CHARTS).mkdir()

    def chart(name: str) -> Path:
        return folder / CHARTS / f"{name}.png"

    table = confusion(outcomes, len(classes), threshold)
    size = description["input"]
    bins, error = reliability(outcomes)
    calibration = description.get("score_calibration")
    as_shown, shown_error = reliability(outcomes, calibration) if calibration else ([], error)
    title = f"Scores and truth, expected error {error:.3f}{f', {shown_error:.3f} as shown' if calibration else ''}"
    charts.precision_recall(precision, chart("precision_recall"))
    charts.confusion(table, classes, chart("confusion"))
    charts.heights(by_height(outcomes, (size["height"], size["width"]), threshold), chart("heights"))
    charts.calibration(bins, as_shown, title, chart("calibration"))
    charts.thresholds(sweep(outcomes, classes, description["reading"]), figures["score_threshold"], chart("thresholds"))
    found = confusions(table)
    page = _ENVIRONMENT.from_string(TEMPLATE.read_text("utf-8")).render(
        name=description["name"],
        figures=figures,
        input=size,
        with_interval=lambda name: _with_interval(figures, name),
        missed=int(table[:-1, -1].sum()),
        extra=int(table[-1, :-1].sum()),
        confused=sum(count for _, _, count in found),
        confusions=[(classes[label], classes[other], count) for label, other, count in found[:CONFUSIONS]],
        own=description.get("class_thresholds", {}),
        kinds=kinds,
        share=_share,
    )
    (folder / "evaluation.md").write_text(page, "utf-8")


def _share(fate: Fate, total: int) -> str:
    """Two cells: the part that objects of a kind are of ``total``, and how many of them are wrong."""
    if not fate.objects:
        return "0 % | -"
    part = 100 * fate.objects / total
    wrong = f"{100 * (1 - fate.right / fate.objects):.1f} % of {fate.objects:,}"
    return f"{f'{part:.0f}' if part >= 1 else 'below 1'} % | {wrong}"


def _with_interval(figures: Any, name: str) -> str:
    interval = figures[f"{name}_interval"]
    return f"{figures[name]:.3f}" + (f" (95 % interval {interval[0]:.3f} to {interval[1]:.3f})" if interval else "")


def _plain(name: str) -> str:
    """A class's name, which may end no table and begin no markup."""
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", name).replace("\n", " ")


_ENVIRONMENT = jinja2.Environment(
    # Markdown, not HTML: names are escaped by `plain`.
    autoescape=False,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    undefined=jinja2.StrictUndefined,
)
_ENVIRONMENT.filters |= {
    "plain": _plain,
    "form": lambda value, form: f"{value:{form}}",
    "number": lambda value: "-" if value is None else f"{value:.3f}",
}
