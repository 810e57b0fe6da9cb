"""The container engine: its connection, its client for builds, and the labels of what is ours."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.errors import MissingPartError, UsageError
from infra.settings import settings

if TYPE_CHECKING:
    from docker import DockerClient

OURS = "digitlens.image"
"""Label of every image and container of this project; its value is the image's name."""
SOCKET = "/var/run/docker.sock"
USUAL_PLACES = ("/usr/bin/docker", "/usr/local/bin/docker")
START = "start it (`systemctl start docker`, or Docker Desktop), or use --on local"


@cache
def connect() -> DockerClient:
    """The engine that ``DOCKER_HOST`` names, by default this machine's.

    Raises:
        MissingPartError: it doesn't answer.
        UsageError: it is on another machine, which can't see our folders.
    """
    import docker
    from docker.errors import DockerException

    host = os.environ.get("DOCKER_HOST", "")
    if host and not host.startswith("unix://"):
        raise UsageError(f"DOCKER_HOST={host}: another machine can't see these folders; unset it, or --on local")
    try:
        # The SDK leaves a socket open that leads nowhere.
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(host.removeprefix("unix://") or SOCKET)
        engine = docker.from_env()
        engine.ping()
    except (OSError, DockerException) as error:
        raise MissingPartError(f"no container engine answers ({error}): install Docker, {START}") from error
    return engine


def answers() -> bool:
    """Whether there is an engine to run steps in."""
    try:
        connect()
    except (MissingPartError, UsageError):
        return False
    return True


@contextlib.contextmanager
def expected(what: str) -> Iterator[None]:
    """Turn an engine that stops answering, or refuses, while ``what`` is done into one message.

    Raises:
        MissingPartError: for either.
    """
    from docker.errors import APIError, DockerException
    from requests.exceptions import RequestException

    try:
        yield
    except APIError as error:
        said = str(error.explanation or error)
        raise MissingPartError(f"{what}: the engine refused: {'; '.join([said, *remedies(said)])}") from error
    except (DockerException, RequestException) as error:
        raise MissingPartError(f"{what}: the engine stopped answering ({error}): {START}, then repeat") from error


REMEDIES = {
    "no space left on device": "free some disk: `./inv images.prune` removes this project's old images",
    "hash mismatch": "a package is not what the lock says: make sure of the mirror, or ./inv locks.update",
    "do not match the hashes": "a package is not what the lock says: make sure of the mirror, or ./inv locks.update",
    "invalid checksum digest": "BASE_IMAGE needs a whole digest, name:tag@sha256:<64 hex digits>",
    "invalid reference format": "BASE_IMAGE is no image name: set [images] base, or leave it empty",
    "manifest unknown": "the registry has no such base image: make sure of its tag and digest, see docker/README.md",
    "not found: manifest": "the registry has no such base image: make sure of its tag and digest, see docker/README.md",
    "failed to do request": "the base image can't be fetched: see [images] base in digitlens.toml, and the proxy",
    "failed to resolve source metadata": "the base image can't be fetched: see [images] base in digitlens.toml",
    "pull access denied": "the base image can't be fetched: set [images] base to one that is here",
    "cannot connect to the docker daemon": f"the engine stopped answering: {START}, then repeat",
    "unexpected eof": f"the engine ended meanwhile: {START}, then repeat",
    "error reading from server: eof": f"the engine ended meanwhile: {START}, then repeat",
    "transport is closing": f"the engine ended meanwhile: {START}, then repeat",
}


def remedies(said: str) -> list[str]:
    """What to do about the troubles that an engine or a build has ``said``."""
    return [f"remedy: {words}" for trouble, words in REMEDIES.items() if trouble in said.lower()][:1]


@cache
def client() -> str:
    """The docker client to build with: it has BuildKit.

    Raises:
        MissingPartError: there is none.
    """
    named = settings().tools.docker
    candidates = [str(named)] if named else [shutil.which("docker") or "", *USUAL_PLACES]
    for candidate in filter(None, candidates):
        if _has_buildkit(candidate):
            return candidate
    raise MissingPartError(
        f"no docker client with BuildKit among {', '.join(filter(None, candidates))}: install docker's buildx plugin "
        "(`apt-get install -y docker-buildx-plugin`), or name another client as [tools] docker in digitlens.toml"
    )


def buildkit() -> dict[str, str]:
    """What the client needs in its environment."""
    return {"DOCKER_BUILDKIT": "1"}


def _has_buildkit(candidate: str) -> bool:
    if not Path(candidate).exists():
        return False
    # Clients list the option of BuildKit's secrets only where they can build with it.
    words = [candidate, "build", "--help"]
    said = subprocess.run(words, env={**os.environ, **buildkit()}, capture_output=True, text=True, check=False)
    return "--secret" in said.stdout


def facts() -> dict[str, Any]:
    """What the engine says about itself."""
    with expected("asking the engine about itself"):
        return dict(connect().info())


def is_rootless() -> bool:
    """Whether the engine runs as the caller, so that a container's root is the caller."""
    return any("rootless" in option for option in facts().get("SecurityOptions") or [])
