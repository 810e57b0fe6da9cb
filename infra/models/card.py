"""The card of the released detector: its README, by ``card.md.j2`` from the files beside it and people's notes.md."""

from __future__ import annotations

import gzip
import json
import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from infra import pages
from infra.errors import UsageError

TEMPLATE = Path(__file__).with_name("card.md.j2")
NOTES = "notes.md"
HEADINGS = ("What it is for", "Data and terms", "Limits", "What was tried")
"""What only people can say, and no card may lack."""

READ = "full_number_accuracy"
Json = Mapping[str, Any]


def notes(folder: Path) -> str:
    """The hand-written part of the card of the model in ``folder``.

    Raises:
        UsageError: it is missing, or lacks one of `HEADINGS`.
    """
    path = folder / NOTES
    needed = ", ".join(f"“## {heading}”" for heading in HEADINGS)
    try:
        text = path.read_text("utf-8").strip()
    except OSError as error:
        raise UsageError(f"{path}: can't be read ({error.strerror}); write it, with {needed}") from error
    for heading in HEADINGS:
        if not re.search(rf"^## {heading}$", text, re.MULTILINE):
            raise UsageError(f"{path}: has no “## {heading}”; a model card needs {needed}")
    return text


def write(folder: Path) -> Path:
    """Write the card of the released model in ``folder``; raises like `render`, and then leaves the old one."""
    card, new = folder / "README.md", folder / ".README.md.new"
    new.write_text(render(folder), "utf-8")
    return new.replace(card)


def render(folder: Path) -> str:
    """README.md of the released model in ``folder``. Raises UsageError where a file of the release is missing."""
    try:
        manifest = _read(folder / "web_model" / "manifest.json")
        whole, number, made = (
            _read(folder / f"{name}.json") for name in ("evaluation", "evaluation_number", "release")
        )
        summary = _read(folder / "checkpoint" / "training.json")
        config = yaml.safe_load((folder / "checkpoint" / "config.yaml").read_text("utf-8"))
        history = [
            json.loads(line) for line in (folder / "checkpoint" / "history.jsonl").read_text("utf-8").splitlines()
        ]
        # As Hosting sends them; the manifest is a thousandth of it.
        paths = [folder / "web_model" / file["path"] for file in manifest["files"]]
        sent = sum(len(gzip.compress(path.read_bytes())) for path in paths)
    except FileNotFoundError as error:
        raise UsageError(f"{error.filename}: missing; ./inv model.release makes it") from error
    reads = manifest["reading"] == "lines"
    return pages.fill(
        TEMPLATE,
        manifest=manifest,
        whole=whole,
        number=number,
        made=made,
        summary=summary,
        config=config,
        reads=reads,
        size=sum(file["bytes"] for file in manifest["files"]),
        sent=sent,
        change=100 * (whole[READ] - made["trained"][READ]) if reads else None,
        accuracy=_accuracy,
        beside=_beside,
        notes=notes(folder),
        cost=_cost(history, config["training"]["batch"]),
        commands=_commands(made["command"], manifest["provenance"]),
    )


def _beside(sides: Sequence[Json], key: str, scale: float, form: str) -> str:
    """A figure of an evaluation, with that of the model before in brackets."""
    now, *before = (f"{scale * side[key]:{form}}" for side in sides)
    return f"{now} ({before[0]})" if before else now


def _accuracy(figures: Json) -> str:
    low, high = figures[f"{READ}_interval"]
    return (
        f"{100 * figures[READ]:.1f} % (95 % interval {100 * low:.1f} to {100 * high:.1f}, {figures['photos']:,} photos)"
    )


def _commands(command: str, provenance: Json) -> dict[str, Any]:
    """What is to be typed: beside this repository where a training began with weights that are replaced by now."""
    if not provenance.get("started_from") or not provenance["commit"]:
        return {"began": None, "lines": [command]}
    config = "models/digits/checkpoint/config.yaml"
    began = "whose released weights are those that this training began with"
    if not re.search("--from models/digits(/checkpoint)? ", f"{command} "):
        began = "once what this training began with, see above, lies where `--from` says"
    lines = [
        f"git worktree add ../then {provenance['commit']}",
        f"cp {config} ../then/digits.yaml",
        "cd ../then",
        command.replace(f"--config {config}", "--config digits.yaml"),
    ]
    return {"began": began, "lines": lines}


def _cost(history: Sequence[Json], batch: int) -> list[tuple[str, str]]:
    """Time, throughput and use of the processor from the entries of a training's history."""
    steps = [
        later["step"] - earlier for later, earlier in zip(history, [0, *(e["step"] for e in history)], strict=False)
    ]
    seconds = [count * batch / entry["photos_per_second"] for count, entry in zip(steps, history, strict=True)]
    rates = [entry["photos_per_second"] for entry in history]
    rows = [
        ("time in training steps", f"{sum(seconds) / 3600:.1f} hours"),
        ("throughput", f"{statistics.median(rates):.0f} photos/s (median), {max(rates):.0f} at most"),
    ]
    if all("seconds_waiting" in entry for entry in history):
        waiting = sum(entry["seconds_waiting"] for entry in history) / sum(seconds)
        rows.append(("of it waiting for photos", f"{100 * waiting:.1f} %"))
    shares = [
        (entry["processor_share"], spent)
        for entry, spent in zip(history, seconds, strict=True)
        if "processor_share" in entry
    ]
    if shares:
        mean = sum(share * spent for share, spent in shares) / sum(spent for _, spent in shares)
        rows.append(("use of the processors", f"{100 * mean:.0f} %"))
    return rows


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content
