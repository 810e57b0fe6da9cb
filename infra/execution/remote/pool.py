"""Pieces of steps on whichever node is free: each node makes one at a time, with all of its processors.

A piece whose node dies is made on another. A step that fails for another reason than its node isn't tried again: it
would fail everywhere.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from infra.execution.remote.hand import Hand
from infra.execution.remote.nodes import Node, alive
from infra.execution.remote.work import LOST, UnfitError, Work

DEATHS = 5
"""Nodes, or children killed by a signal, that a piece may outlive."""
SAY_SECONDS = 5.0
LOOK_SECONDS = 2.0


@dataclass
class Batch:
    """The pieces of one step."""

    work: Work
    waiting: deque[int]
    began: float = field(default_factory=time.monotonic)
    said: float = field(default_factory=time.monotonic)
    done: int = 0
    deaths: dict[int, int] = field(default_factory=dict)
    unfit: dict[str, str] = field(default_factory=dict)
    progress: dict[int, tuple[int, int, str]] = field(default_factory=dict)

    @property
    def left(self) -> int:
        """Pieces that aren't made yet."""
        return self.work.pieces - self.done


@dataclass
class Slot:
    """A node at work, or ready for it."""

    node: Node
    actor: Any
    batch: Batch | None = None
    piece: int = 0
    run: Any = None
    place: str = ""
    scratch: str | None = None


