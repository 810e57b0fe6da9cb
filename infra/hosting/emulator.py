"""The site on Firebase's Hosting emulator: the headers of ``firebase.json``, without an account."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from infra.errors import CommandError, UsageError
from infra.execution import environments, processes
from infra.settings import ROOT

HOST = "127.0.0.1"
START_SECONDS = 60.0


@contextlib.contextmanager
def serving(site: Path, port: int | None = None) -> Iterator[str]:
    """Serve the folder ``site`` while the block runs; yields the address, ``http://127.0.0.1:PORT``.

    Raises:
        UsageError: there is no site, or ``port`` can't be had (None: a free one).
        CommandError: the emulator didn't start.
    """
    if not (site / "index.html").exists():
        raise UsageError(f"{site} has no index.html: ./inv frontend.build makes the site")
    _require(port or 0)
    client = environments.ensure("hosting").folder / "node_modules" / ".bin" / "firebase"
    chosen = port or _free_port()
    with tempfile.TemporaryDirectory(prefix="digitlens-emulator-") as scratch:
        folder = Path(scratch)
        _configure(folder, site, chosen)
        command = [str(client), "emulators:start", "--only", "hosting", "--non-interactive"]
        command += ["--project", "demo-digitlens"]
        log = folder / "emulator.log"
        with log.open("w", encoding="utf-8") as output:
            child = subprocess.Popen(
                command,
                cwd=folder,
                env=_environment(folder),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            address = f"http://{HOST}:{chosen}"
            _wait(child, command, address, log)
            yield address
        finally:
            processes.end(child, 10.0)


def _configure(folder: Path, site: Path, port: int) -> None:
    """Write the project's own configuration with the site and the ports of this emulator."""
    configuration = json.loads((ROOT / "firebase.json").read_text("utf-8"))
    # firebase-tools refuses a public folder outside of the project's.
    (folder / "site").symlink_to(site.resolve())
    configuration["hosting"]["public"] = "site"
    configuration["emulators"] = {
        "hosting": {"host": HOST, "port": port},
        "hub": {"host": HOST, "port": _free_port()},
        "logging": {"host": HOST, "port": _free_port()},
        "ui": {"enabled": False},
    }
    (folder / "firebase.json").write_text(json.dumps(configuration), "utf-8")


def _environment(folder: Path) -> dict[str, str]:
    """Ours, without the user's login and without questions about updates."""
    return {
        **os.environ,
        "CI": "1",
        "NO_UPDATE_NOTIFIER": "1",
        "XDG_CONFIG_HOME": str(folder / "config"),
    }


def _wait(child: subprocess.Popen[bytes], command: list[str], address: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            # Nothing but loopback is asked: no proxy.
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(address, timeout=5):
                return
        time.sleep(0.1)
    lines = log.read_text("utf-8", errors="replace").splitlines()[-processes.LAST_LINES :]
    raise CommandError("emulator", command, child.poll() or 1, lines)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


TROUBLES = {
    errno.EADDRINUSE: "port {port} is taken: choose another with --port",
    errno.EACCES: "ports below 1024 are for root, {port} is one: choose another with --port",
    errno.EADDRNOTAVAIL: "this machine has no address {host}, which the emulator listens on: `ip link set lo up`",
}


def _require(port: int) -> None:
    """See that ``port`` (0: any) can be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            words = TROUBLES.get(error.errno or 0, "port {port} of {host} can't be listened on: {error}")
            raise UsageError(words.format(port=port, host=HOST, error=error.strerror)) from error
