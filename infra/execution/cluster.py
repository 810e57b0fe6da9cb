"""Runs steps on a cluster of Ray's: pieces on whichever node is free, a training on several at once.

Ray is in a program of its own, `remote.driver`, in the train environment: here are only the lines that it takes and
gives. Without an address it starts a private Ray on this machine, which ends with it, however we end.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import json
import os
import queue
import secrets
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from infra import fingerprints
from infra.errors import CommandError, DigitlensError, MissingPartError, UsageError
from infra.execution import environments, locks, processes
from infra.execution.local import Local
from infra.execution.steps import Step
from infra.progress import say
from infra.settings import ROOT, settings

START_SECONDS = 180.0
"""For Ray to start, or to be reached: on a busy machine a head takes a minute."""
END_SECONDS = 60.0
"""For a training to write a checkpoint, on whatever node."""
TRIES = 4
TOO_SLOW = "timed out during startup"
Started = TypeVar("Started")
TOKEN = "RAY_AUTH_TOKEN"


class Cluster:
    """A runner: steps that can be divided, and trainings, on the nodes of a cluster; other steps here."""

    at_once = 64

    def __init__(self, address: str = "", *, sent: bool = False) -> None:
        """``address`` is HOST:PORT of a cluster; empty: a private Ray. With ``sent`` nodes needn't see our folders."""
        self.address, self.sent = address, sent
        self._driver: _Driver | None = None
        self._starting = threading.Lock()

    def run(self, step: Step) -> None:
        """Run ``step`` to its end, its lines on stderr."""
        if step.shards:
            self._run_pieces(step)
        elif step.gang:
            self._run_gang(step)
        else:
            Local().run(step)

    def nodes(self) -> Any:
        """The nodes: see `remote.nodes.told`."""
        return self._connected().ask({"kind": "status"})

    def interrupt(self) -> None:
        """End what runs, after a checkpoint; nothing runs here any more."""
        if self._driver is not None:
            self._driver.cancel_all()

    def close(self) -> None:
        """End the driver, and the private Ray with it."""
        if self._driver is not None:
            self._driver.close()
            self._driver = None

    def _run_pieces(self, step: Step) -> None:
        # Pieces of an interrupted attempt count, if they are of the same.
        folder = step.output.with_name(f".{step.output.name}.{step.fingerprint()[:12]}.pieces")
        names = {number: folder / f"{number}-of-{step.shards}" for number in range(1, step.shards + 1)}
        with locks.refusing(folder.with_suffix(".lock"), str(step.output)):
            for old in step.output.parent.glob(f".{step.output.name}.*.pieces"):
                if old != folder:
                    shutil.rmtree(old)
            todo = [number for number, path in names.items() if not path.is_dir()]
            if todo:
                self._ask(step, folder, {"kind": "pieces", "pieces": step.shards, "todo": todo})
            Local().run(_joining(step, folder))
            shutil.rmtree(folder)

    def _run_gang(self, step: Step) -> None:
        with locks.refusing(step.lock, str(step.output)):
            # Here each of them is started by itself: none starts others.
            labels = {flag: value for flag, value in step.labels.items() if flag != "workers"}
            self._ask(replace(step, labels=labels), step.output, {"kind": "gang", "workers": step.gang})

    def _ask(self, step: Step, out: Path, more: Mapping[str, Any]) -> None:
        carried = {path.parent if flag in step.companions else path for flag, path in step.inputs.items()}
        request = {
            "name": step.name,
            "module": step.module,
            "environment": step.environment,
            "words": step.words(),
            "inputs": {flag: str(path) for flag, path in step.inputs.items()},
            "carried": {str(path): fingerprints.of_input(path) for path in {*carried, *step.named}},
            "out": str(out),
            "code": fingerprints.of_module(step.module, ROOT),
            "lock": fingerprints.of_file(environments.ensure(step.environment).stamp),
            **more,
        }
        self._connected().ask(request)

    def _connected(self) -> _Driver:
        with self._starting:
            if self._driver is None or not self._driver.lives:
                self._driver = patiently(lambda: _Driver(self.address, self.sent))
                atexit.register(self.close)
            return self._driver


def _joining(step: Step, pieces: Path) -> Step:
    """The step that puts the pieces together."""
    return replace(step, inputs={**step.inputs, "parts": pieces})


def patiently(start: Callable[[], Started]) -> Started:
    """What ``start`` gives; tried again where Ray gave up: it allows a node 30 s, which a busy machine doesn't keep."""
    for left in range(TRIES - 1, -1, -1):
        try:
            return start()
        except DigitlensError as error:
            if TOO_SLOW not in str(error) or not left:
                raise
            say("Ray gave up after 30 s: this machine is busy; tried again")
    raise AssertionError


def variables(token: str | None = None) -> dict[str, str]:
    """What every process of Ray's is told: our code, a token for whoever talks to it, and no word to anybody else."""
    overlay = environments.ensure("ray").folder
    return {
        "PYTHONPATH": f"{ROOT}{os.pathsep}{overlay}",
        "RAY_AUTH_MODE": "token",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        # Each waits in 70 MB for work that may never come.
        "RAY_enable_worker_prestart": "0",
        "RAY_prestart_worker_first_driver": "0",
        **({TOKEN: token} if token else {}),
    }


