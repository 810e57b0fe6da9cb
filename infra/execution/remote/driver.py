"""The program that talks to Ray for one task: requests come in as lines of JSON, answers go out the same way.

It ends when its input does, and what it started ends with it: a private Ray, and the steps on every node. It runs in
the train environment with Ray laid over it; the host only ever sees the lines.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import socket
import sys
import threading
import uuid
from pathlib import Path
from typing import Any

import ray

from infra.execution.remote import node, nodes
from infra.execution.remote.gang import Gang
from infra.execution.remote.pool import Pool
from infra.execution.remote.work import Answer, Work

TICK = 0.3


class Driver:
    """Requests in, answers out, until the input ends."""

    def __init__(self, out: Any, apart: bool) -> None:
        self._out, self._writing = out, threading.Lock()
        self._inbox: queue.Queue[dict[str, Any] | None] = queue.Queue()
        origin = f"{socket.gethostname()}:{Path.cwd()}"
        self._apart, self._origin = apart, origin
        self._pool = Pool()
        self._last: dict[str, Any] = {}
        self._gangs: dict[int, Gang] = {}

    def serve(self) -> None:
        """Answer until the input ends, then end what still runs."""
        threading.Thread(target=self._listen, daemon=True).start()
        self._send({"ready": nodes.told()})
        while (message := self._next()) is not None:
            if message:
                self._begin(message)
            self._pool.tick(TICK)
        self._pool.cancel()
        for gang in self._gangs.values():
            gang.cancel()
        for gang in self._gangs.values():
            gang.join()

    def perform(self, requests: Path) -> bool:
        """Do what a file asks, one after the other; returns whether all of it ended well."""
        for line in requests.read_text("utf-8").splitlines():
            message = json.loads(line)
            self._begin(message)
            while self._pool.busy or (self._gangs and self._gangs[max(self._gangs)].is_alive()):
                self._pool.tick(TICK)
            if "done" not in self._last:
                return False
        return True

    def _next(self) -> dict[str, Any] | None:
        """The next message, an empty one where there is none, None at the end."""
        try:
            return self._inbox.get(timeout=0.01 if self._pool.busy else TICK)
        except queue.Empty:
            return {}

    def _begin(self, message: dict[str, Any]) -> None:
        number = int(message["id"])
        if message.get("cancel"):
            self._pool.cancel(number)
            if number in self._gangs:
                self._gangs[number].cancel()
            return
        if message["kind"] == "status":
            self._send({"id": number, "done": nodes.told()})
            return
        work = Work(message, self._origin, self._apart, Answer(number, self._send))
        if message["kind"] == "gang":
            self._gangs[number] = Gang(work, int(message["workers"]))
            self._gangs[number].start()
        else:
            self._pool.add(number, work)

    def _listen(self) -> None:
        for line in sys.stdin:
            self._inbox.put(json.loads(line))
        self._inbox.put(None)

    def _send(self, message: dict[str, Any]) -> None:
        with self._writing:
            self._last = message
            self._out.write(json.dumps(message) + "\n")
            self._out.flush()


def main() -> None:
    """Serve one task."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--address", default="", help="of a cluster, HOST:PORT (default: a private Ray)")
    parser.add_argument("--requests", type=Path, help="a file of them, instead of what comes in")
    parser.add_argument(
        "--folder", type=Path, default=Path("/tmp/digitlens"), help="where a private Ray keeps its sockets and logs"
    )
    parser.add_argument("--apart", action="store_true", help="send folders even where nodes see them")
    options = parser.parse_args()
    # What libraries print must not stand among the answers.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    os.environ.pop("RAY_ADDRESS", None)
    common: dict[str, Any] = {"log_to_driver": False, "namespace": f"digitlens-{uuid.uuid4().hex}"}
    if options.address.startswith((f"{node.LOOPBACK}:", "localhost:")) or not options.address:
        node.keep_to_loopback()
    if options.address:
        ray.init(address=options.address, **common)
    else:
        ray.init(
            address="local",
            include_dashboard=False,
            _temp_dir=str(options.folder),
            _node_ip_address=node.LOOPBACK,
            object_store_memory=node.STORE,
            **common,
        )
    try:
        driver = Driver(out, options.apart)
        if options.requests:
            sys.exit(0 if driver.perform(options.requests) else 1)
        driver.serve()
    finally:
        ray.shutdown()


if __name__ == "__main__":
    main()
