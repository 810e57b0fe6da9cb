"""The comment under a pull request: where its page is, and how model, bytes and benchmark compare with main's.

``comment.md.j2`` is what it looks like.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from infra import pages
from infra.hosting.releases import Channel
from infra.page import site
from infra.settings import RELEASED, ROOT, settings

TEMPLATE = Path(__file__).with_name("comment.md.j2")
Side = Mapping[str, Any]
"""What a checkout says of itself: its site's build and manifest, its model's evaluation, its benchmark by name."""

BENCHMARK = Path("bench", "bench.json")
"""Below the runs: what `./inv bench` leaves."""

READ = "full numbers right"
ROWS: tuple[tuple[str, Callable[[Side], str]], ...] = (
    ("model", lambda side: side["manifest"]["name"]),
    (READ, lambda side: _share_with_interval(side["evaluation"])),
    ("mAP at IoU 0.50", lambda side: f"{side['evaluation']['map50']:.3f}"),
    ("mAP, IoU 0.50 to 0.95", lambda side: f"{side['evaluation']['map']:.3f}"),
    ("photos evaluated", lambda side: f"{side['evaluation']['photos']:,}"),
    (
        "lost by conversion, photos of which all is right",
        lambda side: f"{side['manifest']['gate']['accuracy_drop']:.1%}",
    ),
    ("weights", lambda side: side["manifest"]["quantization"]),
    ("model, bytes", lambda side: _sum(side["manifest"]["files"])),
    ("whole site, bytes", lambda side: _sum(side["build"]["files"])),
)


def here() -> Side:
    """What this checkout says of itself."""
    return _read(settings().paths.site, RELEASED, settings().paths.runs)


def there(checkout: Path) -> Side:
    """The same of another one, or of an artefact with its files at their usual places."""
    return _read(checkout / "dist", checkout / RELEASED.relative_to(ROOT), checkout / "runs")


def render(channel: Channel | None, new: Side, main: Side) -> str:
    """The comment, in GitHub's Markdown; without a channel, as a fork's pull request has none, the figures only."""
    benchmark = {**main["bench"], **new["bench"]}
    measured = [(_title(row), _measured(name)) for name, row in benchmark.items()]
    # Numbers are read by some models only.
    is_read = any("full_number_accuracy" in (side["evaluation"] or {}) for side in (new, main))
    figures = [row for row in ROWS if is_read or row[0] != READ]
    release = channel.release if channel else None
    return pages.fill(
        TEMPLATE,
        url=channel.url if channel else "",
        version=release.version if release else "none",
        commit=release.commit if release else "none",
        ends=(channel.expires if channel else "") or "never",
        rows=[(name, _cell(cell, new), _cell(cell, main)) for name, cell in (*figures, *measured)],
    ).rstrip("\n")


def _read(folder: Path, model: Path, runs: Path) -> Side:
    manifest = _json(folder / site.MODEL / "manifest.json")
    # Figures of the released model say nothing of a site with another.
    is_released = bool(manifest) and manifest == _json(model / "web_model" / "manifest.json")
    benchmark = _json(runs / BENCHMARK) or {}
    return {
        "build": _json(folder / site.BUILD),
        "manifest": manifest,
        "evaluation": _json(model / "evaluation.json") if is_released else None,
        "bench": {row["name"]: row for row in benchmark.get("rows", ())},
    }


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _title(row: Mapping[str, Any]) -> str:
    return f"{row['name']}, {row['unit']} ({'≥' if row['more_is_better'] else '≤'} {_number(row['reach'])})"


def _measured(name: str) -> Callable[[Side], str]:
    return lambda side: _number(side["bench"][name]["value"])


def _cell(cell: Callable[[Side], str], side: Side) -> str:
    try:
        return cell(side)
    except (KeyError, TypeError, ValueError):
        return "-"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 or float(value).is_integer() else f"{value:.3g}"


def _share_with_interval(evaluation: Mapping[str, Any]) -> str:
    low, high = evaluation["full_number_accuracy_interval"]
    return f"{evaluation['full_number_accuracy']:.1%} ({low:.1%} to {high:.1%})"


def _sum(files: list[Mapping[str, Any]]) -> str:
    return f"{sum(entry['bytes'] for entry in files):,}"