def token_file() -> Path:
    """Where the token of a cluster is that this project started."""
    return settings().paths.cache / "cluster" / "token"


def token() -> str | None:
    """The token that a cluster asks for: of the environment, else of the project; None: Ray looks in its own place."""
    if TOKEN in os.environ or "RAY_AUTH_TOKEN_PATH" in os.environ:
        return os.environ.get(TOKEN)
    return token_file().read_text("utf-8").strip() if token_file().exists() else None


class _Driver:
    """The program that talks to Ray: requests of any thread, an answer to each."""

    def __init__(self, address: str, sent: bool) -> None:
        """Start it, and wait until Ray is there.

        Raises:
            MissingPartError: it can't be reached, or not be started.
        """
        python = environments.ensure("train").python
        # Short: the names of sockets may have 107 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="dl-"))
        self._answers: dict[int, queue.Queue[dict[str, Any]]] = {0: queue.Queue()}
        self._numbers, self._writing = itertools.count(1), threading.Lock()
        own = token() if address else secrets.token_hex(32)
        words = ["--address", address] if address else []
        words += ["--apart"] if sent else []
        say(f"cluster: {address}" if address else "cluster: starts a private Ray on this machine ...")
        self._log = self._folder / "driver.log"
        with self._log.open("wb") as log:
            self._child = subprocess.Popen(
                [str(python), "-m", "infra.execution.remote.driver", "--folder", str(self._folder), *words],
                cwd=ROOT,
                env={**os.environ, **variables(own)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                start_new_session=True,
            )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        try:
            ready = self._answers[0].get(timeout=START_SECONDS)
        except BaseException as error:
            self.close()
            if isinstance(error, queue.Empty):
                raise MissingPartError(self._unreachable(address)) from error
            raise
        if "ready" not in ready:
            message = self._unreachable(address)
            self.close()
            raise MissingPartError(message)
        say(f"cluster: {told(ready['ready'])}")

    @property
    def lives(self) -> bool:
        """Whether it takes requests."""
        return self._child.poll() is None

    def ask(self, request: Mapping[str, Any]) -> Any:
        """Send a request and say what is said of it, up to its end; returns the answer.

        Raises:
            StepError, CommandError: as a step that runs here.
            UsageError: no node can do it.
        """
        number = next(self._numbers)
        answers = self._answers[number] = queue.Queue()
        self._send({"id": number, **request})
        try:
            while True:
                answer = answers.get()
                if "say" in answer:
                    say(answer["say"])
                elif "done" in answer:
                    return answer["done"]
                else:
                    self._raise(request, answer)
        except KeyboardInterrupt:
            self._send({"id": number, "cancel": True})
            with contextlib.suppress(queue.Empty):
                while {"done", "ended", "refused"}.isdisjoint(answer := answers.get(timeout=END_SECONDS)):
                    say(answer.get("say", ""))
            raise
        finally:
            del self._answers[number]

    def cancel_all(self) -> None:
        """End what runs for any thread."""
        for number in [number for number in list(self._answers) if number]:
            self._send({"id": number, "cancel": True})

    def close(self) -> None:
        """End it: with its input it ends what it started."""
        if self._child.stdin is not None:
            with contextlib.suppress(OSError):
                self._child.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(END_SECONDS)
        processes.end(self._child, 5.0)
        self._listener.join(5.0)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._child.stdin is not None
        try:
            with self._writing:
                self._child.stdin.write(json.dumps(message) + "\n")
                self._child.stdin.flush()
        except OSError as error:
            raise DigitlensError(f"the cluster's driver has ended:\n{self._said()}") from error

    def _listen(self) -> None:
        assert self._child.stdout is not None
        with self._child.stdout:
            for line in self._child.stdout:
                answer = json.loads(line)
                if waiting := self._answers.get(answer.get("id", 0)):
                    waiting.put(answer)
        for waiting in list(self._answers.values()):
            waiting.put({"refused": f"the cluster's driver has ended:\n{self._said()}"})

    def _raise(self, request: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        if "refused" in answer:
            raise UsageError(f"{request.get('name', 'cluster')}: {answer['refused']}")
        ended = answer["ended"]
        processes.judge(request["name"], ended["command"], ended["exit_code"], ended["last"], ended["held"])
        raise CommandError(request["name"], ended["command"], ended["exit_code"], ended["last"])

    def _said(self) -> str:
        text = self._log.read_text("utf-8", "replace") if self._log.exists() else ""
        return "\n".join(f"  | {line}" for line in text.splitlines()[-12:])

    def _unreachable(self, address: str) -> str:
        if not address:
            return f"Ray can't be started here:\n{self._said()}"
        return (
            f"no cluster answers at {address}: start it (`./inv cluster.start` on its first machine), name another "
            f"([execution] cluster), or give its token (RAY_AUTH_TOKEN, or {token_file()})\n{self._said()}"
        )


def told(found: Any) -> str:
    """The nodes of a cluster in a line."""
    nodes = found["nodes"]
    cores, gpus = (sum(node[key] for node in nodes) for key in ("cores", "gpus"))
    many = f"{len(nodes)} node{'s' * (len(nodes) != 1)}, {cores} cores"
    return f"{many}, {gpus} GPU{'s' * (gpus != 1)}" if gpus else many
