"""The built site as visitors get it: the Hosting emulator, behind what Hosting adds to it, behind a line.

The emulator applies firebase.json; `front.mjs` adds TLS, HTTP/2 and compression; `link` adds the line.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import certificate
from benchmarks.page.link import BUFFER, HOST
from infra.errors import CommandError
from infra.execution import processes
from infra.hosting import emulator
from infra.page.site import BUILD

PROGRAM = Path(__file__).with_name("front.mjs")


@dataclass(frozen=True)
class Answer:
    """What was sent for one request: bytes of the body as it lies on disk and as it was sent."""

    path: str
    status: int
    encoding: str
    raw: int
    sent: int
    start: float


@dataclass
class Front:
    """A running front: its port, the SHA-256 of its key for Chromium, and its answers so far."""

    port: int
    pin: str
    authority: Path
    answers: list[Answer] = field(default_factory=list)

    def get(self, path: str, accept: str = "br, gzip") -> tuple[bytes, dict[str, str]]:
        """Body (as it was sent) and headers of ``path``."""
        context = ssl.create_default_context(cafile=str(self.authority))
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        request = urllib.request.Request(f"https://{HOST}:{self.port}/{path}", headers={"Accept-Encoding": accept})
        try:
            answer = opener.open(request, timeout=60)
        except urllib.error.HTTPError as refusal:
            answer = refusal  # 404.html says 404
        with answer:
            return answer.read(), {name.lower(): value for name, value in answer.headers.items()}


@contextlib.contextmanager
def fronted(site: Path) -> Iterator[Front]:
    """Serve ``site`` over TLS, compressed, while the block runs; every file is compressed beforehand.

    Raises:
        UsageError: there is no site.
        CommandError: a server didn't start.
    """
    with emulator.serving(site) as origin:
        paths = [entry["path"] for entry in json.loads((site / BUILD).read_text("utf-8"))["files"]]
        with before(origin, paths) as front:
            yield front


@contextlib.contextmanager
def before(origin: str, paths: Sequence[str] = ()) -> Iterator[Front]:
    """Put TLS and compression before ``origin`` while the block runs; ``paths`` are compressed beforehand.

    Raises:
        CommandError: the server didn't start.
    """
    with tempfile.TemporaryDirectory(prefix="digitlens-front-") as scratch:
        made = certificate.make(Path(scratch))
        with socket.create_server((HOST, 0)) as listener:
            # Node can't set it: with the system's buffers, a large file would stand before every smaller one.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
            port, descriptor = int(listener.getsockname()[1]), listener.fileno()
            command = ["node", str(PROGRAM), origin, str(made.chain), str(descriptor)]
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
                pass_fds=(descriptor,),
            )
        assert child.stdout is not None
        front = Front(port, made.pin, made.authority)
        with child.stdout as lines:
            if not lines.readline():
                raise CommandError("front", command, child.wait(), [])
            told = threading.Thread(target=_listen, args=(lines, front.answers))
            told.start()
            try:
                for path in paths:
                    front.get(path)
                yield front
            finally:
                processes.end(child, 5.0)
                told.join()


def _listen(lines: Any, answers: list[Answer]) -> None:
    for line in lines:
        answers.append(Answer(**json.loads(line)))
