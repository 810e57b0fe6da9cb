"""A configuration is typed; what it doesn't know it refuses, with a hint."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.config import load, parse
from training.errors import ConfigurationError

MINIMAL = 'name: a\nclasses: ["x", "y"]\n'


@pytest.mark.parametrize("path", sorted(Path("training/configs").glob("*.yaml")), ids=lambda path: path.name)
def test_shipped_configurations_are_valid(path: Path) -> None:
    assert load(path).classes[:10] == tuple("0123456789")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("training: {stepz: 3}", "training.stepz: unknown key; did you mean steps?"),
        ("clases: [a]", "clases: unknown key; did you mean classes?"),
        ("zzz: 1", "zzz: unknown key; known: name, classes"),
        ("training: {steps: many}", "training.steps: "),
        ("training: {steps: 0}", "training.steps: "),
        ("input: {height: 100}", "input.height: "),
        ("split: {validation: 0.7, calibration: 0.3}", "split leaves nothing to train on"),
        ("augmentation: {min_object_height: 200}", "min_object_height must be below"),
    ],
)
def test_a_wrong_key_or_value_is_named(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(MINIMAL + text, "my.yaml")
    assert "my.yaml" in str(caught.value)
    assert message in str(caught.value)


def test_a_class_named_twice_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="a name twice"):
        parse("name: a\nclasses: [x, x]", "my.yaml")


@pytest.mark.parametrize("text", ["", "- 1", "a: [", "name: 3"])
def test_what_is_no_configuration_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"my\.yaml"):
        parse(text, "my.yaml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.yaml: can't be read"):
        load(tmp_path / "none.yaml")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"])
def test_a_configuration_of_any_encoding_is_read_or_its_line_is_named(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_bytes("name: gelände\nclasses: [tür, schloß]\n".encode(encoding))
    if encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert load(path).classes == ("tür", "schloß")
        return
    with pytest.raises(ConfigurationError, match=r"my\.yaml") as caught:
        load(path)
    if encoding in ("latin-1", "cp1252"):
        assert "line 1: not UTF-8" in str(caught.value)


@pytest.mark.parametrize("text", ["name: 2026-13-45", "a: " + "[" * 5000, "name: \x07", "a: &a [*a]"])
def test_what_yaml_stumbles_over_is_refused_in_words(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"my\.yaml"):
        parse(text, "my.yaml")


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("{stagez: [1]}", "network.stagez: unknown key; did you mean stages?"),
        ("{body: mobilenet_v2, stages: [1]}", "network.stages: unknown key; did you mean stride?"),
        ("{body: mobilenet_v2, tower: 0}", "network.tower: Input should be greater than 0"),
        ("{body: resnet}", "'plain', 'mobilenet_v2'"),
        ("3", "network"),
    ],
)
def test_a_mistake_in_a_network_is_named(section: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(f"{MINIMAL}network: {section}\n", "my.yaml")
    assert message in str(caught.value)
