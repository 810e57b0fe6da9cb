"""The program that is a node of a cluster until it is ended: Ray's own, told what this project wants of it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ray._private import services
from ray.scripts.scripts import cli

LOOPBACK = "127.0.0.1"
STORE = 256 * 2**20
"""Bytes of the object store: chunks pass through it, no photo stays."""


def keep_to_loopback() -> None:
    """Let Ray listen on 127.0.0.1 alone.

    It takes a machine's own address for that, and then listens on all of them; only on macOS it doesn't. No setting
    says otherwise.
    """
    services.get_node_ip_address = lambda _=None: LOOPBACK


def main() -> None:
    """Be a node of a cluster."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--address", required=True, help="of this machine")
    parser.add_argument("--port", type=int, help="where the head listens")
    parser.add_argument("--head", help="HOST:PORT of the cluster to join")
    parser.add_argument("--cores", type=int)
    parser.add_argument("--folder", type=Path, required=True, help="for sockets and logs")
    options = parser.parse_args()
    if options.address == LOOPBACK:
        keep_to_loopback()
    words = ["start", "--block", "--disable-usage-stats", "--node-ip-address", options.address]
    words += ["--object-store-memory", str(STORE)]
    if options.cores is not None:
        words += ["--num-cpus", str(options.cores)]
    if options.head:
        words += ["--address", options.head]
    else:
        words += ["--head", "--port", str(options.port), "--include-dashboard", "false"]
        words += ["--temp-dir", str(options.folder)]
    sys.argv = ["ray", *words]
    cli()


if __name__ == "__main__":
    main()
