"""An engine of its own whose disk is small and full: what it says then is what engines say."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from infra.execution import engine

SIZE = "700m"
LEFT = 64 << 10
"""Bytes that are free: enough for the client to be answered, too few for what it sends."""


@contextlib.contextmanager
def cramped(folder: Path, base: str) -> Iterator[str]:
    """The address of an engine that has the image ``base`` and no room for more; needs root."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", str(folder)], check=True)
    try:
        address = f"unix://{folder}/engine.sock"
        with _running(folder, address):
            _load(base, address)
            with (folder / "filler").open("wb") as filler:
                os.posix_fallocate(filler.fileno(), 0, shutil.disk_usage(folder).free - LEFT)
            yield address
    finally:
        # Its last mounts go a moment after it.
        for _ in range(50):
            if subprocess.run(["umount", str(folder)], check=False, capture_output=True).returncode == 0:
                break
            time.sleep(0.2)


@contextlib.contextmanager
def _running(folder: Path, address: str) -> Iterator[None]:
    # containerd's sockets lie deep below it, and the path of a socket has at most 104 characters.
    short = tempfile.mkdtemp(prefix="exec")
    # In a network of its own: without a bridge it would take away that of the machine's engine.
    words = ["unshare", "--net", "dockerd", "--host", address, "--pidfile", str(folder / "pid"), "--bridge", "none"]
    words += ["--iptables=false", "--data-root", str(folder / "data"), "--exec-root", short]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log)
    try:
        for _ in range(150):
            if process.poll() is not None or _docker(address, "version").returncode == 0:
                break
            time.sleep(0.2)
        assert process.poll() is None, (folder / "log").read_text("utf-8")
        yield
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(short)


def _load(base: str, address: str) -> None:
    with subprocess.Popen([engine.client(), "save", base], stdout=subprocess.PIPE) as saved:
        done = subprocess.run([engine.client(), "--host", address, "load"], stdin=saved.stdout, capture_output=True)
    assert done.returncode == 0, done.stderr


def _docker(address: str, *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([engine.client(), "--host", address, *words], check=False, capture_output=True)
