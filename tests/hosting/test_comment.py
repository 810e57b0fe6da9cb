"""The comment under a pull request: each figure in its row, each side in its column."""

from __future__ import annotations

from typing import Any

from infra.hosting import comment
from infra.hosting.releases import Channel, Release

CHANNEL = Channel(
    "pr-7", "https://x.web.app", "2026-12-01T00:00:00Z", "", Release("0123", "", "", "DEPLOY", "0123456789ab")
)


def side(model: str, figure: int, rows: list[dict[str, Any]]) -> comment.Side:
    """A side whose figures all follow from ``figure`` and are all different."""
    share = figure / 10
    return {
        "manifest": {
            "name": model,
            "gate": {"accuracy_drop": share / 100},
            "quantization": f"uint{figure}",
            "files": [{"bytes": figure * 1000}, {"bytes": 1}],
        },
        "build": {"files": [{"bytes": figure * 1_000_000}, {"bytes": 2}]},
        "evaluation": {
            "full_number_accuracy": share,
            "full_number_accuracy_interval": [share - 0.01, share + 0.02],
            "map50": share + 0.003,
            "map": share - 0.004,
            "photos": figure * 1111,
        },
        "bench": {row["name"]: row for row in rows},
    }


def test_what_differs_is_shown_on_its_own_side() -> None:
    size = {"name": "a|b @c", "unit": "B", "reach": 1_200_000, "more_is_better": False}
    score = {"name": "score", "unit": "of 100", "reach": 95, "more_is_better": True}
    new = side("ours", 8, [{**size, "value": 1_050_000.0}, {**score, "value": 97.5}])
    main = side("theirs", 6, [{**size, "value": 0.4844}, {**score, "value": None}])
    assert comment.render(CHANNEL, new, main).splitlines() == [
        "### Preview: https://x.web.app",
        "",
        "Version `0123` of commit `0123456789ab`, smoke-tested at that address. It ends: 2026-12-01T00:00:00Z.",
        "",
        "| | this pull request | main |",
        "|---|---|---|",
        "| model | ours | theirs |",
        "| full numbers right | 80.0% (79.0% to 82.0%) | 60.0% (59.0% to 62.0%) |",
        "| mAP at IoU 0.50 | 0.803 | 0.603 |",
        "| mAP, IoU 0.50 to 0.95 | 0.796 | 0.596 |",
        "| photos evaluated | 8,888 | 6,666 |",
        "| lost by conversion, photos of which all is right | 0.8% | 0.6% |",
        "| weights | uint8 | uint6 |",
        "| model, bytes | 8,001 | 6,001 |",
        "| whole site, bytes | 8,000,002 | 6,000,002 |",
        "| a\\|b @\u200bc, B (≤ 1,200,000) | 1,050,000 | 0.484 |",
        "| score, of 100 (≥ 95) | 97.5 | - |",
    ]


def test_objects_that_are_not_read_have_no_row_of_numbers() -> None:
    ours, theirs = side("ours", 8, []), side("theirs", 6, [])
    for one in (ours, theirs):
        del one["evaluation"]["full_number_accuracy"]
    said = comment.render(CHANNEL, ours, theirs)
    assert "full number" not in said
    assert "| mAP at IoU 0.50 | 0.803 | 0.603 |" in said
