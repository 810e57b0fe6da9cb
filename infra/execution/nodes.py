"""Nodes of a cluster that people start by hand, one on each machine; they last until Ctrl-C."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from infra.errors import UsageError
from infra.execution import cluster, environments, processes
from infra.settings import ROOT

PORT = 6379


def command(
    address: str, folder: Path, *, port: int = PORT, head: str | None = None, cores: int | None = None
) -> list[str]:
    """What starts a node at ``address``; of the cluster at ``head``, or as the first of a new one."""
    words = [str(environments.ensure("train").python), "-m", "infra.execution.remote.node", "--address", address]
    words += ["--head", head] if head else ["--port", str(port)]
    return [*words, *(["--cores", str(cores)] if cores is not None else []), "--folder", str(folder)]


def be(address: str, *, port: int = PORT, head: str | None = None, cores: int | None = None) -> None:
    """Be a node until Ctrl-C.

    Raises:
        UsageError: there is no token for the cluster to join.
    """
    token = cluster.token()
    if head and token is None:
        raise UsageError(
            f"no token for {head}: copy {cluster.token_file()} of its first machine to the same place here, or set "
            f"{cluster.TOKEN}"
        )
    token = token or _new_token()
    with tempfile.TemporaryDirectory(prefix="dl-") as folder:
        words = command(address, Path(folder), port=port, head=head, cores=cores)
        told = cluster.variables(token)
        cluster.patiently(lambda: processes.run("node", words, cwd=ROOT, environment=told))


def _new_token() -> str:
    file = cluster.token_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    token = secrets.token_hex(32)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(token + "\n")
    return token
