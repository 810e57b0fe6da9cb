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
DEFAULT = "the usual place"
HERE = "`docker context use default`, unset DOCKER_HOST, or --on local"
START = "start it (`systemctl start docker`, or Docker Desktop), or use --on local"


@cache
def connect() -> DockerClient:
    """The engine that docker itself would use: of ``DOCKER_HOST``, else of its context, else this machine's.

    Raises:
        MissingPartError: it doesn't answer.
        UsageError: it is on another machine, which can't see our folders.
    """
    import docker
    from docker.errors import DockerException

    origin, host = address()
    if host.startswith("/"):
        raise UsageError(f"{origin}: {host} is no address: write unix://{host}, as docker wants it")
    if not host.startswith("unix://"):
        raise UsageError(f"{origin}: {host} is another machine, which can't see these folders; {HERE}")
    path = host.removeprefix("unix://")
    try:
        # The SDK leaves a socket open that leads nowhere.
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(path)
        engine = docker.DockerClient(base_url=host)
        engine.ping()
    except PermissionError as error:
        raise MissingPartError(
            f"there is a container engine, and you may not use it ({path}: permission denied): "
            "`sudo usermod -aG docker $USER` and a new login, a rootless engine, or --on local"
        ) from error
    except (OSError, DockerException) as error:
        whose = f" at {host}, which {origin} names" if origin != DEFAULT else ""
        raise MissingPartError(f"no container engine answers{whose} ({error}): install Docker, {START}") from error
    return engine


def address() -> tuple[str, str]:
    """Who says where the engine is, and where: as docker itself finds it."""
    from docker.context import ContextAPI
    from docker.errors import DockerException

    if host := os.environ.get("DOCKER_HOST"):
        return "DOCKER_HOST", host
    name = os.environ.get("DOCKER_CONTEXT") or None
    try:
        context = ContextAPI.get_context(name)
    except (DockerException, OSError, ValueError) as error:
        raise MissingPartError(f"docker's context {name or 'in use'} can't be read ({error}): {HERE}") from error
    if context is None:
        raise MissingPartError(f"docker has no context {name or 'in use'}: `docker context ls` shows them")
    if context.name == "default" or not context.Host:
        return DEFAULT, f"unix://{SOCKET}"
    return f"docker's context {context.name}", str(context.Host)


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
    return _has("rootless")


def is_remapped() -> bool:
    """Whether the engine gives containers other ids than the machine's (``--userns-remap``)."""
    return _has("name=userns")


def has_selinux() -> bool:
    """Whether containers may only see what carries a label of theirs."""
    return _has("name=selinux")


def _has(word: str) -> bool:
    return any(word in option for option in facts().get("SecurityOptions") or [])


def is_podman() -> bool:
    """Whether the engine is Podman behind Docker's API."""
    with expected("asking the engine about itself"):
        parts = connect().version().get("Components") or []
    return any("podman" in str(part.get("Name", "")).lower() for part in parts)


def builder() -> str:
    """The client that can have images built by the engine that answers.

    Raises:
        MissingPartError: there is none.
    """
    if is_podman():
        raise MissingPartError(
            "the engine is Podman, which has no BuildKit behind Docker's API: steps run there, images aren't built; "
            "build them with Docker and `docker save IMAGE | podman load`, or use --on local"
        )
    return client()


PLATFORM = "linux/amd64"
"""What the locks of the images are for."""


def platform() -> str | None:
    """What has to be asked for where the engine's own machine is another; None where it isn't."""
    return None if facts().get("Architecture", "x86_64") in ("x86_64", "amd64") else PLATFORM
