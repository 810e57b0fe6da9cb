"""Interrupted anywhere and called again, a task goes on; the last good result stays until then."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

from tests.conftest import ROOT, Place


def train_until(place: Place, text: str) -> tuple[int, str]:
    """Call `./inv train` and interrupt it once it has said ``text``; exit code and all it said."""
    task = subprocess.Popen(
        [str(ROOT / "inv"), "train", "--run", "broken-off"],
        cwd=ROOT,
        env=place.environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert task.stderr is not None
    said = ""
    with task.stderr:
        for line in task.stderr:
            said += line
            if text in line:
                task.send_signal(signal.SIGINT)
    return task.wait(60), said


def test_a_training_that_was_interrupted_goes_on_at_its_last_checkpoint(place: Place, data: list[str]) -> None:
    run = place.run("broken-off")
    records = place.inv("data.records", *data, "--run", "broken-off")
    assert records.returncode == 0, records.stderr
    code, said = train_until(place, "step 150: ")
    assert code == 130, said
    assert "run the same command again to go on" in said
    assert not (run / "checkpoints").exists()
    again = place.inv("train", "--run", "broken-off")
    assert again.returncode == 0, again.stderr
    begun = re.search(r"step (\d+) of 600", again.stderr)
    assert begun, again.stderr
    assert int(begun[1]) >= 150
    assert (run / "checkpoints" / "training.json").exists()
    assert leftovers(run) == []


def leftovers(run: Path) -> list[str]:
    """What should not be in a run: hidden files and folders."""
    return [path.name for path in run.iterdir() if path.name.startswith(".")]
