"""Images that steps run in: what each is made of, its tag by content, and its build.

An image that exists under its tag is what the files here are: nothing is built twice.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

from infra import fingerprints, git
from infra.errors import CommandError, MissingPartError, RefusedError, UsageError
from infra.execution import engine, locks, processes, published
from infra.progress import say
from infra.settings import ROOT, settings

Name = Literal["train", "train-gpu", "convert"]

PREFIX = "digitlens/"
SHARED = ("docker/fetching", "requirements/image.txt")
FINGERPRINT = "digitlens.fingerprint"
ENVIRONMENT = "digitlens.environment"
LOCK = "digitlens.lock"
STAGE = "runtime"
"""Of the Dockerfiles: all but the code."""
OCI = "org.opencontainers.image"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


@dataclass(frozen=True)
class Image:
    """``dockerfile`` with the environment of ``lock`` and the code of ``package``."""

    name: str
    dockerfile: str
    lock: str
    package: str
    gibibytes: float
    """What building it needs on the engine's disk."""
    folder: Path = ROOT
    """Where its files are."""

    @property
    def repository(self) -> str:
        """The tag's part before the colon."""
        return f"{PREFIX}{self.name}"

    @property
    def tag(self) -> str:
        """Name by content: equal files, equal tag."""
        return f"{self.repository}:{self.fingerprint[:16]}"

    @cached_property
    def fingerprint(self) -> str:
        """Of everything that the image is made of."""
        code = fingerprints.of_files(self._code(), self.folder)
        return fingerprints.of_values({"environment": self.environment, "code": code})

    @cached_property
    def environment(self) -> str:
        """Of what the layers below the code are made of."""
        return fingerprints.of_values(
            {"files": fingerprints.of_files(self._environment(), self.folder), "base": settings().images.base}
        )

    @property
    def version(self) -> str:
        """The tag that the published environment has, after the colon."""
        return self.environment[:16]

    def files(self) -> list[Path]:
        """All that a build sees."""
        return [*self._environment(), *self._code()]

    def _environment(self) -> list[Path]:
        names = (f"docker/{self.dockerfile}", *SHARED, f"requirements/{self.lock}.txt")
        return [self.folder / name for name in names]

    def _code(self) -> list[Path]:
        code = [path for kind in ("py", "yaml", "j2") for path in (self.folder / self.package).rglob(f"*.{kind}")]
        return sorted([*code, *(self.folder / "schemas").glob("*.json")])


IMAGES: dict[Name, Image] = {
    "train": Image("train", "train.Dockerfile", "train", "training", 6),
    "train-gpu": Image("train-gpu", "train.Dockerfile", "train-gpu", "training", 20),
    "convert": Image("convert", "convert.Dockerfile", "convert", "conversion", 6),
}


def exists(image: Image) -> bool:
    """Whether ``image`` is there under its tag.

    Raises:
        RefusedError: something else is.
    """
    from docker.errors import ImageNotFound

    with engine.expected(f"looking for {image.tag}"):
        try:
            found = engine.connect().images.get(image.tag)
        except ImageNotFound:
            return False
    if found.labels.get(FINGERPRINT) != image.fingerprint:
        raise RefusedError(
            f"{image.tag} is not what its tag says: it is of another commit, or somebody else's ({found.short_id}). "
            f"Name it otherwise (`docker tag` and `docker rmi {image.tag}`), then repeat"
        )
    return True


def has_environment(image: Image) -> bool:
    """Whether an image of the same lock and base is there, whatever its code: the rest takes seconds."""
    with engine.expected(f"looking for {image.repository}"):
        return bool(engine.connect().images.list(filters={"label": f"{ENVIRONMENT}={image.environment}"}))


def ensure(image: Image) -> str:
    """The tag of ``image``, built first if it isn't there."""
    with locks.waiting(settings().paths.cache / f"image-{image.name}.lock"):
        if not exists(image):
            build(image)
    return image.tag


def build(image: Image, *, no_cache: bool = False) -> None:
    """Build ``image`` whatever is there; under ``no_cache`` every layer anew.

    Raises:
        CommandError: it failed; the message ends with what to do where that is known.
        MissingPartError: no engine, no client, or no room.
    """
    engine.builder()
    require_room(image)
    runtime = None if no_cache else published.find(image.repository, image.version)
    _build(image, image.tag, labels(image), ["--build-arg", f"RUNTIME={runtime}"] if runtime else [], no_cache)


