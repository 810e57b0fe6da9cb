"""A step for tests: tries what a step may and may not do, and writes down what became of it."""

from __future__ import annotations

import argparse
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path


def outcome(attempt: Callable[[], object]) -> str:
    """The error that ``attempt`` ends in, or "done"."""
    try:
        attempt()
    except OSError as error:
        return type(error).__name__ if error.errno is None else os.strerror(error.errno)
    return "done"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--memory", type=int, default=0, help="MiB to use")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if options.memory:
        print(len(bytearray(os.urandom(1)) * (options.memory << 20)))
    found = {
        "user": os.getuid(),
        "groups": sorted(os.getgroups()),
        "network": outcome(lambda: socket.create_connection(("192.0.2.1", 80), timeout=3)),
        "interfaces": sorted(path.name for path in Path("/sys/class/net").iterdir()),
        "write to the root": outcome(lambda: Path("/written").touch()),
        "write to the code": outcome(lambda: Path("/app/written").touch()),
        "write to the input": outcome(lambda: (options.input / "written").touch()),
        "write to /tmp": outcome(lambda: Path("/tmp/written").touch()),
        "shared memory": os.statvfs("/dev/shm").f_frsize * os.statvfs("/dev/shm").f_blocks,
        "environment": dict(os.environ),
        "input": (options.input / "in.txt").read_text("utf-8"),
        "first process": Path("/proc/1/comm").read_text().strip(),
    }
    workspace = options.out.with_name(f".{options.out.name}.new")
    workspace.mkdir()
    (workspace / "found.json").write_text(json.dumps(found), "utf-8")
    workspace.rename(options.out)


if __name__ == "__main__":
    main()
