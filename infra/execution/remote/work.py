"""What is asked of a cluster, and how a node is made ready for it."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray

from infra.execution.remote import hand as hands

LOST = (ray.exceptions.RayActorError, ray.exceptions.ObjectLostError, ray.exceptions.RaySystemError)
"""How it shows that a node is gone."""
QUICK = 60.0
"""Seconds for an answer that a node has at hand."""


class UnfitError(Exception):
    """A node can't make what is asked."""


@dataclass(frozen=True)
class Answer:
    """Where the answers to one request go."""

    number: int
    send: Callable[[dict[str, Any]], None]

    def say(self, text: str) -> None:
        """A line for the person who waits."""
        self.send({"id": self.number, "say": text})

    def done(self) -> None:
        """All is made."""
        self.send({"id": self.number, "done": True})

    def ended(self, outcome: dict[str, Any]) -> None:
        """A step ended otherwise than well; ``outcome`` is what `Hand.run` returned."""
        self.send({"id": self.number, "ended": outcome})

    def refused(self, text: str) -> None:
        """It can't be made here; ``text`` says what to do."""
        self.send({"id": self.number, "refused": text})


class Work:
    """A request: a module, its inputs, and what of it has to be the same on every node."""

    def __init__(self, message: dict[str, Any], origin: str, apart: bool, answer: Answer) -> None:
        self.name: str = message["name"]
        self.module: str = message["module"]
        self.environment: str = message["environment"]
        self.words: list[str] = message["words"]
        self.inputs: dict[str, str] = message["inputs"]
        """paths by their flags"""
        self.carried: dict[str, str] = message["carried"]
        """what of them has to be there, with its digest"""
        self.out = Path(message["out"])
        self.pieces: int = message.get("pieces", 0)
        self.todo: list[int] = message.get("todo", [])
        """which pieces aren't there yet"""
        self.code, self.lock = message["code"], message["lock"]
        """hashes; None: an image says what both are"""
        self.origin, self.apart, self.answer = origin, apart, answer

    def equip(self, hand: Any) -> dict[str, str]:
        """Make a node ready; returns where it has the inputs, by their flags.

        Raises:
            UnfitError: it has other code or other packages
        """
        about = ray.get(hand.about.remote(self.module, self.environment), timeout=QUICK)
        if about["python"] is None:
            raise UnfitError(f"{about['host']} has no environment {self.environment}: ./inv environments.install there")
        if self.code is not None and about["code"] != self.code:
            raise UnfitError(f"{about['host']} has other code: check out the same commit there")
        if self.lock is not None and about["lock"] not in (None, self.lock):
            raise UnfitError(f"{about['host']} has other packages: ./inv environments.install there")
        try:
            places = {path: self.bring(hand, path, digest) for path, digest in sorted(self.carried.items())}
        except ray.exceptions.RayTaskError as error:
            raise UnfitError(f"{about['host']} can't take the inputs: {error.cause}") from error
        found = {}
        for flag, path in self.inputs.items():
            home = next(home for home in (path, *map(str, Path(path).parents)) if home in places)
            found[flag] = places[home] + path.removeprefix(home)
        return found

    def bring(self, hand: Any, path: str, digest: str) -> str:
        """Have a file or a folder on a node; returns where it has it."""
        place = ray.get(hand.has.remote(path, digest, self.origin, self.apart), timeout=None)
        if place is None:
            with hands.pack(Path(path)) as file:
                while chunk := file.read(hands.CHUNK):
                    ray.get(hand.take.remote(chunk))
            place = ray.get(hand.taken.remote(path, digest, self.origin))
        return str(place)

    def target(self, hand: Any, out: Path) -> tuple[str, str | None]:
        """Where a node writes ``out``: there, where it sees that; else in a scratch folder, which is returned, too."""
        if not self.apart:
            out.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(prefix=f".seen-{uuid.uuid4().hex}", dir=out.parent) as file:
                if ray.get(hand.sees.remote(file.name), timeout=QUICK):
                    return str(out), None
        scratch = str(ray.get(hand.scratch.remote(), timeout=QUICK))
        return f"{scratch}/{out.name}", scratch

    def fetch(self, hand: Any, place: str, out: Path) -> None:
        """Bring what a node wrote at ``place`` to ``out``, chunk by chunk through the object store."""
        size = ray.get(hand.pack.remote(place))
        with tempfile.TemporaryFile() as file:
            while file.tell() < size:
                file.write(ray.get(hand.read.remote(file.tell())))
            file.seek(0)
            hands.unpack(file, out)

    def command(self, inputs: dict[str, str], out: str, *more: str) -> list[str]:
        """The command line after ``-m module``."""
        return [*(f"--{flag}={path}" for flag, path in inputs.items()), *self.words, *more, "--out", out]
