"""The comment under a pull request: where its page is, and how its model compares with the live one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import requests

from infra import site
from infra.hosting.releases import Channel
from infra.settings import settings

Side = Mapping[str, Any]
"""What a site says of itself: its build and its model's manifest; empty for none."""

ROWS: tuple[tuple[str, Callable[[Side], str]], ...] = (
    ("model", lambda side: side["manifest"]["name"]),
    ("full numbers right, trained", lambda side: f"{_gate(side)['full_number_accuracy']['trained']:.1%}"),
    ("full numbers right, in the browser", lambda side: f"{_gate(side)['full_number_accuracy']['converted']:.1%}"),
    ("photos compared", lambda side: str(_gate(side)["photos"])),
    ("weights", lambda side: side["manifest"]["quantization"]),
    ("model, bytes", lambda side: _sum(side["manifest"]["files"])),
    ("whole site, bytes", lambda side: _sum(side["build"]["files"])),
)


def built(folder: Path) -> Side:
    """What the site in ``folder`` says of itself."""
    return {
        "build": json.loads((folder / site.BUILD).read_text("utf-8")),
        "manifest": json.loads((folder / site.MODEL / "manifest.json").read_text("utf-8")),
    }


def served(url: str) -> Side:
    """What the site at ``url`` says of itself; empty if there is none of ours."""
    seconds = settings().hosting.patience
    try:
        with requests.Session() as session:
            build = session.get(f"{url}/{site.BUILD}", timeout=seconds)
            manifest = session.get(f"{url}/{site.MODEL}/manifest.json", timeout=seconds)
        return {"build": build.json(), "manifest": manifest.json()} if build.ok and manifest.ok else {}
    except (requests.RequestException, ValueError):
        return {}


def render(channel: Channel, new: Side, live: Side) -> str:
    """The comment, in GitHub's Markdown."""
    rows = [f"| {name} | {_cell(cell, new)} | {_cell(cell, live)} |" for name, cell in ROWS]
    release = channel.release
    version, commit = (release.version, release.commit) if release else ("none", "none")
    ends = channel.expires or "never"
    return "\n".join(
        [
            f"### Preview: {channel.url}",
            "",
            f"Version `{version}` of commit `{commit}`, smoke-tested at that address. It ends: {ends}.",
            "",
            "| | this pull request | live |",
            "|---|---|---|",
            *rows,
        ]
    )


def _cell(cell: Callable[[Side], str], side: Side) -> str:
    try:
        # Names come from somebody's configuration: none may end the table or begin a mention.
        return cell(side).replace("|", "\\|").replace("@", "@\u200b").replace("\n", " ")
    except (KeyError, TypeError):
        return "-"


def _gate(side: Side) -> Mapping[str, Any]:
    gate: Mapping[str, Any] = side["manifest"]["gate"]
    return gate


def _sum(files: list[Mapping[str, Any]]) -> str:
    return f"{sum(entry['bytes'] for entry in files):,}"
