"""An engine that dies when told: passes on what clients say to the real one, until then."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

from infra.execution import engine


class FlakyEngine:
    """``host`` is for DOCKER_HOST."""

    def __init__(self, path: Path) -> None:
        self.host = f"unix://{path}"
        self._open: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def die(self) -> None:
        """End every connection, and accept none."""
        for one in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                real = socket.socket(socket.AF_UNIX)
                real.connect(engine.SOCKET)
                self._open += [client, real]
                for ends in ((client, real), (real, client)):
                    threading.Thread(target=_pass_on, args=ends, daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def flaky(path: Path) -> Iterator[FlakyEngine]:
    """An engine that is there until it dies."""
    running = FlakyEngine(path)
    try:
        yield running
    finally:
        running.die()
