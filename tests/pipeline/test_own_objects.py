"""Anybody's objects: every command of docs/your-own-objects.md on real photos, with next to no training."""

from __future__ import annotations

import csv
import json
import re
import shlex
import shutil
import signal

import pytest

from tests.conftest import ROOT, Place

RACCOONS = ROOT.parent / "shared" / "data" / "objects" / "raccoon"
DOCUMENT = ROOT / "docs" / "your-own-objects.md"
PHOTOS = 60
# A detector of six steps has learned nothing, and its boxes don't survive rounding: see the gate.
HURRY = ["--steps", "6", "--no-serve", "--quantize", "none"]
"""Instead of minutes of training, and of a page that holds the test up."""


def commands() -> list[list[str]]:
    """Commands in the document's blocks, as words."""
    blocks = re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    return [shlex.split(line)[1:] for block in blocks for line in block.splitlines() if line.startswith("./inv ")]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A place with some raccoons, called as in the document."""
    if not RACCOONS.is_dir():
        pytest.skip(f"{RACCOONS} isn't here")
    folder = tmp_path_factory.mktemp("own")
    (folder / "raccoons").mkdir()
    with (RACCOONS / "raccoon_labels.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    chosen = sorted({row[0] for row in rows})[:PHOTOS]
    for name in chosen:
        shutil.copy(RACCOONS / "images" / name, folder / "raccoons" / name)
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([head, *(row for row in rows if row[0] in chosen)])
    return Place(folder)


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_a_command_of_the_document_works(place: Place, words: list[str]) -> None:
    there = {"raccoons": place.folder / "raccoons", "labels.csv": place.folder / "labels.csv"}
    there["runs/raccoons"] = place.run("raccoons")
    task, *rest = [
        str(there.get(word, word)) if index and words[index - 1] != "--run" else word
        for index, word in enumerate(words)
    ]
    if task == "label":
        ended, said = place.inv_until([task, *rest], "Ctrl-C", lambda process: process.send_signal(signal.SIGINT))
        assert ended == 0, said
        assert f"0 of {PHOTOS} photos are labelled" in said
        return
    if task == "serve":
        ended, said = place.inv_until(["serve"], "Ctrl-C ends it", lambda process: process.send_signal(signal.SIGINT))
        assert ended in {0, 130}, said
        return
    if task == "pipeline":
        rest = [word for word in rest if word not in {"--minutes", "20"}] + HURRY
    done = place.inv(task, *rest, timeout=1800)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    if task == "plan":
        assert len(done.stdout.splitlines()) <= 15
        assert "raccoon 6" in done.stdout
    if task == "pipeline":
        name = rest[rest.index("--name") + 1] if "--name" in rest else "raccoons"
        report = json.loads((place.run(name) / "report.json").read_text("utf-8"))
        assert report["name"] == "raccoons" or name == report["name"]
        assert (place.run(name) / "config.yaml").is_file()
        # The same for the second time does nothing.
        assert "step 1 of " in done.stderr or "current: train" in done.stderr
