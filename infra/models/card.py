"""The card of the released detector: its README, made from the files beside it and from people's notes.md."""

from __future__ import annotations

import gzip
import json
import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from infra.errors import UsageError

NOTES = "notes.md"
HEADINGS = ("What it is for", "Data and terms", "Limits", "What was tried")
"""What only people can say, and no card may lack."""

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
    size = sum(file["bytes"] for file in manifest["files"])
    sections = [
        [f"# The released detector: {manifest['name']}", "", _introduction(manifest, summary)],
        _files(size, manifest),
        ["## Figures", "", *_figures(whole, number, made, manifest, sent)],
        *([["## Other photos", "", *_others(made["others"])]] if made["others"] else []),
        ["## Against the one before", "", f"{made['comparison'][0].upper()}{made['comparison'][1:]}."],
        [notes(folder)],
        ["## How to repeat it", "", *_repetition(manifest, made, summary, config, history)],
    ]
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def _introduction(manifest: Json, summary: Json) -> str:
    size = manifest["input"]
    reading = ", and reads them as numbers" if manifest["reading"] == "lines" else ""
    return (
        f"Finds {', '.join(manifest['classes'])} in photos, each with its box{reading}. A small fully convolutional "
        "network ([training/detector/network.py](../../training/detector/network.py)) with "
        f"{summary['parameters']:,} parameters and an input of {size['width']} × {size['height']} pixels.\n\n"
        "Made by `./inv model.release`, but for what stands in [notes.md](notes.md)."
    )


def _files(size: int, manifest: Json) -> list[str]:
    return _table(
        ("file", "what it is"),
        [
            ("`web_model/`", f"what the page loads: {manifest['quantization']} weights, {size / 1e6:.2f} MB"),
            ("`checkpoint/`", "the trained weights, their configuration, and the course of the training"),
            ("[evaluation.md](evaluation.md)", "charts of what it gets right and wrong"),
            ("`evaluation.json`, `evaluation_number.json`", "figures of whole photos, of photos cut to their numbers"),
            ("`release.json`", "how it was judged and compared"),
        ],
    )


def _figures(whole: Json, number: Json, made: Json, manifest: Json, sent: int) -> list[str]:
    trained, gate = made["trained"], manifest["gate"]
    change = 100 * (whole["full_number_accuracy"] - trained["full_number_accuracy"])
    differences = gate["max_abs_difference"]
    rows = [
        ("full numbers right, whole photo", _accuracy(whole)),
        (
            "full numbers right, photo cut to the hull of its labels plus 30 % (Goodfellow et al. 2013)",
            _accuracy(number),
        ),
        ("mAP at IoU 0.50 / 0.50 to 0.95, whole photo", f"{whole['map50']:.3f} / {whole['map']:.3f}"),
        ("false alarms, detections that stand for no label, per 100 photos", _alarms(whole)),
        (
            "the trained model, before conversion",
            f"{_accuracy(trained)}, {trained['map50']:.3f} / {trained['map']:.3f}",
        ),
        ("change of full numbers by conversion", f"{change:+.1f} points"),
        (
            f"largest difference to the trained model on {gate['photos']} photos",
            ", ".join(f"{name} {value:.3f}" for name, value in differences.items()),
        ),
        ("web model over the wire (gzip)", f"{sent / 1e6:.2f} MB"),
    ]
    judged = (
        f"The web model, run in TensorFlow.js, on {whole['photos']:,} photos with {whole['objects']:,} labelled "
        f"objects that training never saw, at one threshold ({whole['score_threshold']:g}) that was chosen on the "
        "calibration split:"
    )
    return [
        judged,
        "",
        *_table(("figure", "value"), rows),
        "",
        "![Right, confused and missed by height](charts/heights.png)",
        "",
        "Repeat them where the photos are; `--crop number` for the second row:",
        "",
        "```sh",
        made["judged"],
        "```",
    ]


def _others(found: Mapping[str, Sequence[Json]]) -> list[str]:
    """Figures on further photos that training never saw; those of the model before follow in brackets."""

    def cell(sides: Sequence[Json], key: str, scale: float, form: str) -> str:
        now, *before = (f"{scale * side[key]:{form}}" for side in sides)
        return f"{now} ({before[0]})" if before else now

    rows = [
        (
            name,
            f"{sides[0]['photos']:,}",
            f"{sides[0]['objects']:,}",
            cell(sides, "full_number_accuracy", 100, ".1f"),
            cell(sides, "map50", 1, ".3f") if sides[0]["objects"] else "-",
            cell(sides, "false_alarms_per_100_photos", 1, ".1f"),
        )
        for name, sides in found.items()
    ]
    head = ("photos of", "photos", "objects", "full numbers right, %", "mAP50", "false alarms per 100 photos")
    return [
        "With the same split; in brackets the model before. Each has one threshold for all photos.",
        "",
        *_table(head, rows),
    ]


def _alarms(figures: Json) -> str:
    return f"{figures['false_alarms_per_100_photos']:.1f}"


def _accuracy(figures: Json) -> str:
    low, high = figures["full_number_accuracy_interval"]
    return (
        f"{100 * figures['full_number_accuracy']:.1f} % (95 % interval {100 * low:.1f} to {100 * high:.1f}, "
        f"{figures['photos']:,} photos)"
    )


def _repetition(manifest: Json, made: Json, summary: Json, config: Json, history: Sequence[Json]) -> list[str]:
    provenance, training = manifest["provenance"], config["training"]
    rows = [
        ("configuration", "[checkpoint/config.yaml](checkpoint/config.yaml)"),
        ("seed", str(training["seed"])),
        ("code", provenance["commit"] or "not recorded"),
        ("data fingerprint", f"`{provenance['data_fingerprint']}`"),
        (
            "steps",
            f"{summary['steps']:,} of {training['batch']} crops of {training['crop']} × {training['crop']} pixels",
        ),
        *_cost(history, training["batch"]),
        ("computed in", summary["precision"]),
    ]
    if start := provenance.get("started_from"):
        rows.append(("started from", f"{start['name']}, weights `{start['weights_sha256']}`"))
    if machine := summary.get("machine"):
        rows.append(("machine", ", ".join([f"{machine['processors']} × {machine['processor']}", *machine["gpus"]])))
    rows.append(("versions", ", ".join(f"{name} {version}" for name, version in provenance["versions"].items())))
    commands = _commands(made["command"], provenance)
    return [*commands, "", *_table(("", ""), rows), "", "![Loss](checkpoint/loss.png)"]


def _commands(command: str, provenance: Json) -> list[str]:
    """What is to be typed: beside this repository where a training began with weights that are replaced by now."""
    if not provenance.get("started_from") or not provenance["commit"]:
        return ["```sh", command, "```"]
    config = "models/digits/checkpoint/config.yaml"
    began = "whose released weights are those that this training began with"
    if not re.search("--from models/digits(/checkpoint)? ", f"{command} "):
        began = "once what this training began with, see above, lies where `--from` says"
    return [
        f"In a copy of the repository as it was then, {began}:",
        "",
        "```sh",
        f"git worktree add ../then {provenance['commit']}",
        f"cp {config} ../then/digits.yaml",
        "cd ../then",
        command.replace(f"--config {config}", "--config digits.yaml"),
        "```",
    ]


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


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    lines = [head, tuple("---" for _ in head), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content
