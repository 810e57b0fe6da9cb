"""Interrupted anywhere and called again, a task goes on; the last good result stays until then."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from tests.conftest import Place


def test_a_training_that_was_interrupted_goes_on_at_its_last_checkpoint(place: Place, data: list[str]) -> None:
    run = place.run("broken-off")
    records = place.inv("data.records", *data, "--run", "broken-off")
    assert records.returncode == 0, records.stderr
    train = ["train", "--run", "broken-off"]
    code, said = place.inv_until(train, "step 150: ", lambda task: task.send_signal(signal.SIGINT))
    assert code == 130, said
    assert "run the same command again to go on" in said
    assert not (run / "checkpoints").exists()
    again = place.inv(*train)
    assert again.returncode == 0, again.stderr
    begun = re.search(r"step (\d+) of 600", again.stderr)
    assert begun, again.stderr
    assert int(begun[1]) >= 150
    assert (run / "checkpoints" / "training.json").exists()
    assert leftovers(run) == []


def leftovers(run: Path) -> list[str]:
    """What should not be in a run: hidden files and folders."""
    return [path.name for path in run.iterdir() if path.name.startswith(".")]
