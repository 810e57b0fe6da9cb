"""What the rules of further looks are worth: a table with a row for each set, on one run of the network."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import looks as benchmark
from tests.training.conftest import run_step
from training.detector import looks


def test_rules_hold_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "CERTAIN", 0.4)
    with benchmark.changed(benchmark.rules_of("CERTAIN=0.7,NUMBERS=2")):
        assert (looks.CERTAIN, looks.NUMBERS) == (0.7, 2)
        assert isinstance(looks.NUMBERS, int)
    assert looks.CERTAIN == 0.4


def test_every_set_of_rules_has_a_row(checkpoint: Path, records: Path) -> None:
    done = run_step("benchmarks.looks", "--checkpoint", checkpoint, "--records", records, "CERTAIN=0.01,LEGIBLE=0.01")
    assert done.returncode == 0, done.stderr
    released, other = done.stdout.splitlines()[-2:]
    assert released.startswith("| as released |")
    assert other.startswith("| CERTAIN 0.01, LEGIBLE 0.01 |")


def test_a_rule_that_is_none_is_refused_by_name(checkpoint: Path, records: Path) -> None:
    done = run_step("benchmarks.looks", "--checkpoint", checkpoint, "--records", records, "SURE=0.2")
    assert done.returncode == 2
    assert "SURE: no rule; there are TALL, CLEAR" in done.stderr