def build_environment(image: Image, tag: str) -> None:
    """Build the layers of ``image`` below the code as ``tag``: what can be published."""
    engine.builder()
    require_room(image)
    told = {key: value for key, value in labels(image).items() if key not in (engine.OURS, FINGERPRINT)}
    _build(image, tag, told, ["--target", STAGE])


def _build(image: Image, tag: str, told: dict[str, str], more: list[str], no_cache: bool = False) -> None:
    if platform := engine.platform():
        say(
            f"image {image.name} is for {platform}, and the engine's machine is another: emulated, several times slower"
        )
    say(f"image {image.name} -> {tag} ...")
    with staged(image) as context:
        words = command(image, context, tag, told, [*more, *(["--no-cache"] if no_cache else [])])
        try:
            processes.run(f"image {image.name}", words, cwd=context, environment={**engine.buildkit(), **arguments()})
        except CommandError as error:
            lines = [*error.lines, *engine.remedies("\n".join(error.lines))]
            raise CommandError(error.name, error.command, error.exit_code, lines) from error
    say(f"image {image.name}: {tag}")


def command(image: Image, context: Path, tag: str, told: dict[str, str], more: Sequence[str] = ()) -> list[str]:
    """The words that build ``image`` from ``context`` as ``tag``, labelled ``told``, with ``more`` of them."""
    authority = settings().images.certificate_authority
    if authority and not authority.is_file():
        raise UsageError(f"[images] certificate_authority: there is no file {authority}")
    return [
        *(engine.client(), "build", "--progress=plain", "--file", f"docker/{image.dockerfile}", "--tag", tag),
        *(word for key, value in told.items() for word in ("--label", f"{key}={value}")),
        *("--build-arg", f"LOCK={image.lock}"),
        # Their values are in the client's environment: a mirror's or proxy's password is on no command line.
        *(word for name in arguments() for word in ("--build-arg", name)),
        *(["--secret", f"id=certificate_authority,src={authority}"] if authority else []),
        *(["--platform", platform] if (platform := engine.platform()) else []),
        *more,
        str(context),
    ]


def arguments() -> dict[str, str]:
    """What a build is told about this machine's network; none of it stays in an image."""
    own = settings().images
    values = {"BASE_IMAGE": own.base, "PACKAGE_MIRROR": own.package_mirror}
    values |= {name: os.environ.get(name, "") for name in PROXIES}
    return {name: value for name, value in values.items() if value}


def labels(image: Image) -> dict[str, str]:
    """What ``image`` says about itself."""
    return {
        f"{OCI}.title": f"digitlens {image.name}",
        f"{OCI}.source": _source(),
        f"{OCI}.revision": git.describe("--abbrev=40", "--exclude=*") or "unknown",
        f"{OCI}.version": git.describe("--tags") or "unknown",
        f"{OCI}.created": datetime.now(UTC).isoformat(timespec="seconds"),
        f"{OCI}.licenses": "Apache-2.0",
        engine.OURS: image.name,
        LOCK: fingerprints.of_file(image.folder / "requirements" / f"{image.lock}.txt"),
        ENVIRONMENT: image.environment,
        FINGERPRINT: image.fingerprint,
    }


@contextlib.contextmanager
def staged(image: Image) -> Iterator[Path]:
    """A folder with exactly the files that the tag stands for, readable by every user of the image."""
    with tempfile.TemporaryDirectory(prefix="digitlens-image-") as name:
        folder = Path(name)
        for path in image.files():
            copy = folder / path.relative_to(image.folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            copy.chmod(0o755 if path.parent.name == "docker" and not path.suffix else 0o644)
        for path in folder.rglob("*"):
            if path.is_dir():
                path.chmod(0o755)
        yield folder


def require_room(image: Image) -> None:
    """Refuse to begin a build that can't end.

    Raises:
        MissingPartError: the engine's disk has too little room for ``image``.
    """
    free = free_gibibytes()
    if free is not None and free < image.gibibytes and not has_environment(image):
        raise MissingPartError(
            f"{free:.1f} GiB are free where the engine keeps images, and image {image.name} needs {image.gibibytes}: "
            "free some; `./inv images.prune` removes this project's old images"
        )


def free_gibibytes() -> float | None:
    """Room on the engine's disk; None where that isn't this machine's."""
    folder = Path(engine.facts().get("DockerRootDir", ""))
    try:
        return shutil.disk_usage(folder).free / 2**30
    except OSError:
        return None


def _source() -> str:
    """Where the code comes from, without anybody's password."""
    address = git.address()
    return re.sub(r"//[^/@]*@", "//", address) if address else "digitlens"
