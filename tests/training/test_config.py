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


WRONG = [
    ("classes: [1, cat]", 'classes.0: 1 is read as no text; write it in quotes: "1"'),
    ("classes: [yes]", 'classes.0: true is read as no text; write it in quotes: "true"'),
    ("classes: cat", "classes: cat is no list; write [first, second]"),
    ("classes: []", "classes: is empty"),
    ('classes: [""]', "classes.0: is empty"),
    ("input: 320", "input: 320 stands where keys of its own are wanted: height, width"),
    ("input: [320, 320]", "input: a list stands where keys of its own are wanted: height, width"),
    ("input: {width: 100}", "input.width: 100 must be a multiple of 32"),
    ("split: 0.2", "split: 0.2 stands where keys of its own are wanted: validation, calibration, salt"),
    ("split: {validation: 2}", "split.validation: 2 must be at most 1"),
    ("split: {validation: -1}", "split.validation: -1 must be at least 0"),
    ("training: {minutes: abc}", "training.minutes: abc is no number"),
    ("training: {batch: 1.5}", "training.batch: 1.5 is no whole number"),
    ("looks: 3", "looks: 3 is none of 1, 2"),
    ("reading: words", "reading: words is none of 'lines', 'none'"),
    ("network: {body: resnet}", "network: resnet is none of 'plain', 'mobilenet_v2'"),
    ("starts: glyphs", "starts: glyphs is no list; write [first, second]"),
    ("augmentation: {mirrored: 3}", "augmentation.mirrored: 3 is no table; write {this: that}"),
    ("suppression: {class_agnostic: 7}", "suppression.class_agnostic: 7 is neither true nor false"),
    ("name: [a]", "name: a list stands where text is wanted"),
]


@pytest.mark.parametrize(("text", "message"), WRONG, ids=lambda value: value)
def test_what_is_wrong_is_said_in_our_words(text: str, message: str) -> None:
    key = text.split(":")[0]
    rest = "".join(line for line in MINIMAL.splitlines(keepends=True) if not line.startswith(key))
    with pytest.raises(ConfigurationError) as caught:
        parse(f"{rest}{text}", "my.yaml")
    assert str(caught.value).splitlines()[1:] == [f"  {message}"]


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
        ("{body: mobilenet_v2, tower: 0}", "network.tower: 0 must be above 0"),
        ("{body: resnet}", "'plain', 'mobilenet_v2'"),
        ("3", "network"),
    ],
)
def test_a_mistake_in_a_network_is_named(section: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(f"{MINIMAL}network: {section}\n", "my.yaml")
    assert message in str(caught.value)
