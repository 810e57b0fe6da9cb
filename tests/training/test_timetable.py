"""Time becomes steps: what follows from their number, and how a slow machine is met."""

from __future__ import annotations

import time
from pathlib import Path
from unittest.mock import MagicMock

import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from training.config import Training, dump, parse
from training.errors import ConfigurationError
from training.loop import loop, steps, timetable
from training.loop.calibration import Verdict
from training.loop.course import Lap
from training.loop.timetable import LEAST, Clock, Log, Timetable, in_words, seconds_per_step

ASKED = Training(minutes=10.0)


@given(steps=st.integers(1, 100_000), checkpoints=st.integers(1, 8))
def test_what_follows_from_steps_is_possible_for_every_number(steps: int, checkpoints: int) -> None:
    table = Timetable.of_steps(steps, ASKED, checkpoints)
    assert table.steps == steps
    assert 1 <= table.warmup <= max(1, steps // 2)
    assert 0.9 <= table.averaging <= 0.999
    assert 1 <= table.checkpoint_every <= steps
    assert -(-steps // table.checkpoint_every) <= checkpoints


def test_what_is_written_wins() -> None:
    table = Timetable.of_steps(3000, Training(minutes=10.0, warmup=7, averaging=0.5))
    assert (table.warmup, table.averaging, table.checkpoint_every) == (7, 0.5, 375)
    assert Timetable.written(Training(steps=40, warmup=3)) == Timetable(40, 3, 0.998, 500)


@given(minutes=st.floats(0.1, 120), used=st.floats(0, 600), each=st.floats(0.001, 5), judging=st.floats(0.0001, 60))
def test_a_plan_fits_into_the_time_or_is_the_least(minutes: float, used: float, each: float, judging: float) -> None:
    clock = Clock(minutes, used, time.monotonic())
    table = clock.plan(ASKED, each, judging)
    checkpoints = -(-table.steps // table.checkpoint_every)
    needed = table.steps * each + (checkpoints + 1) * judging
    assert table.steps >= LEAST
    assert needed <= max(0.0, minutes * 60 - used) or table.steps == LEAST


@given(done=st.integers(1, 99), each=st.floats(0.01, 100))
def test_a_machine_of_another_speed_gets_as_many_steps_as_fit(done: int, each: float) -> None:
    table = Timetable(100, 6, 0.9, 13)
    clock = Clock(1.0, 0.0, time.monotonic())
    corrected = clock.correct(table, done, each, 0.5)
    assert done < corrected.steps <= done + 2 * (100 - done)
    if corrected.steps > done + 1:
        assert (corrected.steps - done) * each <= 60 * (1 + timetable.SLIP)


def test_a_finished_schedule_is_not_prolonged() -> None:
    table = Timetable(100, 6, 0.9, 13)
    assert Clock(100.0, 0.0, time.monotonic()).correct(table, 100, 0.001, 0.0) == table


def test_the_log_forgets_what_came_after_the_checkpoint(tmp_path: Path) -> None:
    first, second = Timetable(100, 6, 0.9, 13), Timetable(50, 6, 0.9, 13)
    log = Log(tmp_path, 0)
    assert log.latest is None
    log.add(first, 0)
    log.add(second, 26)
    assert Log(tmp_path, 26).latest == second
    assert Log(tmp_path, 25).latest == first


def test_compiling_after_a_pause_does_not_shorten_a_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = Timetable.of_steps(80, Training(minutes=2))
    Log(tmp_path, 0).add(table, 0)
    monkeypatch.setattr(steps, "make_step", lambda *_: None)
    numbers = {"step": 10, "stale": 0, "best": 0.5, "kept": 0.9}
    state = MagicMock(**{name: tf.Variable(value) for name, value in numbers.items()})
    calibration = MagicMock()
    calibration.judge.return_value = Verdict(0.0, 0.0, 0.5, 0.1, 1, [])
    config = MagicMock(training=Training(minutes=2))
    going_on = loop.Loop(config, tmp_path, state, calibration, Clock(2, 20, time.monotonic()))
    for number, kept in ((20, True), (30, False)):
        lap = Lap(4)
        lap.add(tf.zeros(2), 0.0)
        lap.started -= 60
        going_on._check_in(number, lap)
        assert (going_on.table == table) is kept


def test_a_step_is_timed_as_often_as_asked() -> None:
    calls: list[int] = []
    assert seconds_per_step(lambda: calls.append(1), 3, 9, 0.0) >= 0
    assert len(calls) == 3
    seconds_per_step(lambda: calls.append(1), 3, 9, 60.0)
    assert len(calls) == 12


@pytest.mark.parametrize(("seconds", "words"), [(-3, "about 0 s"), (40, "about 40 s"), (400, "about 7 min")])
def test_time_is_said_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_minutes_and_steps_together_are_refused_and_a_dump_says_only_one() -> None:
    text = "name: x\nclasses: [a]\ntraining: {minutes: 3, warmup: 9}\n"
    config = parse(text, "x")
    again = parse(dump(config), "x")
    assert again == config
    assert again.training.model_fields_set & {"steps", "warmup", "averaging"} == {"warmup"}
    with pytest.raises(ConfigurationError, match="minutes and steps"):
        parse(text.replace("warmup", "steps"), "x")
