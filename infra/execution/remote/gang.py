"""A training on several nodes: placed together, told of each other by TF_CONFIG, and started again when one dies.

Checkpoints come back while it goes on, so that whoever starts it again begins at the last of them, wherever that is.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
import uuid
from typing import Any

import ray
from ray.util.placement_group import placement_group, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from infra.execution.remote.hand import Hand
from infra.execution.remote.nodes import Node, alive
from infra.execution.remote.work import LOST, QUICK, UnfitError, Work

LOST_OTHERS = 75
"""Exit code of a training that misses another of its processes, see training/command.py."""
ATTEMPTS = 3
"""Starts without a new checkpoint."""
LOOK_SECONDS = 1.0
SNAPSHOT_SECONDS = 5.0
FOLLOW_SECONDS = 20.0
"""Within so long the others end after one has died."""
GRACE_SECONDS = 45.0


class Gang(threading.Thread):
    """One training, in a thread of its own."""

    def __init__(self, work: Work, members: int) -> None:
        super().__init__(daemon=True)
        self._work, self._members = work, members
        self._cancelled = threading.Event()
        self._kept = ""
        """listing of the last snapshot"""
        self._reached = ""
        """the last checkpoint's name"""

    def cancel(self) -> None:
        """End it after a checkpoint."""
        self._cancelled.set()

    def run(self) -> None:
        """Start it until it has ended; answers when it has."""
        answer, without = self._work.answer, 0
        while True:
            before = self._reached
            try:
                outcome = self._attempt()
            except UnfitError as error:
                answer.refused(str(error))
                return
            except (ray.exceptions.RayTaskError, OSError) as error:
                answer.refused(str(error))
                return
            except LOST as error:
                outcome = {"exit_code": -9, "last": [type(error).__name__], "held": [], "command": []}
            if outcome["exit_code"] == 0:
                answer.done()
                return
            if self._cancelled.is_set() or not _has_died(outcome):
                answer.ended(outcome)
                return
            without = 1 if self._reached != before else without + 1
            if without >= ATTEMPTS:
                answer.say(f"[{self._work.name}] started {ATTEMPTS} times without a new checkpoint: given up")
                answer.ended(outcome)
                return
            answer.say(f"[{self._work.name}] a member died: all start again from the last checkpoint")

    def _attempt(self) -> dict[str, Any]:
        """Place and start all; the outcome that counts: that of whoever failed first."""
        group, bundle = self._place()
        actors: list[Any] = []
        try:
            for place in range(self._members):
                strategy = PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=place)
                resources = {"num_cpus": bundle["CPU"], "num_gpus": bundle.get("GPU", 0)}
                options = ray.remote(Hand).options(scheduling_strategy=strategy, max_concurrency=4, **resources)
                actors.append(options.remote(bundle["CPU"]))
            return self._train(actors)
        finally:
            for actor in actors:
                ray.kill(actor)
            with contextlib.suppress(Exception):
                remove_placement_group(group)

    def _place(self) -> tuple[Any, dict[str, int]]:
        """Room for all members at once, spread over the nodes."""
        nodes = [node for node in alive() if node.cores]
        bundle = share(nodes, self._members)
        group = placement_group([bundle] * self._members, strategy="SPREAD")
        said = False
        while not group.wait(timeout_seconds=5):
            if self._cancelled.is_set():
                remove_placement_group(group)
                raise UnfitError("ended before there was room")
            if not said:
                said = True
                self._work.answer.say(f"[{self._work.name}] waits for {self._members} × {bundle} of the cluster")
        return group, bundle

    def _train(self, actors: list[Any]) -> dict[str, Any]:
        work = self._work
        addresses = self._addresses(actors)
        runs, places = {}, []
        for index, actor in enumerate(actors):
            inputs = work.equip(actor)
            place, scratch = work.target(actor, work.out)
            if scratch and work.out.exists():
                # What an earlier attempt left to go on with.
                place = work.bring(actor, str(work.out), uuid.uuid4().hex)
            places.append((place, scratch))
            config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
            variables = {"TF_CONFIG": json.dumps(config)} if self._members > 1 else {}
            runs[actor.run.remote(work.module, work.command(inputs, place), work.environment, variables)] = index
        chief, (place, scratch) = actors[0], places[0]
        outcomes: dict[int, dict[str, Any]] = {}
        looked, stopped, died = 0.0, 0.0, 0.0
        while len(outcomes) < len(actors):
            ready, _ = ray.wait(list(runs), timeout=LOOK_SECONDS)
            for run in ready:
                index = runs.pop(run)
                try:
                    outcomes[index] = ray.get(run)
                except LOST as error:
                    gone = f"the node of worker {index} is gone ({type(error).__name__})"
                    outcomes[index] = {"exit_code": -9, "last": [gone], "held": [], "command": []}
                if outcomes[index]["exit_code"] and not died:
                    died = time.monotonic()
                    work.answer.say(f"[{work.name}] worker {index} ended: {outcomes[index]['exit_code']}")
            if 0 not in outcomes:
                self._listen(chief)
                if time.monotonic() - looked > SNAPSHOT_SECONDS:
                    looked = time.monotonic()
                    self._keep(chief, place, scratch)
            if self._cancelled.is_set() and not stopped:
                stopped = time.monotonic()
                for actor in actors:
                    actor.stop.remote()
            if (stopped and time.monotonic() - stopped > GRACE_SECONDS) or (
                died and time.monotonic() - died > FOLLOW_SECONDS and not stopped
            ):
                break
        with contextlib.suppress(*LOST, ray.exceptions.GetTimeoutError):
            self._listen(chief)
            self._keep(chief, place, scratch)
        for actor, (_, folder) in zip(actors, places, strict=True):
            with contextlib.suppress(*LOST, ray.exceptions.GetTimeoutError, ray.exceptions.RayTaskError):
                if folder:
                    ray.get(actor.forget.remote(folder), timeout=QUICK)
        return _verdict(outcomes)

    def _addresses(self, actors: list[Any]) -> list[str]:
        homes = {node.name: node.address for node in alive()}
        found = []
        for actor in actors:
            address = homes[str(ray.get(actor.node.remote()))]
            found.append(f"{address}:{ray.get(actor.free_port.remote(address), timeout=QUICK)}")
        return found

    def _listen(self, chief: Any) -> None:
        with contextlib.suppress(*LOST, ray.exceptions.GetTimeoutError):
            for line in ray.get(chief.look.remote(), timeout=QUICK)[1]:
                self._work.answer.say(f"[{self._work.name}] {line}")

    def _keep(self, chief: Any, place: str, scratch: str | None) -> None:
        """Bring the folder here if it has changed; one that changes meanwhile is brought next time."""
        with contextlib.suppress(*LOST, ray.exceptions.GetTimeoutError, ray.exceptions.RayTaskError):
            listing, reached = ray.get(chief.listing.remote(place), timeout=QUICK)
            if not listing or listing == self._kept:
                return
            if scratch:
                self._work.fetch(chief, place, self._work.out)
            self._kept, self._reached = listing, reached


