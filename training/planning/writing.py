"""A plan as it is shown: YAML with a reason beside each value, and a dozen lines for a terminal."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from typing import Any

import yaml

from training.config import Configuration
from training.data.selection import SPLITS, split_of
from training.findings import counted
from training.planning.classes import listed
from training.planning.draft import GIVEN, Draft
from training.planning.rules import cost
from training.planning.statistics import Statistics

WIDTH = 116


def as_yaml(draft: Draft, title: str) -> str:
    """The configuration, each value below the reason for it."""
    lines = [f"# {line}" for line in textwrap.wrap(title, WIDTH)]
    for key, value in draft.document().items():
        if isinstance(value, dict) and key not in draft.reasons:
            lines.append(f"{key}:")
            for name, inner in value.items():
                lines += _entry(name, inner, draft.reasons.get(f"{key}.{name}", GIVEN), "  ")
        else:
            lines += _entry(key, value, draft.reasons.get(key, GIVEN), "")
    return "\n".join(lines) + "\n"


def _entry(key: str, value: Any, reason: str, indent: str) -> list[str]:
    comment = [f"{indent}# {line}" for line in textwrap.wrap(reason, WIDTH - len(indent))]
    # As the only entry of a list, a name is quoted where it has to be, and stays on one line.
    text = yaml.safe_dump([value], default_flow_style=True, allow_unicode=True, width=math.inf, sort_keys=False)
    return [*comment, f"{indent}{key}: {text.strip()[1:-1]}"]


def as_text(draft: Draft, config: Configuration, found: Statistics) -> str:
    """A dozen lines for people."""
    counts = sorted(found.counts.items(), key=lambda pair: -pair[1])
    told = listed([f"{name} {count:,}" for name, count in counts])
    width, height = config.input.width, config.input.height
    splits = Counter(split_of(photo.group, config.split) for photo in found.photos)
    learned, calibrated, judged = (splits[name] for name in SPLITS)
    milliseconds, megabytes = cost(config)
    looks = f"{config.looks} look{'s or more' * (config.looks > 1)} of about {milliseconds:.0f} ms on a laptop"
    settings = config.training
    time = (
        f"{settings.minutes:g} minute{'s' * (settings.minutes != 1)}"
        if settings.minutes
        else counted(settings.steps or 0, "step")
    )
    starts = " or ".join(config.starts) or "nothing"
    grown = config.augmentation
    heights = f"{grown.min_object_height:.0f} to {grown.max_object_height:.0f}"
    mirrored = "half of them mirrored" if grown.mirror_share else "never mirrored"
    rows = [
        ("photos", f"{len(found.photos):,}, {found.empty:,} without objects; {counted(found.objects, 'object')}"),
        ("classes", f"{len(config.classes)}: {told}"),
        ("split", f"{counted(learned, 'photo')} to learn from, {calibrated:,} to calibrate by, {judged:,} to judge on"),
        (
            "input",
            f"{width} × {height}: {draft.reasons['input']}" if "input" in draft.reasons else f"{width} × {height}",
        ),
        ("visitor", f"{looks}, {megabytes} MB to load"),
        ("crops", f"{settings.crop} pixels, {mirrored}; objects {heights} pixels high in them"),
        (
            "reading",
            "characters are joined into numbers" if config.reading == "lines" else "objects stand alone",
        ),
        (
            "overlaps",
            f"boxes that overlap by more than {config.suppression.iou_threshold:.0%} are one object"
            + ("" if config.suppression.class_agnostic else " of a class"),
        ),
        ("begin with", starts),
        ("training", f"{time}, batches of {settings.batch}"),
    ]
    lines = [f"plan for {config.name}"]
    lines += [f"  {name:<11}{text}" for name, text in rows]
    lines += [f"  note: {text}" for text in draft.warnings]
    return "\n".join(lines) + "\n"
