from __future__ import annotations

from pathlib import Path

import pytest

from infra.errors import UsageError
from infra.execution.containers import mounts
from infra.runs import recipes, sources

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
