"""Charts of an evaluation. They show figures only, never photos: they may be published with a model."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np

from training.evaluation.analysis import HeightClass, Sweep
from training.evaluation.average_precision import RECALLS, Precision
from training.evaluation.metrics import THRESHOLDS, wilson
from training.evaluation.reliability import SCORE_BINS, ScoreBin

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.colors import PowerNorm
from matplotlib.ticker import PercentFormatter

BLUE, AMBER, RED, GREY = "#1f6feb", "#e69f00", "#d1242f", "#8c959f"
MAX_LABELLED = 20
"""More classes than these are drawn, but not named or numbered."""


def precision_recall(precision: Precision, path: Path) -> None:
    """A thin curve for each class at an IoU of 0.5, and their mean."""
    figure, axes = plt.subplots(figsize=(7.2, 4.6), layout="constrained")
    curves = precision.curves
    # Best first, so that the legend reads from top to bottom as the curves do.
    for place, name in enumerate(sorted(curves, key=lambda name: -curves[name].mean())):
        colour = mpl.colormaps["viridis"](place / max(1, len(curves) - 1) * 0.9)
        label = f"{_plain(name)}   {curves[name].mean():.3f}" if len(curves) <= MAX_LABELLED else None
        axes.plot(RECALLS, curves[name], color=colour, linewidth=1, label=label)
    if curves:
        mean = np.mean(list(curves.values()), axis=0)
        axes.plot(RECALLS, mean, color="black", linewidth=2.4, label=f"mean   {precision.map50:.3f}")
        axes.legend(title="average precision", loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    axes.set(
        xlabel="recall", ylabel="precision", xlim=(0, 1.005), ylim=(0, 1.02), title="Precision and recall, IoU 0.5"
    )
    axes.grid(alpha=0.3)
    _save(figure, path)


def confusion(table: np.ndarray, classes: Sequence[str], path: Path) -> None:
    """What labels became: shares of each row as colour, counts as numbers."""
    count = len(classes)
    # What was right would drown what was not: colours show the errors, the diagonal is grey.
    errors = np.ma.masked_array(table.astype(float), np.eye(count + 1, dtype=bool))
    side = min(9.0, 2.4 + 0.42 * (count + 1))
    figure, axes = plt.subplots(figsize=(side + 0.8, side), layout="constrained")
    shades = mpl.colormaps["YlOrRd"].with_extremes(bad="#eef1f4")
    image = axes.imshow(errors, cmap=shades, norm=PowerNorm(0.6, vmin=0, vmax=max(1.0, float(errors.max()))))
    figure.colorbar(image, shrink=0.8, label="errors")
    axes.axhline(count - 0.5, color="black", linewidth=1)
    axes.axvline(count - 0.5, color="black", linewidth=1)
    if count <= MAX_LABELLED:
        dark = 0.6 * max(1.0, float(errors.max()))
        for (row, column), value in np.ndenumerate(table):
            if value:
                colour = "white" if row != column and value > dark else "black"
                weight = "bold" if row == column else "normal"
                axes.text(column, row, str(value), ha="center", va="center", fontsize=8, color=colour, weight=weight)
        axes.set_xticks(
            range(count + 1), [*map(_plain, classes), "missed"], rotation=90 if max(map(len, classes)) > 2 else 0
        )
        axes.set_yticks(range(count + 1), [*map(_plain, classes), "nothing"])
    axes.set(xlabel="the model says", ylabel="the label says", title="Confusions")
    _save(figure, path)


def heights(counts: Sequence[HeightClass], path: Path) -> None:
    """Shares of right, confused and missed labels by their height in the input."""
    figure, axes = plt.subplots(figsize=(7.2, 4.2), layout="constrained")
    places = np.arange(len(counts))
    totals = np.array([one.right + one.confused + one.missed for one in counts], float)
    below = np.zeros(len(counts))
    for name, colour in (("right", BLUE), ("confused", AMBER), ("missed", RED)):
        share = np.array([getattr(one, name) for one in counts], float) / np.maximum(totals, 1)
        axes.bar(places, share, 0.82, below, color=colour, label=name)
        below += share
    for place, (one, total) in enumerate(zip(counts, totals, strict=True)):
        axes.text(place, 1.012, f"{total:.0f}", ha="center", va="bottom", fontsize=8, color="#57606a")
        if one.right:
            axes.text(place, 0.03, f"{one.right / total:.0%}", ha="center", va="bottom", fontsize=8, color="white")
    axes.set_xticks(places, [span(one) for one in counts])
    axes.set(ylim=(0, 1.09), xlabel="height in the network's input, pixels", title="What became of labels, by height")
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_yticks(np.arange(0, 1.01, 0.2))
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    _save(figure, path)


def span(one: HeightClass) -> str:
    """The limits of a class of height."""
    if one.low == 0:
        return f"below {one.high:g}"
    return f"from {one.low:g}" if math.isinf(one.high) else f"{one.low:g}–{one.high:g}"


def calibration(bins: Sequence[ScoreBin], shown: Sequence[ScoreBin], title: str, path: Path) -> None:
    """What share of detections is right, by their score, with 95 % intervals; how many there are, beneath.

    ``shown`` is the same by the probability that people are shown, empty for a model that wasn't calibrated.
    """
    figure, (axes, beneath) = plt.subplots(
        2, 1, figsize=(6, 5.4), height_ratios=(3.4, 1), sharex=True, layout="constrained"
    )
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="as promised")
    sides = [("raw score", bins, GREY), ("as shown", shown, BLUE)] if shown else [("measured", bins, BLUE)]
    for place, (name, side, colour) in enumerate(sides):
        scores = [one.score for one in side]
        shares = np.array([one.right / one.detections for one in side])
        reach = np.array([wilson(one.right, one.detections) for one in side]).reshape(-1, 2)
        axes.errorbar(
            scores, shares, np.abs(reach.T - shares), color=colour, marker="o", markersize=5, capsize=3, label=name
        )
        width = 0.92 / SCORE_BINS / len(sides)
        left = [math.floor(score * SCORE_BINS) / SCORE_BINS + 0.04 / SCORE_BINS + place * width for score in scores]
        beneath.bar(left, [one.detections for one in side], width, align="edge", color=colour)
    axes.set(ylim=(0, 1.02), ylabel="share that is right", title=title)
    axes.legend(loc="upper left", frameon=False)
    beneath.set(xlim=(0, 1), xlabel="score of the detection", ylabel="detections")
    for one in (axes, beneath):
        one.grid(alpha=0.3)
    _save(figure, path)


def thresholds(found: Sweep, threshold: float, path: Path) -> None:
    """What other thresholds would have given."""
    figure, axes = plt.subplots(figsize=(7.2, 4.2), layout="constrained")
    lines: list[tuple[str, Any, str, float]] = [
        ("precision", found.precision, AMBER, 1.4),
        ("recall", found.recall, GREY, 1.4),
    ]
    if found.full_numbers is not None:
        lines.append(("full numbers right", found.full_numbers, BLUE, 2.4))
    for name, values, colour, width in lines:
        axes.plot(THRESHOLDS, values, color=colour, linewidth=width, label=name)
    axes.axvline(threshold, color="black", linewidth=1, linestyle="--", label=f"in use: {threshold:g}")
    axes.set(xlabel="score threshold", xlim=(0, 1), ylim=(0, 1.02), title="What each threshold gives")
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    axes.grid(alpha=0.3)
    _save(figure, path)


class Bar(NamedTuple):
    """A training of a sweep: its figure and the ends of its interval."""

    name: str
    figure: float
    low: float
    high: float


def sweep(bars: Sequence[Bar], path: Path) -> None:
    """The calibration figures of several trainings with their 95 % intervals; the first, the best, in blue."""
    figure, axes = plt.subplots(figsize=(7.2, 1.2 + 0.3 * len(bars)), layout="constrained")
    for place, bar in enumerate(bars):
        reach = [[max(0.0, bar.figure - bar.low)], [max(0.0, bar.high - bar.figure)]]
        colour = BLUE if place == 0 else GREY
        axes.errorbar(bar.figure, place, xerr=reach, color=colour, marker="o", markersize=5, capsize=3)
    axes.set_yticks(range(len(bars)), [_plain(bar.name) for bar in bars])
    axes.set(ylim=(len(bars) - 0.4, -0.6), xlabel="calibration figure", title="Trainings, best first")
    axes.grid(alpha=0.3, axis="x")
    axes.spines[["top", "right"]].set_visible(False)
    _save(figure, path)


def _plain(name: str) -> str:
    """A class's name, in which Matplotlib would take dollars for formulae."""
    return name.replace("$", r"\$")


def _save(figure: Any, path: Path) -> None:
    with warnings.catch_warnings():
        # Names of classes may be written in signs that its font lacks: boxes are drawn for them.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure.savefig(path, dpi=110, format="png", metadata={"Software": None})
    plt.close(figure)
