"""The measured rows as a table for the terminal, as JSON and as a picture."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import jsonschema

from benchmarks.page.measure import Result
from benchmarks.page.rows import Row
from infra import results
from infra.settings import ROOT

SCHEMA = ROOT / "schemas" / "bench.schema.json"
MARKS = {True: "ok", False: "PAST REACH", None: "skipped"}
WIDTH, LABEL, LINE = 960, 430, 26
SCALE = 1.5
"""A bar of this many times the reach fills the picture; longer ones are cut off."""
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1d2733 } .small { font-size: 11px; fill: #5b6673 }
.good { fill: #2f855a } .fair { fill: #b7791f } .past { fill: #c53030 } .none { fill: #8a94a0 }
.rule { stroke: #1d2733; stroke-dasharray: 4 3 } .range { stroke: #1d2733 }
.request { fill: #3b6ea5 }
"""


def write(result: Result, folder: Path) -> None:
    """Put ``bench.json`` and ``bench.svg`` into ``folder``, in place of what is there."""
    words = result.words
    jsonschema.validate(words, json.loads(SCHEMA.read_text("utf-8")))
    new = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    (new / "bench.json").write_text(json.dumps(words, indent=1, ensure_ascii=False) + "\n", "utf-8")
    (new / "bench.svg").write_text(chart(result), "utf-8")
    results.replace(new, folder)


def table(result: Result) -> str:
    """The rows for people, the machine above them."""
    heads = ("", "value", "median", "min", "spread", "reach", "aim", "unit", "")
    lines = [heads, *(_cells(row) for row in result.rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    machine, versions = result.description["device"], result.description["versions"]
    about = [
        f"{machine['processor']}, {machine['cores']} cores, load {machine['load_at_start']}; {versions['browser']}",
        f"site {result.description['site']['build'][:12]} with the model {result.description['site']['model']}",
        "",
    ]
    return "\n".join(about + [_aligned(line, widths) for line in lines])


def _cells(row: Row) -> tuple[str, ...]:
    figure, words = row.figure, row.words
    measured = [_short(words[name]) for name in ("value", "median", "min", "spread")]
    mark = row.skipped or MARKS[row.is_within_reach] + (" (aim)" if row.is_at_aim else "")
    return (figure.name, *measured, _short(figure.reach), _short(figure.aim), figure.unit, mark)


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    name, *numbers, unit, mark = cells
    middle = [cell.rjust(width) for cell, width in zip(numbers, widths[1:-2], strict=True)]
    return "  ".join([name.ljust(widths[0]), *middle, unit.ljust(widths[-2]), mark]).rstrip()


def _short(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 or float(value).is_integer() else f"{value:.3g}"


def chart(result: Result) -> str:
    """An SVG: each row as a bar against its reach, least to most sample below it, and the first visit's requests."""
    bars = [part for place, row in enumerate(result.rows) for part in _bar(row, 46 + place * LINE)]
    top = 46 + len(result.rows) * LINE + 50
    reach = LABEL + (WIDTH - LABEL) / SCALE
    bars += [
        f'<line class="rule" x1="{reach:.0f}" x2="{reach:.0f}" y1="36" y2="{top - 50}"/>',
        f'<text x="{reach:.0f}" y="28" text-anchor="middle">reach</text>',
        f'<text x="12" y="{top - 10}">Requests of the first visit, seconds since the first</text>',
    ]
    bars += _requests(result.waterfall, top)
    height = top + len(result.waterfall) * LINE + 20
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    body = "\n".join(bars)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n<style>{STYLE}</style>\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'
    )


def _bar(row: Row, y: int) -> list[str]:
    figure, value = row.figure, row.value
    name = f'<text x="12" y="{y + 12}">{escape(figure.name)}</text>'
    if value is None:
        return [name, f'<text class="small" x="{LABEL}" y="{y + 12}">{escape(row.skipped)}</text>']
    kind = "good" if row.is_at_aim else "fair" if row.is_within_reach else "past"
    length, least, most = (
        max(2.0, min(one / figure.reach / SCALE, 1.0) * (WIDTH - LABEL))
        for one in (value, min(row.samples), max(row.samples))
    )
    words = f"{_short(value)} {figure.unit} ({figure.judged})"
    return [
        name,
        f'<rect class="{kind}" x="{LABEL}" y="{y}" width="{length:.1f}" height="16" rx="2" fill-opacity="0.45"/>',
        f'<line class="range" x1="{LABEL + least:.1f}" x2="{LABEL + most:.1f}" y1="{y + 17}" y2="{y + 17}"/>',
        f'<text class="small" x="{LABEL + 6}" y="{y + 12}">{escape(words)}</text>',
    ]


def _requests(waterfall: Sequence[dict[str, Any]], top: int) -> list[str]:
    latest = max((request["start"] for request in waterfall), default=0.0) or 1.0
    parts = []
    for place, request in enumerate(waterfall):
        x, y = LABEL + request["start"] / latest * (WIDTH - LABEL - 170), top + place * LINE
        words = f"{request['start']:.2f} s  {_short(request['bytes'])} B  {request['encoding']}"
        parts += [
            f'<text class="small" x="12" y="{y + 12}">{escape(request["path"])}</text>',
            f'<circle class="request" cx="{x:.1f}" cy="{y + 8}" r="5"/>',
            f'<text class="small" x="{x + 10:.1f}" y="{y + 12}">{escape(words)}</text>',
        ]
    return parts