class Pool:
    """All pieces that wait, and the nodes that make them; idle, it holds none."""

    def __init__(self) -> None:
        self._batches: dict[int, Batch] = {}
        self._slots: dict[str, Slot] = {}
        self._looked = 0.0

    @property
    def busy(self) -> bool:
        """Whether anything is to be made."""
        return bool(self._batches)

    def add(self, number: int, work: Work) -> None:
        """Take on the pieces of ``work``."""
        self._batches[number] = Batch(work, deque(work.todo), done=work.pieces - len(work.todo))

    def cancel(self, number: int | None = None) -> None:
        """End the pieces of a request, or of all."""
        for one in [number] if number is not None else list(self._batches):
            batch = self._batches.pop(one, None)
            for slot in [slot for slot in self._slots.values() if batch and slot.batch is batch]:
                self._drop(slot)

    def tick(self, seconds: float) -> None:
        """Go on for about ``seconds``."""
        if not self._batches:
            for slot in list(self._slots.values()):
                self._drop(slot)
            return
        self._hire()
        for slot in list(self._slots.values()):
            if slot.batch is None:
                self._assign(slot)
        running = {slot.run: slot for slot in self._slots.values() if slot.batch}
        if running:
            ready, _ = ray.wait(list(running), timeout=seconds)
            for run in ready:
                self._take(running[run])
        else:
            time.sleep(seconds)
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._looked = time.monotonic()
            self._look()

    def _hire(self) -> None:
        """A hand on each node that has none, while pieces wait."""
        if not any(batch.waiting for batch in self._batches.values()):
            return
        for node in alive():
            if node.name not in self._slots and node.cores:
                strategy = NodeAffinitySchedulingStrategy(node.name, soft=False)
                resources = {"num_cpus": node.cores, **({"num_gpus": node.gpus} if node.gpus else {})}
                actor = (
                    ray.remote(Hand)
                    .options(scheduling_strategy=strategy, max_concurrency=4, **resources)
                    .remote(node.cores)
                )
                self._slots[node.name] = Slot(node, actor, run=actor.__ray_ready__.remote())

    def _assign(self, slot: Slot) -> None:
        """Give a node that is there its next piece."""
        if not ray.wait([slot.run], timeout=0)[0]:
            return
        for number, batch in list(self._batches.items()):
            if not batch.waiting or slot.node.name in batch.unfit:
                continue
            work, piece = batch.work, batch.waiting.popleft()
            try:
                ray.get(slot.run)
                inputs = work.equip(slot.actor)
                out = work.out / f"{piece}-of-{work.pieces}"
                slot.place, slot.scratch = work.target(slot.actor, out)
                words = work.command(inputs, slot.place, f"--shard={piece}/{work.pieces}")
                slot.run = slot.actor.run.remote(work.module, words, work.environment, {})
                slot.batch, slot.piece = batch, piece
            except UnfitError as error:
                batch.waiting.appendleft(piece)
                batch.unfit[slot.node.name] = str(error)
                work.answer.say(f"[{work.name}] {error}")
                if {node.name for node in alive() if node.cores} <= set(batch.unfit):
                    self._finish(
                        number, "no node of the cluster can make this:\n  " + "\n  ".join(batch.unfit.values())
                    )
                continue
            except (*LOST, ray.exceptions.GetTimeoutError):
                batch.waiting.appendleft(piece)
                self._lost(slot)
            return

    def _take(self, slot: Slot) -> None:
        """What became of a piece."""
        batch, piece = slot.batch, slot.piece
        assert batch is not None
        work = batch.work
        try:
            outcome = ray.get(slot.run)
            if outcome["exit_code"] == 0 and slot.scratch:
                work.fetch(slot.actor, slot.place, work.out / f"{piece}-of-{work.pieces}")
                ray.get(slot.actor.forget.remote(slot.scratch))
        except LOST as error:
            self._again(batch, piece, f"{slot.node.host} is gone ({type(error).__name__})")
            self._lost(slot)
            return
        except (ray.exceptions.RayTaskError, OSError) as error:
            outcome = {"exit_code": 1, "last": [f"{slot.node.host}: {error}"], "held": [], "command": []}
        slot.batch = None
        number = next((number for number, one in self._batches.items() if one is batch), None)
        if number is None:
            return
        if outcome["exit_code"] == 0:
            batch.done += 1
            done, total, noun = batch.progress.get(piece, (0, 0, ""))
            batch.progress[piece] = (total or done, total or done, noun)
            if not batch.left:
                work.answer.say(self._line(batch))
                self._finish(number)
        elif outcome["exit_code"] < 0:
            self._again(batch, piece, f"signal {-outcome['exit_code']} ended it on {slot.node.host}")
            if batch.deaths[piece] > DEATHS:
                self._fail(number, outcome)
        else:
            self._fail(number, outcome)

    def _again(self, batch: Batch, piece: int, why: str) -> None:
        batch.deaths[piece] = batch.deaths.get(piece, 0) + 1
        batch.progress.pop(piece, None)
        batch.waiting.appendleft(piece)
        batch.work.answer.say(f"[{batch.work.name}] piece {piece} of {batch.work.pieces} is made again: {why}")

    def _fail(self, number: int, outcome: dict[str, Any]) -> None:
        batch = self._batches[number]
        self.cancel(number)
        batch.work.answer.ended(outcome)

    def _finish(self, number: int, refusal: str = "") -> None:
        batch = self._batches[number]
        self.cancel(number)
        if refusal:
            batch.work.answer.refused(refusal)
        else:
            batch.work.answer.done()

    def _lost(self, slot: Slot) -> None:
        self._slots.pop(slot.node.name, None)
        slot.batch = None

    def _drop(self, slot: Slot) -> None:
        """Let go of a node; what runs there is ended with it."""
        self._slots.pop(slot.node.name, None)
        if slot.batch is not None:
            slot.batch = None
            # It is to go in any case.
            with contextlib.suppress(Exception):
                ray.get(slot.actor.end.remote(), timeout=10)
        ray.kill(slot.actor)

    def _look(self) -> None:
        """Ask how far the pieces are, and say it now and then."""
        asked = {slot.actor.look.remote(): slot for slot in self._slots.values() if slot.batch}
        ready, _ = ray.wait(list(asked), num_returns=len(asked), timeout=1.0) if asked else ([], [])
        for one in ready:
            slot = asked[one]
            if slot.batch is None:
                continue
            try:
                slot.batch.progress[slot.piece] = ray.get(one)[0]
            except LOST:
                continue  # `_take` will learn of it
        for batch in self._batches.values():
            if time.monotonic() - batch.said > SAY_SECONDS:
                batch.said = time.monotonic()
                batch.work.answer.say(self._line(batch))

    def _line(self, batch: Batch) -> str:
        """All pieces in one line, with how long the rest takes."""
        work, passed = batch.work, time.monotonic() - batch.began
        shares = [done / total for done, total, _ in batch.progress.values() if total]
        # A small piece says nothing of itself.
        before = work.pieces - len(work.todo)
        share = max(sum(shares), float(batch.done - before)) / max(1, len(work.todo))
        at_work = sum(slot.batch is batch for slot in self._slots.values())
        noun = next((noun for _, total, noun in batch.progress.values() if total), "")
        items = f", {sum(done for done, _, _ in batch.progress.values()):,} {noun}" if noun else ""
        rest = passed * (1 - share) / share if share else 0.0
        left = f", about {rest:.0f} s left" if 0 < rest < 90 else f", about {rest / 60:.0f} min left" if rest else ""
        nodes = f", {at_work} node{'s' * (at_work != 1)} at work" if batch.left else f", {passed:.0f} s"
        return f"[{work.name}] {batch.done} of {work.pieces} pieces{items}{nodes}{left}"
