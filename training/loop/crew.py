"""Several workers on one machine: the first starts the others, with the same arguments."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping

import tensorflow as tf

from training.errors import ConfigurationError
from training.loop.gang import VARIABLE, WORKER

PATIENCE = 30.0
"""Seconds in which the others end by themselves once all is done."""
MODULE = "training.loop.train"


def size(asked: int | None, environment: Mapping[str, str] = os.environ) -> int:
    """How many workers to make of this process: as asked, else one for each GPU; 1 where TF_CONFIG says it is one.

    Raises:
        ConfigurationError: there are fewer GPUs
    """
    if environment.get(VARIABLE):
        return 1
    gpus = len(tf.config.list_physical_devices("GPU"))
    if asked is not None and gpus and asked > gpus:
        raise ConfigurationError(
            f"--workers {asked}: each needs a GPU of its own, and TensorFlow sees {gpus}; --workers {gpus}, or train "
            "on the processor (--gpus none)"
        )
    return asked if asked is not None else max(1, gpus)


@contextlib.contextmanager
def gathered(count: int) -> Iterator[None]:
    """This process as the first of ``count`` workers, as its environment says; the others live as long as the block."""
    if count == 1:
        yield
        return
    addresses = free(count)
    command = [sys.executable, "-m", MODULE, *sys.argv[1:]]
    others = [
        subprocess.Popen(command, env={**os.environ, VARIABLE: described(addresses, index)})
        for index in range(1, count)
    ]
    # Of this very process: TensorFlow reads it there.
    os.environ[VARIABLE] = described(addresses, 0)
    try:
        yield
        _wait(others)
    except KeyboardInterrupt:
        _wait(others)
        raise
    finally:
        del os.environ[VARIABLE]
        # They hold nothing that would be lost; one that waits for this process would wait for ever.
        for other in others:
            other.kill()
            other.wait()


def described(addresses: list[str], index: int) -> str:
    """What TF_CONFIG says to worker ``index`` of those at ``addresses``."""
    return json.dumps({"cluster": {WORKER: addresses}, "task": {"type": WORKER, "index": index}})


def _wait(others: list[subprocess.Popen[bytes]]) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        for other in others:
            other.wait(PATIENCE)


def free(count: int) -> list[str]:
    """So many addresses of this machine at which nobody listens."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
