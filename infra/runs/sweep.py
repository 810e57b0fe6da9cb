"""Many trainings of one set of records: each combination of values, compared by the calibration figure.

Validation photos take no part: what is chosen by them could not be judged by them afterwards. Each training is a result
of its own, so that a sweep goes on where it was interrupted, and a value that is added trains nothing twice.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from infra.errors import DigitlensError, RefusedError, UsageError
from infra.execution.steps import Runner, Step, perform, perform_all
from infra.progress import say

VARIABLE = ("training", "network", "augmentation", "suppression", "looks")
"""Sections of a configuration that may vary: the others decide what the records are."""
MOST = 500


@dataclass(frozen=True)
class Trial:
    """One combination."""

    name: str
    values: Mapping[str, Any]
    step: Step


def variations(vary: Sequence[str]) -> list[dict[str, Any]]:
    """All combinations of ``section.key=value,value``, the last one changing fastest.

    Raises:
        UsageError: that can't be read, a key decides on the records, or there are too many.
    """
    axes: dict[str, list[Any]] = {}
    for text in vary:
        key, _, values = text.partition("=")
        found = [_value(word) for word in values.split(",") if word]
        section, _, name = key.partition(".")
        if not found or not name:
            raise UsageError(f"--vary {text}: say section.key=value,value, for example training.learning_rate=1e-3,2e-3")
        if section not in VARIABLE:
            raise UsageError(
                f"--vary {key}: only keys of {', '.join(VARIABLE)} may vary; the others decide what the records are, "
                "which all trainings share"
            )
        if key in axes or len({str(value) for value in found}) < len(found):
            raise UsageError(f"--vary {text}: {'a key' if key in axes else 'a value'} stands twice")
        axes[key] = found
    if not axes:
        raise UsageError("nothing varies: give --vary section.key=value,value, once for each key")
    combinations = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    if len(combinations) > MOST:
        raise UsageError(f"{len(combinations)} trainings are more than {MOST}: vary less at once")
    return combinations


def trials(train: Step, combinations: Sequence[Mapping[str, Any]], folder: Path) -> list[Trial]:
    """A training like ``train`` for each combination, with a configuration of its own in ``folder``."""
    base = yaml.safe_load(train.inputs["config"].read_text("utf-8")) or {}
    found = []
    for values in combinations:
        name = ",".join(f"{key.rpartition('.')[2]}={value}" for key, value in values.items())
        document = json.loads(json.dumps(base))
        for key, value in values.items():
            *sections, last = key.split(".")
            place = document
            for section in sections:
                place = place.setdefault(section, {})
                if not isinstance(place, dict):
                    raise UsageError(f"--vary {key}: {section} holds no keys")
            place[last] = value
        file = folder / name / "config.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
        if not file.exists() or file.read_text("utf-8") != text:
            file.write_text(text, "utf-8")
        step = replace(
            train,
            name=f"train {name}",
            output=folder / name / "checkpoints",
            inputs={**train.inputs, "config": file},
            precious=False,
        )
        found.append(Trial(name, values, step))
    return found


def compare(found: Sequence[Trial], folder: Path, runner: Runner) -> list[dict[str, Any]]:
    """Train all; writes ``sweep.json`` and ``charts/sweep.png``, best first by the calibration figure.

    Raises:
        DigitlensError: that of the first, where none could be trained.
    """
    ends = perform_all([trial.step for trial in found], runner)
    rows, failures = [], []
    for trial, end in zip(found, ends, strict=True):
        if isinstance(end, DigitlensError):
            failures.append(end)
            say(f"{trial.name} failed: {end}")
            continue
        summary = json.loads((trial.step.output / "training.json").read_text("utf-8"))
        keys = ("calibration", "calibration_interval", "steps", "parameters", "precision")
        rows.append(
            {
                "name": trial.name,
                "values": dict(trial.values),
                **{key: summary[key] for key in keys},
                "seconds": end.seconds,
                "checkpoint": str(trial.step.output.relative_to(folder)),
            }
        )
    if not rows:
        raise failures[0]
    rows.sort(key=lambda row: -row["calibration"])
    new = folder / ".sweep.json.new"
    new.write_text(json.dumps({"trainings": rows}, indent=1, ensure_ascii=False) + "\n", "utf-8")
    new.replace(folder / "sweep.json")
    chart = Step("chart", "train", "training.loop.sweep", folder / "charts", inputs={"sweep": folder / "sweep.json"})
    perform(chart, runner)
    if failures:
        raise RefusedError(f"{len(failures)} of {len(found)} trainings failed; the others are in {folder}/sweep.json")
    return rows


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The trainings, best first, as lines of text."""
    heads = [*rows[0]["values"], "calibration", "95 % interval", "steps", "time"]
    cells = [
        [
            *map(str, row["values"].values()),
            f"{row['calibration']:.4f}",
            "{:.3f} to {:.3f}".format(*row["calibration_interval"]),
            str(row["steps"]),
            f"{row['seconds'] / 60:.1f} min",
        ]
        for row in rows
    ]
    widths = [max(len(line[place]) for line in [heads, *cells]) for place in range(len(heads))]
    return "\n".join(
        "  ".join(word.rjust(width) for word, width in zip(line, widths, strict=True)) for line in [heads, *cells]
    )


def _value(word: str) -> Any:
    """What YAML makes of a word; 1e-3 is a number, too, which it isn't in YAML 1.1."""
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            pass
    try:
        return yaml.safe_load(word)
    except yaml.YAMLError as error:
        raise UsageError(f"--vary: {word!r} is no value: {error}") from error
