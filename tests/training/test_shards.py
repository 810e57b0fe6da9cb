"""Pieces of a step make what one process makes, byte for byte, or say why they don't."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.training.conftest import run_step
from training import shards
from training.errors import ShardError


def contents(folder: Path) -> dict[str, bytes]:
    """What is in a folder, by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def in_pieces(module: str, count: int, folder: Path, *flags: object) -> Path:
    """What ``count`` pieces and their joint make."""
    for part in range(1, count + 1):
        done = run_step(module, *flags, "--shard", f"{part}/{count}", "--out", folder / "parts" / f"{part}-of-{count}")
        assert done.returncode == 0, done.stderr
    done = run_step(module, *flags, "--parts", folder / "parts", "--out", folder / "joint")
    assert done.returncode == 0, done.stderr
    return folder / "joint"


@pytest.mark.parametrize("count", [3])
def test_drawn_photos(count: int, config_file: Path, tmp_path: Path) -> None:
    flags = ["--config", config_file, "--photos", 7, "--seed", 3]
    joint = in_pieces("training.data.synthesis.draw", count, tmp_path, *flags)
    assert run_step("training.data.synthesis.draw", *flags, "--out", tmp_path / "whole").returncode == 0
    assert contents(joint) == contents(tmp_path / "whole")


@pytest.mark.parametrize("count", [1, 2, 5])
def test_records(count: int, records: Path, photos: Path, config_file: Path, tmp_path: Path) -> None:
    flags = ["--images", photos / "images", "--annotations", photos / "annotations.csv", "--config", config_file]
    joint = in_pieces("training.data.records", count, tmp_path, *flags)
    assert contents(joint) == contents(records)


def test_records_without_what_is_bad(photos: Path, config_file: Path, tmp_path: Path) -> None:
    shutil.copytree(photos, tmp_path / "photos")
    names = sorted(path.name for path in (tmp_path / "photos" / "images").iterdir())
    for name in names[3:9:2]:  # headers are whole: only decoding shows it
        file = tmp_path / "photos" / "images" / name
        file.write_bytes(file.read_bytes()[:-400])
    (tmp_path / "photos" / "images" / names[20]).unlink()
    flags = ["--images", tmp_path / "photos" / "images", "--annotations", tmp_path / "photos" / "annotations.csv"]
    flags = [*flags, "--config", config_file, "--skip-bad"]
    joint = in_pieces("training.data.records", 3, tmp_path, *flags)
    assert run_step("training.data.records", *flags, "--out", tmp_path / "whole").returncode == 0
    assert contents(joint) == contents(tmp_path / "whole")
    skipped = " ".join(json.loads((joint / "manifest.json").read_text())["skipped"])
    assert all(name in skipped for name in (*names[3:9:2], names[20]))


def test_labels_that_are_wrong_are_refused_once_and_whole(photos: Path, config_file: Path, tmp_path: Path) -> None:
    labels = tmp_path / "annotations.csv"
    header, first, *rest = (photos / "annotations.csv").read_text().splitlines()
    labels.write_text("\n".join([header, first.replace(first.split(",")[1], "12", 1), *rest]) + "\n")
    flags = ["--images", photos / "images", "--annotations", labels, "--config", config_file]
    for part in (1, 2):
        done = run_step(
            "training.data.records", *flags, "--shard", f"{part}/2", "--out", tmp_path / "parts" / f"{part}-of-2"
        )
        assert done.returncode == 0
    ends = [
        run_step("training.data.records", *flags, *more, "--out", tmp_path / "joint")
        for more in ([], ["--parts", tmp_path / "parts"])
    ]
    assert {end.returncode for end in ends} == {2}
    assert ends[0].stderr == ends[1].stderr


def test_an_evaluation(checkpoint: Path, photos: Path, tmp_path: Path) -> None:
    flags = ["--model", checkpoint, "--images", photos / "images", "--annotations", photos / "annotations.csv"]
    joint = in_pieces("training.evaluation.evaluate", 3, tmp_path, *flags)
    assert run_step("training.evaluation.evaluate", *flags, "--out", tmp_path / "whole").returncode == 0

    def without_times(folder: Path) -> dict[str, object]:
        found: dict[str, object] = dict(contents(folder))
        figures = json.loads((folder / "evaluation.json").read_text())
        found["evaluation.json"] = {key: value for key, value in figures.items() if "milliseconds" not in key}
        return {name: content for name, content in found.items() if name != "evaluation.md"}

    assert without_times(joint) == without_times(tmp_path / "whole")


def test_photos_drawn_with_other_fonts_are_no_whole(config_file: Path, tmp_path: Path) -> None:
    flags = ["--config", config_file, "--photos", 2]
    in_pieces("training.data.synthesis.draw", 2, tmp_path, *flags)
    manifest = tmp_path / "parts" / "2-of-2" / "manifest.json"
    drawn = json.loads(manifest.read_text())
    for fonts, digest, words in (
        ([*drawn["fonts"], "Other.ttf"], "0", "other fonts (Other.ttf)"),
        (drawn["fonts"], "0", "other versions of fonts"),
    ):
        manifest.write_text(json.dumps({**drawn, "fonts": fonts, "fonts_sha256": digest}))
        done = run_step("training.data.synthesis.draw", *flags, "--parts", tmp_path / "parts", "--out", tmp_path / "x")
        assert done.returncode == 2
        assert f"2-of-2 was drawn with {words} than 1-of-2" in done.stderr
        assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "no pieces"),
        (["1-of-3", "3-of-3"], "of 3 pieces 2 lacks; make it with --shard 2/3"),
        (["1-of-2", "2-of-2", "1-of-3"], "pieces of different divisions \\(2, 3\\)"),
    ],
)
def test_what_makes_no_whole_is_refused(names: list[str], words: str, tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).mkdir()
    with pytest.raises(ShardError, match=words):
        shards.whole(tmp_path)


def test_a_step_keeps_as_many_cores_busy_as_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert shards.cores() == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert shards.cores() >= 1
