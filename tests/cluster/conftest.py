"""A real cluster of two nodes on this machine: processes of their own, one processor each."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.execution import cluster, nodes, processes
from infra.execution.cluster import Cluster
from infra.settings import ROOT

TINY = """
name: tiny
classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
reading: lines
input: {height: 96, width: 96}
split: {validation: 0.2, calibration: 0.2}
records: {shards: 2}
network: {stages: [4, 8, 8, 8, 8], blocks: [1, 1, 1, 1], pyramid: 8}
training: {steps: 12, batch: 4, crop: 64, checkpoint_every: 4, warmup: 2, precision: float32}
"""
SECONDS = 120.0


class Nodes:
    """The two nodes; the second can be killed, and comes again."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = int(listener.getsockname()[1])
        self.address = f"127.0.0.1:{self.port}"
        self.token = secrets.token_hex(16)
        self._folder = folder
        self._head = self._start("head", None)
        self._second: subprocess.Popen[bytes] | None = None
        self._runners: dict[bool, Cluster] = {}

    def runner(self, *, sent: bool = False) -> Cluster:
        """A runner on both nodes; ``sent``: they see nothing of this machine."""
        if self._second is None:
            _until(lambda: _listens(self.port), "the head doesn't listen")
            self._second = self._start("second", self.address)
        runner = self._runners.setdefault(sent, Cluster(self.address, sent=sent))
        _until(lambda: self._is_whole(runner), "the second node doesn't come")
        return runner

    def _is_whole(self, runner: Cluster) -> bool:
        assert self._second is not None
        if self._second.poll() is not None:
            # Ray allows a node 30 s to start, which a busy machine doesn't keep.
            self._second = self._start("second", self.address)
        return len(runner.nodes()["nodes"]) == 2

    def kill_second(self) -> None:
        """End the second node's raylet, as a machine that loses its power does."""
        assert self._second is not None
        (raylet,) = [pid for pid in children(self._second.pid) if "raylet" in words_of(pid)[0]]
        os.kill(raylet, signal.SIGKILL)
        processes.end(self._second, 20.0)
        self._second = None

    def steps(self, word: str) -> list[int]:
        """The processes of steps on our nodes with ``word`` in their command line."""
        own = {node.pid for node in (self._head, self._second) if node is not None}
        pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
        return [pid for pid in pids if word in " ".join(words_of(pid)) and own & set(ancestors(pid))]

    def close(self) -> None:
        """End both."""
        for runner in self._runners.values():
            runner.close()
        for node in (self._second, self._head):
            if node is not None:
                processes.end(node, 20.0)

    def _start(self, name: str, head: str | None) -> subprocess.Popen[bytes]:
        words = nodes.command("127.0.0.1", self._folder / name, port=self.port, head=head, cores=1)
        with (self._folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                words,
                cwd=ROOT,
                env={**os.environ, **cluster.variables(self.token)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


@pytest.fixture(scope="session")
def two_nodes() -> Iterator[Nodes]:
    """The cluster."""
    # Short: names of sockets have at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="dlt-", dir="/tmp") as folder, pytest.MonkeyPatch.context() as patch:
        found = Nodes(Path(folder))
        patch.setenv(cluster.TOKEN, found.token)
        try:
            yield found
        finally:
            found.close()


@pytest.fixture(scope="session")
def config_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration that trains in seconds."""
    path = tmp_path_factory.mktemp("config") / "tiny.yaml"
    path.write_text(TINY)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    """What is in a folder, by its path, but for the stamp of when it was made."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != ".fingerprint.json")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def words_of(pid: int) -> list[str]:
    """The command line of a process."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace").split("\0")
    except OSError:
        return [""]


def children(parent: int) -> list[int]:
    """The processes that a process started."""
    found = Path(f"/proc/{parent}/task/{parent}/children")
    return [int(word) for word in found.read_text().split()]


def ancestors(pid: int) -> list[int]:
    """Who started a process, who started that, and so on."""
    found = []
    while pid > 1:
        try:
            # After the name, which may hold anything: the state, and the parent.
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            break
        found.append(pid)
    return found


def with_word(word: str) -> list[int]:
    """The processes that have a word in their command line."""
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [pid for pid in pids if word in words_of(pid)]


def _listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def _until(holds: Callable[[], bool], otherwise: str) -> None:
    until = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < until, otherwise
        threading.Event().wait(0.2)
