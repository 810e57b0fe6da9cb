"""What there is of this project's images: a list, their way to a registry and out."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra.errors import CommandError, DigitlensError, UsageError
from infra.execution import engine, images, processes
from infra.progress import say

if TYPE_CHECKING:
    from docker.models.images import Image as Found

LIST_PACKAGES = (
    "import importlib.metadata as m, json; "
    "print(json.dumps(dict(sorted((d.metadata['Name'], d.version) for d in m.distributions()))))"
)
PYTHON = "/opt/digitlens/bin/python"


@dataclass(frozen=True)
class Entry:
    """An image as it is on the engine."""

    name: str
    tag: str
    current: bool
    """Whether it is what the files here make."""
    digest: str
    """Of its configuration: what it is, wherever it is."""
    size: int
    revision: str
    created: str
    packages: dict[str, str]


def entries(*, with_packages: bool = True) -> list[Entry]:
    """All images of this project, those of other commits, too."""
    current = {image.tag for image in images.IMAGES.values()}
    return [
        Entry(
            name=image.labels[engine.OURS],
            tag=tag,
            current=tag in current,
            digest=str(image.id),
            size=int(image.attrs["Size"]),
            revision=image.labels.get(f"{images.OCI}.revision", ""),
            created=image.labels.get(f"{images.OCI}.created", ""),
            packages=packages(tag) if with_packages and tag in current else {},
        )
        for image in ours()
        for tag in sorted(image.tags) or ["<none>"]
    ]


def as_json(found: list[Entry]) -> str:
    """``found`` for other programs."""
    return json.dumps([asdict(entry) for entry in found], indent=2)


def packages(tag: str) -> dict[str, str]:
    """Names and versions of the Python packages in the environment of image ``tag``."""
    found: dict[str, str] = json.loads(run_inside(tag, ["-c", LIST_PACKAGES]))
    return found


def run_inside(tag: str, arguments: list[str], volumes: dict[str, dict[str, str]] | None = None) -> str:
    """What the Python of image ``tag`` prints when called with ``arguments``, without network.

    Raises:
        CommandError: it failed.
    """
    with engine.expected(f"looking into {tag}"):
        container = engine.connect().containers.create(
            tag,
            arguments,
            labels={engine.OURS: tag},
            read_only=True,
            tmpfs={"/tmp": "mode=1777"},
            network_mode="none",
            volumes=volumes or {},
        )
        try:
            container.start()
            # Not followed: engines have been seen to drop the end of what a container says as it ends.
            exit_code = int(container.wait()["StatusCode"])
            said = bytes(container.logs(stdout=True, stderr=bool(exit_code))).decode()
        finally:
            container.remove(force=True, v=True)
    if exit_code:
        raise CommandError(f"python in {tag}", arguments, exit_code, said.splitlines()[-processes.LAST_LINES :])
    return said


def push(image: images.Image, registry: str) -> str:
    """Put ``image`` into ``registry``; returns its name there with the digest.

    Raises:
        DigitlensError: the registry refused.
    """
    home = _checked(registry)
    tag = images.ensure(image)
    repository, version = f"{home}/{image.repository}", tag.rpartition(":")[2]
    with engine.expected(f"pushing {tag}"):
        engine.connect().api.tag(tag, repository, version)
        try:
            return f"{repository}@{_push(repository, version)}"
        finally:
            # The name was only needed for the way.
            engine.connect().api.remove_image(f"{repository}:{version}", noprune=True)


def publish(image: images.Image, registry: str) -> str | None:
    """Put the environment of ``image`` into ``registry``, named by what it is made of and by today's date.

    Returns:
        Its name there with the digest; None where it was there already, which is never replaced.
    """
    from docker.errors import APIError

    repository = f"{_checked(registry)}/{image.repository}"
    name = f"{repository}:{image.version}"
    try:
        engine.connect().images.get_registry_data(name)
    except APIError as error:
        if not error.is_client_error():
            raise DigitlensError(f"{name} can't be asked for: {error.explanation}") from error
    else:
        say(f"current: {name}")
        return None
    images.build_environment(image, name)
    today = datetime.now(UTC).date().isoformat()
    with engine.expected(f"pushing {name}"):
        digest = _push(repository, image.version)
        engine.connect().api.tag(name, repository, today)
        _push(repository, today)
    return f"{repository}@{digest}"


def _checked(registry: str) -> str:
    """A registry with a folder, in small letters as engines want it."""
    if "://" in registry or not registry.strip("/"):
        raise UsageError(f"--registry: {registry!r} is no registry; for example ghcr.io/somebody or 127.0.0.1:5000")
    return registry.strip("/").lower()


def _push(repository: str, version: str) -> str:
    """Put what is called ``repository:version`` where it says; returns its digest."""
    digest = ""
    for event in engine.connect().api.push(repository, version, stream=True, decode=True):
        if "error" in event:
            raise DigitlensError(
                f"{repository}:{version} can't be pushed: {event['error']}\n"
                f"  remedy: `docker login {repository.split('/')[0]}`, or make sure of --registry"
            )
        # Progress in bytes comes many times a second; what is done is worth a line.
        if "status" in event and not event.get("progressDetail"):
            say(f"[push] {event.get('id', '')} {event['status']}".replace("  ", " "))
        digest = event.get("aux", {}).get("Digest", digest)
    return digest


def prune() -> list[str]:
    """Remove this project's images that the files here don't make, and say which went.

    Images that containers use stay, as does everything that isn't this project's.
    """
    from docker.errors import APIError

    current = {image.tag for image in images.IMAGES.values()}
    gone = []
    with engine.expected("pruning"):
        for image in ours():
            old = [tag for tag in image.tags if tag.startswith(images.PREFIX) and tag not in current]
            for name in old if image.tags else [str(image.id)]:
                try:
                    engine.connect().images.remove(name)
                    gone.append(name)
                except APIError as error:
                    say(f"stays: {name}: {error.explanation}")
    return gone


def ours() -> list[Found]:
    """The images with this project's label, by name and age."""
    with engine.expected("listing images"):
        found = engine.connect().images.list(filters={"label": engine.OURS})
    return sorted(found, key=lambda image: (image.labels[engine.OURS], image.labels.get(f"{images.OCI}.created", "")))
