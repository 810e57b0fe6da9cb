"""Flags of a training: what they say wins, what they leave out stays, what contradicts itself is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.errors import UsageError
from infra.runs import candidates, recipes
from infra.runs.run import Request, Run
from infra.settings import RELEASED
from infra.tasks.asking import asked

BEFORE = Request(images=Path("/i"), annotations=Path("/a"), quantize="uint8", minutes=9.0, classes=("cat",))


@pytest.mark.parametrize(
    ("flags", "changes"),
    [
        ({}, {}),
        ({"minutes": "2.5"}, {"minutes": 2.5}),
        ({"steps": "6"}, {"steps": 6, "minutes": None}),
        ({"classes": 'dog, "a, b",浣熊'}, {"classes": ("dog", "a, b", "浣熊")}),
        ({"for_": "phone"}, {"purpose": "phone"}),
        ({"start": "nothing"}, {"starts": ()}),
        ({"start": "digits"}, {"start": RELEASED / "checkpoint"}),
        ({"from_": str(RELEASED)}, {"start": RELEASED / "checkpoint"}),
    ],
)
def test_a_flag_changes_what_it_says(flags: dict[str, str], changes: dict[str, object]) -> None:
    assert asked(BEFORE, **flags) == BEFORE.model_copy(update=changes)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"minutes": "2", "steps": "6"}, "keep one"),
        ({"minutes": "0"}, "no number above 0"),
        ({"minutes": "nan"}, "no number above 0"),
        ({"minutes": "inf"}, "no number above 0"),
        ({"steps": "1.5"}, "no whole number"),
        ({"classes": "a,,b"}, "no list of names"),
        ({"start": "resnet"}, "none of"),
        ({"start": "nothing", "from_": str(RELEASED)}, "doesn't go together"),
        ({"for_": "tv"}, "none of desk, phone"),
        ({"config": "/nowhere.yaml"}, "no file"),
    ],
)
def test_what_can_not_be_meant_is_refused(flags: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        asked(BEFORE, **flags)


@pytest.mark.parametrize(
    ("flags", "refused"),
    [
        ({"classes": "cat"}, "--classes means nothing"),
        ({"minutes": "2"}, "--minutes means nothing"),
        ({"steps": "6", "for_": "phone"}, "--steps and --for mean nothing"),
        ({"start": "glyphs"}, "--start means nothing"),
        ({"start": "digits"}, None),
        ({"start": "nothing"}, None),
        ({"from_": str(RELEASED)}, None),
        ({}, None),
    ],
)
def test_a_flag_that_only_a_plan_reads_is_refused_without_one(
    tmp_path: Path, flags: dict[str, str], refused: str | None
) -> None:
    file = tmp_path / "my.yaml"
    file.write_text("plan: false\n", "utf-8")
    if refused is None:
        asked(BEFORE, config=str(file), **flags)
    else:
        with pytest.raises(UsageError, match=refused):
            asked(BEFORE, config=str(file), **flags)


def test_the_released_digits_are_said_to_have_terms(capsys: pytest.CaptureFixture[str]) -> None:
    asked(BEFORE, start="digits")
    assert "non-commercial" in capsys.readouterr().err
    assert all(name not in candidates.free() for name in ("digits",))


@pytest.mark.parametrize(
    ("text", "planned"),
    [
        (None, True),
        ("", True),
        ("plan: false\nname: x\n", False),
        ("plan: true\n", True),
        ("a: [", True),
        ("- 1", True),
    ],
)
def test_a_configuration_says_whether_it_is_planned(tmp_path: Path, text: str | None, planned: bool) -> None:
    file = tmp_path / "my.yaml"
    if text is not None:
        file.write_text(text, "utf-8")
    request = BEFORE.model_copy(update={"config": None if text is None else file})
    run = Run(tmp_path / "run")
    assert recipes.is_planned(request) is planned
    assert recipes.configuration(run, request) == (run.plan / "config.yaml" if planned else file)
    inputs = recipes.train(run, request).inputs
    assert inputs["config"] == (run.race / "config.yaml" if planned else file)
