"""The loop: steps, what is said of them, checkpoints, and the time that all of it takes."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from training.config import Configuration
from training.loop.calibration import Calibration
from training.loop.course import Course, Lap
from training.loop.state import State, make_step
from training.loop.timetable import Clock, Log, Timetable, in_words, seconds_per_step
from training.models import WEIGHTS

SAY_EVERY = 50
SAY_SECONDS = 20.0
LATE = 2.0
"""A checkpoint is written early where the way to it takes so many times as long as planned."""


class Loop:
    """Steps and checkpoints, up to the last of them."""

    def __init__(
        self, config: Configuration, out: Path, state: State, calibration: Calibration, clock: Clock | None
    ) -> None:
        """Go on from ``state`` in the folder ``out``; ``clock`` where it was given minutes instead of steps."""
        self.config, self.out, self.state, self.calibration, self.clock = config, out, state, calibration, clock
        first = int(state.step)
        self.course, self.log = Course(out, first), Log(out, first)
        self.cold = self.log.latest is not None
        """whether compiling falls into this lap: of a training that goes on, the first one says nothing of speed"""
        self.table = self.log.latest or Timetable.written(config.training)
        self.stale = int(state.stale)
        self.step = make_step(state, config)
        self.judging = 0.0
        """seconds that the last look at the calibration photos took"""

    def run(self, first: int, drawn: Iterator[Any], photos: int, ended: Sequence[int]) -> None:
        """Train from step ``first`` on, on batches of ``photos`` photos, until the end or until ``ended`` isn't empty.

        Raises:
            ModelError: a loss or a weight isn't a number any more
            KeyboardInterrupt: after a checkpoint, where it was ended
        """
        batches = drawn
        if self.clock and not self.log.latest:
            batches = chain(self._plan(self.clock, drawn), drawn)
            self.log.add(self.table, first)
        self.state.follow(self.table)
        print(f"training: step {first} of {self.table.steps}, {photos} photos", file=sys.stderr)
        patience, batch = self.config.training.patience, self.config.training.batch
        lap, said, number = Lap(batch), time.monotonic(), first
        while number < self.table.steps:
            if self.stale >= patience:
                print(f"no better calibration figure in {patience} checkpoints: stopped early", file=sys.stderr)
                break
            number += 1
            before = time.monotonic()
            crops = next(batches)
            waited = time.monotonic() - before
            lap.add(self.step(*crops), waited)
            if number % SAY_EVERY == 0 and (self.clock is None or time.monotonic() - said > SAY_SECONDS):
                said = time.monotonic()
                self.state.check()
                self._say(number, lap)
            if self._is_checkpoint(number, lap):
                self._check_in(number, lap)
                lap = Lap(batch)
            elif ended:
                self.state.check()
                self._save()
                raise KeyboardInterrupt

    def _plan(self, clock: Clock, batches: Iterator[Any]) -> list[Any]:
        """Make a timetable from how fast this machine is; the batches that it was measured with are trained on yet."""
        state, before = self.state, self.state.snapshot()
        self.calibration.judge(state.averaged)
        judged = time.monotonic()
        self.calibration.judge(state.averaged)
        self.judging = time.monotonic() - judged
        seen = [next(batches)]
        # The first one compiles.
        self.step(*seen[0]).numpy()

        def measured() -> None:
            seen.append(next(batches))
            self.step(*seen[-1]).numpy()

        each = seconds_per_step(measured, 4, 40, min(12.0, 0.04 * clock.minutes * 60))
        state.put_back(before)
        self.table = clock.plan(self.config.training, each, self.judging)
        print(
            f"{1 / each:.1f} steps a second: {self.table.steps} steps in {clock.minutes:g} minutes, "
            "with compiling and judging",
            file=sys.stderr,
        )
        return seen

    def _is_checkpoint(self, number: int, lap: Lap) -> bool:
        """Whether it is time for one, or late where the machine has become slow."""
        late = self.clock and lap.steps > 1 and lap.seconds() > LATE * self.clock.lap(self.table)
        return number % self.table.checkpoint_every == 0 or number == self.table.steps or bool(late)

    def _check_in(self, number: int, lap: Lap) -> None:
        """Judge the average, keep it if it is taken, and write a checkpoint."""
        state = self.state
        state.check()
        entry = {"step": number, **lap.entry()}
        verdict = self.calibration.judge(state.averaged)
        better = verdict.figure > float(state.best)
        state.best.assign(max(verdict.figure, float(state.best)))
        self.stale = 0 if better else self.stale + 1
        state.stale.assign(self.stale)
        taken = verdict.is_taken(float(state.kept))
        if taken:
            state.kept.assign(verdict.figure)
            _save_weights(state.averaged, self.out / WEIGHTS)
        self.judging = lap.seconds() - entry["seconds"]
        figures = {"calibration": verdict.figure, "calibration_low": verdict.low, "calibration_high": verdict.high}
        self.course.add({**entry, **figures, "threshold": verdict.threshold}, verdict.pictures)
        print(f"step {number}: calibration {verdict.figure:.3f}{' (kept)' if taken else ''}", file=sys.stderr)
        if self.clock and not self.cold:
            corrected = self.clock.correct(self.table, number, entry["seconds"] / lap.steps, self.judging)
            if corrected != self.table:
                self.table = corrected
                self.log.add(corrected, number)
                state.follow(corrected)
                print(f"the machine's speed changed: {corrected.steps} steps in all", file=sys.stderr)
        self.cold = False
        self._save()

    def _save(self) -> None:
        if self.clock:
            self.state.seconds.assign(self.clock.used())
        self.state.save()

    def _say(self, number: int, lap: Lap) -> None:
        """A line of progress."""
        class_loss, box_loss = lap.means()
        left = self.table.steps - number
        seconds = left * lap.seconds() / lap.steps + (left // self.table.checkpoint_every + 1) * self.judging
        print(
            f"step {number} of {self.table.steps}, {in_words(seconds)} left, class loss {class_loss:.3f}, "
            f"box loss {box_loss:.3f}, {lap.rate():.0f} photos/s",
            file=sys.stderr,
        )


def _save_weights(model: Any, path: Path) -> None:
    temporary = path.with_name(f"new.{path.name}")
    model.save_weights(temporary)
    temporary.replace(path)
