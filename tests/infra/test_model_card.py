"""The card of the released model says what its files and notes say."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from infra.errors import UsageError
from infra.models import card as model_card
from infra.settings import RELEASED


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """A copy of the released model."""
    return Path(shutil.copytree(RELEASED, tmp_path / "digits"))


def test_the_released_card_is_up_to_date() -> None:
    card = (RELEASED / "README.md").read_text("utf-8")
    assert card == model_card.render(RELEASED), "./inv model.card makes it again"


def test_accuracy_stands_in_it_with_its_interval() -> None:
    card = model_card.render(RELEASED)
    for name in ("evaluation", "evaluation_number"):
        figures = json.loads((RELEASED / f"{name}.json").read_text("utf-8"))
        low, high = figures["full_number_accuracy_interval"]
        assert (
            f"{100 * figures['full_number_accuracy']:.1f} % (95 % interval {100 * low:.1f} to {100 * high:.1f}" in card
        )


@pytest.mark.parametrize("page", ["README.md", "evaluation.md", "history.md"])
def test_links_of_the_card_lead_somewhere(page: str) -> None:
    path = RELEASED / page
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), target


def test_pictures_of_photos_are_not_released() -> None:
    pictures = {path.name for path in RELEASED.rglob("*") if path.suffix in {".png", ".jpg", ".jpeg"}}
    charts = {"precision_recall", "confusion", "heights", "calibration", "thresholds"}
    assert pictures == {"loss.png", *(f"{name}.png" for name in charts)}


def test_what_people_wrote_is_in_the_card_word_for_word(released: Path) -> None:
    notes = released / "notes.md"
    notes.write_text(notes.read_text("utf-8") + "\n- Never shown to a cat.\n", "utf-8")
    model_card.write(released)
    card = (released / "README.md").read_text("utf-8")
    assert notes.read_text("utf-8").strip() in card


def test_what_a_training_cost_is_the_mean_over_time_and_the_median_of_laps(released: Path) -> None:
    entries = [
        {"step": 100, "photos_per_second": 100.0, "processor_share": 0.5, "seconds_waiting": 5.0},
        {"step": 200, "photos_per_second": 300.0, "processor_share": 0.9, "seconds_waiting": 3.0},
    ]
    path = released / "checkpoint/history.jsonl"
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries), "utf-8")
    batch = yaml.safe_load((released / "checkpoint/config.yaml").read_text("utf-8"))["training"]["batch"]
    card = model_card.render(released)
    assert "| use of the processors | 60 % |" in card
    assert "| throughput | 200 photos/s (median), 300 at most |" in card
    assert f"| of it waiting for photos | {100 * 8 / (batch + batch / 3):.1f} % |" in card


def test_other_photos_are_reported_beside_the_model_before(released: Path) -> None:
    path = released / "release.json"
    document = json.loads(path.read_text("utf-8"))
    now = json.loads((released / "evaluation.json").read_text("utf-8"))
    before = now | {"map50": 0.5, "full_number_accuracy": 0.25}
    nothing = now | {"objects": 0, "false_alarms_per_100_photos": 1.84}
    path.write_text(json.dumps(document | {"others": {"meters": [now, before], "nothing": [nothing]}}), "utf-8")
    card = model_card.render(released)
    assert f"| {100 * now['full_number_accuracy']:.1f} (25.0) | {now['map50']:.3f} (0.500) |" in card
    assert re.search(r"\| nothing \| 1,171 \| 0 \| .* \| - \| 1.8 \|", card)


def test_notes_without_limits_are_refused_and_the_old_card_stays(released: Path) -> None:
    before = (released / "README.md").read_text("utf-8")
    notes = released / "notes.md"
    notes.write_text(notes.read_text("utf-8").replace("## Limits", "## Praise"), "utf-8")
    with pytest.raises(UsageError, match="has no “## Limits”"):
        model_card.write(released)
    assert (released / "README.md").read_text("utf-8") == before


@pytest.mark.parametrize("name", ["notes.md", "release.json", "checkpoint/training.json"])
def test_a_missing_file_is_named(name: str, released: Path) -> None:
    (released / name).unlink()
    with pytest.raises(UsageError, match=re.escape(name)):
        model_card.render(released)


def test_what_began_with_the_release_before_is_repeated_where_that_still_is(released: Path) -> None:
    manifest = json.loads((released / "web_model" / "manifest.json").read_text("utf-8"))
    provenance = manifest["provenance"]
    provenance |= {"commit": "1a2b3c", "started_from": {"name": "digits", "weights_sha256": "0" * 64}}
    file = released / "web_model" / "manifest.json"
    file.write_text(json.dumps(manifest), "utf-8")
    made = json.loads((released / "release.json").read_text("utf-8"))
    made["command"] = "./inv train --from models/digits/checkpoint --config models/digits/checkpoint/config.yaml"
    (released / "release.json").write_text(json.dumps(made), "utf-8")
    card = model_card.render(released)
    assert "git worktree add ../then 1a2b3c\n" in card
    assert "--from models/digits/checkpoint" in card
    assert "--config digits.yaml" in card
    assert "whose released weights are those that this training began with:" in card
    made["command"] = "./inv train --from runs/start/checkpoints --config models/digits/checkpoint/config.yaml"
    (released / "release.json").write_text(json.dumps(made), "utf-8")
    assert "as it was then, once what this training began with, see above, lies where" in model_card.render(released)
    del provenance["started_from"]
    file.write_text(json.dumps(manifest), "utf-8")
    assert "git worktree add ../then" not in model_card.render(released)
