from __future__ import annotations

from pathlib import Path

import pytest

from infra.errors import UsageError
from infra.execution.containers import mounts
from infra.execution.steps import Step
from infra.runs import recipes, sources
from infra.runs.run import Request, Run

PAGE = "sources:\n- {name: a, images: photos, annotations: labels.csv}\n- {name: b, images: walls, annotations: none}\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    (tmp_path / "walls").mkdir()
    (tmp_path / "labels.csv").write_text("labels", "utf-8")
    file = tmp_path / "data.yaml"
    file.write_text(PAGE, "utf-8")
    return file


def test_everything_that_is_read_is_named(data: Path) -> None:
    folder = data.parent
    assert sources.paths(data) == (folder / "photos", folder / "labels.csv", folder / "walls")


def test_a_path_that_is_not_there_is_refused_by_source_and_key(data: Path) -> None:
    (data.parent / "labels.csv").unlink()
    with pytest.raises(UsageError, match=r"source a: there is no .*labels\.csv \(annotations\)"):
        sources.paths(data)


@pytest.mark.parametrize(
    "text",
    [
        "sources: []",
        "sources: [{name: a}]",
        "sources: {",
        "[]",
        "date: 2023-13-45",
        pytest.param("[" * 3000, id="deep"),
    ],
)
def test_a_file_of_another_form_is_refused(data: Path, text: str) -> None:
    data.write_text(text, "utf-8")
    with pytest.raises(UsageError, match=r"data\.yaml"):
        sources.paths(data)


ONE = "sources: [{name: a, images: photos, annotations: none%s}]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "sources: [{name: a, image: photos, annotations: none}]",
            "sources[0]: there is no key image; did you mean images?",
        ),
        ("sources: [{name: a, images: photos}]", "sources[0]: annotations is missing"),
        (
            "sources: [{name: 7, images: photos, annotations: none}]",
            'sources[0].name: 7 is no text; write it in quotes: "7"',
        ),
        ("sources: [{name: a, images: [photos], annotations: none}]", "sources[0].images: a list is no text"),
        ("sources: {name: a}", "sources: a table is no list"),
        ("sources: []", "sources: at least 1 wanted, there are 0"),
        ("source: []", "there is no key source; did you mean sources?"),
        (ONE % ", only: cat", 'sources[0].only: "cat" is no list'),
        (ONE % ", only: [1]", 'sources[0].only[0]: 1 is no text; write it in quotes: "1"'),
        (ONE % ", split_as_exported: maybe", 'sources[0].split_as_exported: "maybe" is no true or false'),
        (ONE % ', groups: ""', "sources[0].groups: is empty"),
        (ONE % ", zzz: 1", "sources[0]: there is no key zzz; known are name, images, annotations, split_as_exported, "),
        ("7", "7 is no table of keys and values"),
    ],
    ids=lambda value: value[:60],
)
def test_what_is_wrong_is_said_in_our_words(data: Path, text: str, message: str) -> None:
    data.write_text(text, "utf-8")
    with pytest.raises(UsageError) as caught:
        sources.paths(data)
    assert str(caught.value).startswith(f"{data}, {message}")


def test_what_is_merged_is_stale_when_a_source_changes(data: Path) -> None:
    step = recipes.merge(data.parent / "run" / "photos", data, False)
    before = step.fingerprint()
    assert recipes.merge(data.parent / "run" / "photos", data, False).fingerprint() == before
    (data.parent / "walls" / "new.jpg").write_text("new", "utf-8")
    assert step.fingerprint() != before


def test_a_container_sees_the_sources_read_only(data: Path) -> None:
    found = {
        mount["Target"]: mount["ReadOnly"] for mount in mounts(recipes.merge(data.parent / "r" / "p", data, False))
    }
    for name in ("photos", "walls", "labels.csv", "data.yaml"):
        assert found[str(data.parent / name)] is True
    assert found[str(data.parent / "r")] is False


def test_a_run_never_replaces_what_it_reads(data: Path) -> None:
    with pytest.raises(UsageError, match="reads what it would replace"):
        recipes.merge(data.parent, data, False)


def _steps(folder: Path, output: Path, labels_: str = "data.yaml") -> dict[str, Step]:
    """Every step that reads labels, of ``folder`` as YOLO has them."""
    images, labels = folder / "images", folder / labels_
    run, request = Run(output), Request(images=images, annotations=labels, quantize="uint8")
    sources_ = folder / "sources.yml"
    sources_.write_text(f"sources: [{{name: a, images: images, annotations: {labels_}}}]", "utf-8")
    run.plan.mkdir(parents=True, exist_ok=True)
    (run.plan / "config.yaml").write_text("{}", "utf-8")
    description = {"classes": ["a"], "provenance": {}}
    return {
        "plan": recipes.plan(run, request),
        "records": recipes.records(run, request),
        "check": recipes.check(images, labels, None, run.plan / "config.yaml", run.check),
        "relabel": recipes.relabel(images, labels, None, "csv", False, output / "csv"),
        "select": recipes.select(images, labels, None, "all", description, output / "split"),
        "take in": recipes.take_in(run.photos, images, labels, None, True, False),
        "merge": recipes.merge(run.photos, sources_, False),
    }


@pytest.mark.parametrize("name", ["plan", "records", "check", "relabel", "select", "take in", "merge"])
def test_labels_beside_the_yaml_file_that_is_named_are_read_and_count(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "set"
    for place in ("images", "labels"):
        (folder / place).mkdir(parents=True)
    (folder / "data.yaml").write_text("names: [a]", "utf-8")
    step = _steps(folder, tmp_path / "run")[name]
    assert str(folder) in {mount["Target"] for mount in mounts(step)}
    before = step.fingerprint()
    assert step.fingerprint() == before
    (folder / "labels" / "a.txt").write_text("0 0.5 0.5 0.1 0.1", "utf-8")
    assert step.fingerprint() != before
    # What lies where it writes itself would change with each result.
    assert folder not in _steps(folder, folder / "run")[name].named


@pytest.mark.parametrize("name", ["plan", "records", "check", "relabel", "select", "take in", "merge"])
@pytest.mark.parametrize("place", ["labels", "labels/train", "train/labels"])
def test_names_of_classes_above_a_folder_of_labels_are_read_and_count(tmp_path: Path, name: str, place: str) -> None:
    folder = tmp_path / "set"
    for one in ("images", place):
        (folder / one).mkdir(parents=True)
    (folder / "data.yaml").write_text("names: [a]", "utf-8")
    step = _steps(folder, tmp_path / "run", place)[name]
    assert folder / "data.yaml" in step.named
    assert str(folder / "data.yaml") in {mount["Target"] for mount in mounts(step)}
    before = step.fingerprint()
    (folder / "data.yaml").write_text("names: [b]", "utf-8")
    assert step.fingerprint() != before
    assert sources.beside(folder / "images") == ()
