"""What to label next, by what a model gets wrong and how much of it there was to learn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

FEW = 50
"""Objects of a class to learn from, below which more of them help most."""
SEEN = 8
"""Validation objects, below which a share of them says nothing."""
WORSE = 0.15
"""How much less of its objects than of all is found, for a size or a kind to be named."""
CONFUSED = 0.05
"""Share of a class's objects that are taken for one other."""
ALARMS = 0.1
"""Share of the detections that stand for nothing."""
LIMIT = 6


def advice(
    weaknesses: Mapping[str, Any], figures: Mapping[str, Any], records: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """What fails with what would help, worst first, at most `LIMIT`.

    Args:
        weaknesses: weaknesses.json of an evaluation
        figures: its evaluation.json
        records: manifest.json of the records that the model was trained on
    """
    found = [
        *_rare(figures, records["splits"]["train"]),
        *_failing(weaknesses),
        *_confused(weaknesses, figures),
        *_alarms(weaknesses, figures),
    ]
    return found[:LIMIT]


def _rare(figures: Mapping[str, Any], train: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    counts = train.get("per_class", {})
    for name, count in sorted(counts.items(), key=lambda pair: pair[1]):
        if count < FEW:
            one = figures["per_class"].get(name, {})
            recall = one.get("recall")
            said = f", {recall:.0%} of {one['objects']} found" if recall is not None else ""
            yield f"“{name}” has {count} objects to learn from{said}", f"photos with more of “{name}”"


def _failing(weaknesses: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    heights = weaknesses["heights"]
    objects, right = (sum(one[key] for one in heights) for key in ("objects", "right"))
    parts = [(_span(one), one, _size(one, heights)) for one in heights]
    parts += [(one["name"], one, f"photos with objects {one['name']}") for one in weaknesses["kinds"]]
    fails = [(one["right"] / one["objects"], name, one, remedy) for name, one, remedy in parts if one["objects"] >= SEEN]
    for share, name, one, remedy in sorted(fails, key=lambda fail: fail[0]):
        if share < right / objects - WORSE:
            yield f"of {one['objects']} objects {name}, {share:.0%} are found (of all: {right / objects:.0%})", remedy


def _span(one: Mapping[str, Any]) -> str:
    if one["to"] is None:
        return f"from {one['from']:g} pixels on in the input"
    return f"between {one['from']:g} and {one['to']:g} pixels high in the input"


def _size(one: Mapping[str, Any], heights: list[Mapping[str, Any]]) -> str:
    middle = sum(other["objects"] for other in heights if other["from"] < one["from"])
    small = middle < sum(other["objects"] for other in heights) / 2
    return "photos where they are as small as that, or from closer" if small else "photos of them from as close as that"


def _confused(weaknesses: Mapping[str, Any], figures: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for one in weaknesses["confusions"]:
        objects = figures["per_class"][one["label"]]["objects"]
        if one["count"] >= 3 and one["count"] >= CONFUSED * objects:
            yield (
                f"{one['count']} of {objects} “{one['label']}” are taken for “{one['detected']}”",
                "photos that show both, and a look at whether their labels are right",
            )


def _alarms(weaknesses: Mapping[str, Any], figures: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    nothing = sum(weaknesses["nothing_there"].values())
    right = sum(one["right"] for one in weaknesses["heights"])
    if nothing >= SEEN and nothing > ALARMS * (nothing + right):
        yield (
            f"{nothing} detections stand for no label",
            "photos like those without any object, and a look at whether something isn't labelled",
        )