def share(nodes: list[Node], members: int) -> dict[str, int]:
    """What each member gets: a GPU where there are as many, else its part of the processors.

    Raises:
        UnfitError: there is no room for so many, whoever else is there
    """
    if sum(node.gpus for node in nodes) >= members:
        cores = min(max(1, node.cores // node.gpus) for node in nodes if node.gpus)
        return {"CPU": cores, "GPU": 1}
    for cores in range(max((node.cores for node in nodes), default=0), 0, -1):
        if sum(node.cores // cores for node in nodes) >= members:
            return {"CPU": cores}
    there = sum(node.cores for node in nodes)
    raise UnfitError(f"{members} workers need as many processors; the cluster has {there}: add nodes, or ask for fewer")


def _verdict(outcomes: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """Who died by a signal or with its node counts first: what the others say is that they miss it."""
    every = [outcomes[index] for index in sorted(outcomes)]
    killed = [one for one in every if one["exit_code"] < 0]
    refused = [one for one in every if one["exit_code"] > 0 and not _has_died(one)]
    missing = [one for one in every if _has_died(one)]
    return next(iter([*killed, *refused, *missing, *every]))


def _has_died(outcome: dict[str, Any]) -> bool:
    """Whether it was killed, or ended because another was: who starts it again may hope."""
    return outcome["exit_code"] < 0 or outcome["exit_code"] == LOST_OTHERS
