"""What was compared, as a table in Markdown, as JSON and as a picture."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import jsonschema

from infra import results
from infra.errors import UsageError
from infra.settings import ROOT

SCHEMA = ROOT / "schemas" / "readers.schema.json"
HEADS = (
    *("reader", "full numbers right", "digits", "first answer, cold", "warm, median / p95", "× the page, cold / warm"),
    *("down first, a photo more", "up a photo", "per 1,000 photos", "leaves the device"),
)
WIDTH, LABEL, LINE = 960, 330, 58
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1d2733 } .small { font-size: 11px; fill: #5b6673 }
.right { fill: #2f855a } .cold { fill: #3b6ea5 } .warm { fill: #b7791f }
"""


def require_room(folder: Path) -> None:
    """Raise UsageError where ``folder`` holds something else than what `write` would replace."""
    if folder.exists() and not (folder / "readers.json").exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"--out: {folder} exists and wasn't made by this task; choose another folder")


def write(result: dict[str, Any], folder: Path) -> None:
    """Put ``readers.json``, ``readers.md`` and ``readers.svg`` into ``folder``, in place of what is there."""
    jsonschema.validate(result, json.loads(SCHEMA.read_text("utf-8")))
    new = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    (new / "readers.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    (new / "readers.md").write_text(table(result), "utf-8")
    (new / "readers.svg").write_text(chart(result), "utf-8")
    results.replace(new, folder)


def table(result: dict[str, Any]) -> str:
    """The readers in Markdown, the conditions above and what went wrong below."""
    machine, line, photos, prices = (result[key] for key in ("device", "line", "photos", "prices"))
    rows = [HEADS, ("---",) * len(HEADS), *(_cells(row) for row in result["readers"])]
    speed = (
        f"{line['down_bits_per_second'] / 1e6:g} Mbit/s down, {line['up_bits_per_second'] / 1e6:g} up, "
        f"{1000 * line['round_trip_seconds']:g} ms"
        if line["down_bits_per_second"]
        else "nothing slowed down"
    )
    about = [
        f"{photos['count']} photos with {photos['digits']} digits ({photos['source']}); {line['name']}: {speed}.",
        f"{machine['processor']}, {machine['cores']} cores, load {machine['load_at_start']};",
        f"{result['versions']['browser']}, one thread; model {result['site']['model']},",
        f"commit {result['versions']['commit']}. Prices of {prices['of']}.",
    ]
    faults = [
        f"- {row['title']}: {fault['photos']} of {row['photos']} photos: {fault['what']}"
        for row in result["readers"]
        for fault in row.get("faults", ())
    ]
    body = "\n".join(f"| {' | '.join(cells)} |" for cells in rows)
    failed = f"\nWhat failed, and isn't counted above:\n\n{chr(10).join(faults)}\n" if faults else ""
    return f"{chr(10).join(about)}\n\n{body}\n{failed}"


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    if why := row.get("skipped"):
        return (row["title"], why, *("-",) * (len(HEADS) - 2))
    numbers, digits, cold, warm = (row[key] for key in ("full_numbers", "digits", "cold", "warm"))
    if not warm:
        return (row["title"], "no photo was answered", *("-",) * (len(HEADS) - 2))
    low, high = (100 * end for end in numbers["interval"])
    ratios = [f"{row[key]:g}" if key in row else "-" for key in ("cold_by_pages", "warm_by_pages")]
    visits = row["usd_per_1000_first_visits"]
    hosting = f" (${visits:.2f} hosting of 1,000 first visits)" if visits is not None else ""
    return (
        row["title"],
        f"{numbers['right']} of {row['answered']}: {100 * numbers['share']:.1f} % ({low:.1f} to {high:.1f})",
        f"{100 * digits['share']:.1f} %" if digits else "-",
        _time(cold["milliseconds"]) if cold else "-",
        f"{_time(warm['median'])} / {_time(warm['p95'])}",
        " / ".join(ratios),
        f"{_size(cold['down']) if cold else '-'}, {_size(row['down_per_photo'])}",
        _size(row["up_per_photo"]),
        f"${row['usd_per_1000_photos']:.2f}{hosting}",
        row["leaves_the_device"],
    )


def _time(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.1f} s" if milliseconds >= 1000 else f"{milliseconds:.0f} ms"


def _size(count: float) -> str:
    for unit, size in (("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count:.0f} B"


def chart(result: dict[str, Any]) -> str:
    """An SVG: of each reader a bar for full numbers, and on one scale the first answer and a warm photo's."""
    measured = [row for row in result["readers"] if row.get("warm")]
    longest = max((_longest(row) for row in measured), default=1.0)
    kinds = {"right": "full numbers right", "cold": "first answer, cold", "warm": "a photo, warm (median)"}
    legend = " · ".join(f'<tspan class="{kind}">{words}</tspan>' for kind, words in kinds.items())
    parts = [f'<text x="{LABEL}" y="24">{legend}</text>']
    for place, row in enumerate(result["readers"]):
        y = 40 + place * LINE
        parts.append(f'<text x="12" y="{y + 12}">{escape(row["title"])}</text>')
        if row not in measured:
            why = row.get("skipped", "no photo was answered")
            parts.append(f'<text class="small" x="{LABEL}" y="{y + 12}">{escape(why)}</text>')
            continue
        cold = row["cold"]["milliseconds"] if row["cold"] else None
        bars: Sequence[tuple[str, float, str] | None] = (
            ("right", row["full_numbers"]["share"], f"{100 * row['full_numbers']['share']:.1f} %"),
            ("cold", cold / longest, _time(cold)) if cold is not None else None,
            ("warm", row["warm"]["median"] / longest, _time(row["warm"]["median"])),
        )
        for line, bar in enumerate(bars):
            if bar:
                parts += _bar(*bar, y + 16 * line)
    height = 50 + len(result["readers"]) * LINE
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">\n'
        f'<style>{STYLE}</style>\n<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'
    )


def _longest(row: dict[str, Any]) -> float:
    return max(row["warm"]["median"], row["cold"]["milliseconds"] if row["cold"] else 0.0)


def _bar(kind: str, share: float, words: str, y: int) -> list[str]:
    length = max(2.0, share * (WIDTH - LABEL - 90))
    return [
        f'<rect class="{kind}" x="{LABEL}" y="{y}" width="{length:.1f}" height="13" rx="2" fill-opacity="0.6"/>',
        f'<text class="small" x="{LABEL + length + 6:.1f}" y="{y + 11}">{escape(words)}</text>',
    ]
