"""What works on a node: one actor that runs steps as child processes, and moves folders in and out.

It sees the folders of who asks, or it doesn't: what it can't see is sent to it in chunks through Ray's object store.
Everything here runs in the train environment with Ray laid over it; the child sees the train environment alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import uuid
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import ray

from infra import fingerprints
from infra.errors import ERROR
from infra.execution.processes import CHATTER, GRACE_SECONDS, LAST_LINES, end

ROOT = Path(__file__).resolve().parents[3]
CHUNK = 16 * 2**20
"""Bytes that travel at once."""
PROGRESS = re.compile(r"(\d+)/(\d+) ([^,]+), ")
"""How a step says how far it is, see training/command.py."""
DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG."""


def pack(path: Path) -> IO[bytes]:
    """A file or a folder as an unnamed archive, at its beginning; links become what they lead to."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it outlives this call
    with tarfile.open(fileobj=file, mode="w", dereference=True) as archive:
        archive.add(path, path.name)
    file.seek(0)
    return file


def unpack(file: IO[bytes], path: Path) -> None:
    """Give what `pack` packed the name ``path``; what had that name goes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        with tarfile.open(fileobj=file) as archive:
            archive.extractall(scratch / "new", filter="data")
        (found,) = (scratch / "new").iterdir()
        if path.exists():
            path.rename(scratch / "old")
        found.rename(path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


class Hand:
    """One step at a time on one node. Ray calls the methods, `run` beside the others."""

    def __init__(self, cores: int) -> None:
        """``cores`` are the processors that the node gives."""
        self._cores = cores
        self._child: subprocess.Popen[str] | None = None
        self._stopped = False
        self._news: deque[str] = deque(maxlen=1000)
        self._progress: tuple[int, int, str] = (0, 0, "")
        self._incoming: IO[bytes] | None = None
        self._outgoing: IO[bytes] | None = None
        home = Path(tempfile.gettempdir()) / f"digitlens-{os.getuid()}"
        home.mkdir(mode=0o700, exist_ok=True)
        if home.stat().st_uid != os.getuid():
            raise PermissionError(f"{home} belongs to another user")
        self._home = home

    def about(self, module: str, environment: str) -> dict[str, Any]:
        """What decides whether this node makes what others make."""
        lock = Path(sys.prefix).parent / environment / "installed.txt"
        return {
            "host": socket.gethostname(),
            "code": fingerprints.of_module(module, ROOT),
            "lock": fingerprints.of_file(lock) if lock.exists() else None,
            "python": str(self._python(environment)) if self._python(environment).exists() else None,
        }

    def node(self) -> str:
        """The node's name in Ray."""
        return str(ray.get_runtime_context().get_node_id())

    def sees(self, file: str) -> bool:
        """Whether a file that was just written is there: the folder around it is shared."""
        return Path(file).exists()

    def has(self, path: str, digest: str, origin: str, apart: bool) -> str | None:
        """Where this node has an input: at its own place unless ``apart``, or as it was sent before."""
        with contextlib.suppress(OSError, ValueError, KeyError):
            if not apart and Path(path).exists() and digest in ("", fingerprints.of_input(Path(path))):
                return path
        mark = self._mark(path, origin)
        if mark.exists() and mark.read_text("utf-8") == digest and self._place(path, origin).exists():
            return str(self._place(path, origin))
        return None

    def take(self, chunk: bytes) -> None:
        """The next chunk of an input."""
        if self._incoming is None:
            self._incoming = tempfile.TemporaryFile()  # noqa: SIM115 - it outlives this call
        self._incoming.write(chunk)

    def taken(self, path: str, digest: str, origin: str) -> str:
        """Put the input in its place once all of it is here; returns where that is."""
        assert self._incoming is not None
        with self._incoming as file:
            self._incoming = None
            file.seek(0)
            unpack(file, self._place(path, origin))
        mark = self._mark(path, origin)
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text(digest, "utf-8")
        return str(self._place(path, origin))

    def scratch(self) -> str:
        """A folder of this node's own for an output."""
        folder = self._home / "out" / uuid.uuid4().hex
        folder.mkdir(parents=True)
        return str(folder)

    def forget(self, folder: str) -> None:
        """Remove what `scratch` made."""
        shutil.rmtree(folder, ignore_errors=True)

    def free_port(self, address: str) -> int:
        """A port of ``address`` that nobody listens on."""
        with socket.socket() as listener:
            listener.bind((address, 0))
            return int(listener.getsockname()[1])

    def run(self, module: str, words: Sequence[str], environment: str, variables: Mapping[str, str]) -> dict[str, Any]:
        """Run ``python -m module words`` to its end: exit code, negative for a signal, and its last lines."""
        self._progress, self._news = (0, 0, ""), deque(maxlen=1000)
        command = [str(self._python(environment)), "-m", module, *words]
        # The step sees its environment as it is everywhere: nothing of Ray's.
        outside = {
            key: value for key, value in os.environ.items() if not key.startswith(("RAY_", "PYTHONPATH", "OMP_"))
        }
        few = {"OMP_NUM_THREADS": str(self._cores)} if self._cores < (os.cpu_count() or 1) else {}
        libc = ctypes.CDLL(None)
        with subprocess.Popen(
            command,
            cwd=ROOT,
            env={**outside, **few, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", "TF_CPP_MIN_LOG_LEVEL": "3", **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
            # A node that is killed takes its step with it, wherever its work goes on.
            preexec_fn=lambda: libc.prctl(DIE_WITH_PARENT, signal.SIGKILL),
        ) as child:
            self._child = child
            if self._stopped:
                end(child)
            last, held = self._read(child)
            code = child.wait()
            self._child = None
        return {"exit_code": code, "last": list(last), "held": held, "command": command}

    def look(self) -> tuple[tuple[int, int, str], list[str]]:
        """How far the step is (done, of how many, of what), and its lines since the last look."""
        news = [self._news.popleft() for _ in range(len(self._news))]
        return self._progress, news

    def listing(self, folder: str) -> tuple[str, str]:
        """A hash that changes with what is in a folder, empty where there is none, and the last checkpoint's name."""
        if not Path(folder).is_dir():
            return "", ""
        # TensorFlow's file of that name names it.
        latest = Path(folder) / "checkpoint"
        reached = latest.read_text("utf-8") if latest.exists() else ""
        return fingerprints.of_listing(Path(folder)), reached

    def pack(self, folder: str) -> int:
        """Make a folder ready to be read; returns its bytes."""
        self._outgoing = pack(Path(folder))
        return self._outgoing.seek(0, os.SEEK_END)

    def read(self, offset: int) -> bytes:
        """A chunk of what was packed."""
        assert self._outgoing is not None
        self._outgoing.seek(offset)
        return self._outgoing.read(CHUNK)

    def stop(self) -> None:
        """End the step, politely first."""
        self._stopped = True
        if self._child is not None:
            threading.Thread(target=end, args=(self._child, GRACE_SECONDS), daemon=True).start()

    def end(self) -> None:
        """End the step and wait for that, without ado."""
        self._stopped = True
        if self._child is not None:
            end(self._child, 2.0)

    def _read(self, child: subprocess.Popen[str]) -> tuple[deque[str], list[str]]:
        assert child.stdout is not None
        last: deque[str] = deque(maxlen=LAST_LINES)
        held: list[str] = []
        for text in child.stdout:
            line = text.rstrip()
            if not line or CHATTER.match(line):
                continue
            if found := PROGRESS.match(line):
                self._progress = int(found[1]), int(found[2]), found[3]
            elif held or line.startswith(ERROR):
                held.append(line)
            else:
                last.append(line)
                self._news.append(line)
        return last, held

    def _python(self, environment: str) -> Path:
        own = Path(sys.prefix).parent / environment / "bin" / "python"
        # In an image there is one environment, under another name.
        return own if own.exists() or environment != "train" else Path(sys.executable)

    def _place(self, path: str, origin: str) -> Path:
        """Below a folder for who asked, as it is there: files name others by where they stand."""
        return self._home / hashlib.sha256(origin.encode()).hexdigest()[:12] / path.lstrip("/")

    def _mark(self, path: str, origin: str) -> Path:
        return self._home / "marks" / hashlib.sha256(f"{origin}\0{path}".encode()).hexdigest()
