"""Steps up to the last of them: as a worker takes them that follows another, which judges and writes for all."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from itertools import chain
from typing import Any

from training.config import Configuration
from training.loop.course import Lap
from training.loop.gang import Alone
from training.loop.state import State, make_step
from training.loop.timetable import Timetable

SAY_EVERY = 50


class Steps:
    """The steps of one worker. What only the first one does are methods that do less here; `loop.Loop` has them all."""

    def __init__(self, config: Configuration, state: State, gang: Alone) -> None:
        """Go on from ``state``, which is worker 0's."""
        self.config, self.state, self.gang = config, state, gang
        self.table = Timetable.written(config.training)
        self.stale = int(state.stale)
        self.step = make_step(state, config, gang)

    def run(self, first: int, drawn: Iterator[Any], photos: int, ended: Sequence[int]) -> None:
        """Train from step ``first`` on, on batches of ``photos`` photos, until the end or until ``ended`` isn't empty.

        Where several train, until it isn't at one of them.

        Raises:
            ModelError: a loss or a weight isn't a number any more
            KeyboardInterrupt: after a checkpoint, where it was ended
        """
        batches = drawn
        (is_unplanned,) = self.gang.tell(self.is_unplanned())
        if is_unplanned:
            batches = chain(self._plan(drawn, first), drawn)
        self._agree()
        self.state.follow(self.table)
        self._say(f"training: step {first} of {self.table.steps}, {photos} photos")
        patience, batch = self.config.training.patience, self.config.training.batch
        lap, number = Lap(batch), first
        while number < self.table.steps:
            if self.stale >= patience:
                self._say(f"no better calibration figure in {patience} checkpoints: stopped early")
                break
            number += 1
            before = time.monotonic()
            crops = next(batches)
            waited = time.monotonic() - before
            lap.add(self.step(*crops), waited)
            if number % SAY_EVERY == 0:
                self._report(number, lap)
            stop, late = self.gang.hear(number, bool(ended), self._is_late(lap))
            if number % self.table.checkpoint_every == 0 or number == self.table.steps or late:
                self._check_in(number, lap)
                self._agree()
                lap = Lap(batch)
            elif stop:
                self.state.check()
                self._save()
                raise KeyboardInterrupt

    def _agree(self) -> None:
        """What worker 0 has and decided holds for all."""
        self.gang.share(self.state.variables())
        steps, warmup, averaging, every, stale = self.gang.tell(*astuple(self.table), self.stale)
        table = Timetable(int(steps), int(warmup), averaging, int(every))
        self.stale = int(stale)
        if table != self.table:
            self.table = table
            self.state.follow(table)

    def is_unplanned(self) -> bool:
        """Whether a timetable has yet to be made of minutes."""
        return False

    def _plan(self, batches: Iterator[Any], _: int, /) -> list[Any]:
        """Take the steps with which worker 0 measures; the batches that it was measured with."""
        before, seen = self.state.snapshot(), []
        while self.gang.tell(False)[0]:
            seen.append(next(batches))
            self.step(*seen[-1])
        self.state.put_back(before)
        return seen

    def _is_late(self, _: Lap, /) -> bool:
        """Whether a checkpoint should be written early."""
        return False

    def _check_in(self, _: int, __: Lap, /) -> None:
        """At a checkpoint."""
        self.state.check()

    def _report(self, number: int, lap: Lap, /) -> None:
        """On the way."""

    def _save(self) -> None:
        """Write a checkpoint."""

    def _say(self, line: str) -> None:
        """A line of progress."""
