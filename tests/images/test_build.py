"""How images come to be: by content, alike, only from the locks, and without a trace of where they were built."""

from __future__ import annotations

import io
import os
import re
import shutil
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from infra.errors import CommandError, MissingPartError, RefusedError
from infra.execution import engine, images
from infra.execution.images import IMAGES, Image
from infra.settings import settings
from tests.images.conftest import client_says, inside
from tests.images.cramped import cramped
from tests.images.flaky import flaky
from tests.images.mirror import Mirror, serving

CANARY = "canary-5f0c-credential"
EVERYTHING = "for f in /opt/digitlens /app; do find $f -type f | sort | xargs sha256sum; done"


def fresh(image: Image) -> Image:
    """``image`` as its files are now."""
    return replace(image)


def test_equal_files_make_an_equal_tag_and_other_files_another(small_image: Image) -> None:
    assert fresh(small_image).tag == small_image.tag
    code = small_image.folder / "training" / "loop" / "train.py"
    code.write_text(code.read_text("utf-8") + "# changed\n", "utf-8")
    other = fresh(small_image)
    assert other.tag != small_image.tag
    assert other.environment == small_image.environment
    lock = small_image.folder / "requirements" / "small.txt"
    lock.write_text(lock.read_text("utf-8") + "# changed\n", "utf-8")
    assert fresh(small_image).environment != small_image.environment


def test_an_image_that_exists_is_not_built_again(
    small_image: Image, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    images.ensure(small_image)
    capfd.readouterr()
    monkeypatch.setattr(images, "build", lambda image: pytest.fail("built again"))
    assert images.ensure(fresh(small_image)) == small_image.tag


def test_two_builds_are_equal_but_for_times(small_image: Image) -> None:
    images.build(small_image, no_cache=True)
    first = engine.connect().images.get(small_image.tag)
    files = inside(str(first.id), "sh", "-c", EVERYTHING)
    images.build(small_image, no_cache=True)
    second = engine.connect().images.get(small_image.tag)
    assert second.id != first.id, "the second build made nothing"
    assert inside(small_image.tag, "sh", "-c", EVERYTHING) == files
    assert len(files.splitlines()) > 300
    engine.connect().images.remove(str(first.id), force=True)


def test_a_package_that_is_not_what_the_lock_says_ends_the_build(small_image: Image) -> None:
    lock = small_image.folder / "requirements" / "small.txt"
    lock.write_text(re.sub("sha256:[0-9a-f]{64}", "sha256:" + "0" * 64, lock.read_text("utf-8")), "utf-8")
    with pytest.raises(CommandError, match="remedy: a package is not what the lock says"):
        images.build(fresh(small_image))
    assert not images.exists(fresh(small_image))


@pytest.mark.parametrize(
    ("base", "words"),
    [
        ("python:3.11-slim-bookworm@sha256:123", "whole digest|no image name"),
        (f"python:3.11-slim-bookworm@sha256:{'0' * 64}", "make sure of its tag and digest|can't be fetched"),
    ],
)
def test_a_base_that_is_not_there_is_explained(
    small_image: Image, monkeypatch: pytest.MonkeyPatch, base: str, words: str
) -> None:
    own = settings().images.model_copy(update={"base": base})
    monkeypatch.setattr(images, "settings", lambda: settings().model_copy(update={"images": own}))
    with pytest.raises(CommandError, match=f"remedy: .*({words})"):
        images.build(fresh(small_image))


def test_a_tag_that_somebody_else_gave_is_refused_and_stays(small_image: Image) -> None:
    foreign = engine.connect().images.get(images.ensure(IMAGES["train"]))
    foreign.tag(small_image.repository, small_image.tag.rpartition(":")[2])
    try:
        with pytest.raises(RefusedError, match="not what its tag says"):
            images.ensure(small_image)
        assert engine.connect().images.get(small_image.tag).id == foreign.id
    finally:
        client_says("rmi", small_image.tag)


def test_a_build_that_has_no_room_is_not_begun(small_image: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "free_gibibytes", lambda: 0.5)
    with pytest.raises(MissingPartError, match=r"0\.5 GiB are free .* image test needs 1"):
        images.build(small_image)


@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("dockerd"), reason="starts an engine on a disk of its own")
def test_a_disk_that_is_full_is_said_to_be(small_image: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "disk").mkdir()
    with cramped(tmp_path / "disk", settings().images.base) as address, closing(docker.DockerClient(address)) as client:
        monkeypatch.setenv("DOCKER_HOST", address)
        monkeypatch.setattr(engine, "connect", lambda: client)
        with pytest.raises(MissingPartError, match=r"0\.0 GiB are free where the engine keeps images"):
            images.build(small_image)
        # Somebody else may fill it after that was looked at.
        monkeypatch.setattr(images, "require_room", lambda image: None)
        with pytest.raises(CommandError, match=r"no space left on device(.|\n)*remedy: free some disk"):
            images.build(small_image)
        assert client.images.list(name=small_image.repository) == []


def test_an_engine_that_dies_while_it_builds_is_said_to_have(
    small_image: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with flaky(tmp_path / "engine.sock") as dying:
        monkeypatch.setenv("DOCKER_HOST", dying.host)
        timer = threading.Timer(4.0, dying.die)
        timer.start()
        with pytest.raises(CommandError, match=r"remedy: the engine (ended meanwhile|stopped answering)"):
            images.build(small_image, no_cache=True)
        timer.join()


def test_authority_and_mirror_are_used_and_leave_no_trace(
    small_image: Image, monkeypatch: pytest.MonkeyPatch, mirror: Mirror
) -> None:
    own = settings().images.model_copy(
        update={"package_mirror": mirror.address, "certificate_authority": mirror.authority}
    )
    monkeypatch.setattr(images, "settings", lambda: settings().model_copy(update={"images": own}))
    images.build(small_image, no_cache=True)
    assert any("/simple/pytest/" in path for path in mirror.requests)
    assert any("/simple/dumb-init/" in path for path in mirror.requests)
    secrets = [mirror.address.encode(), mirror.password.encode(), mirror.authority.read_bytes()[100:300]]
    for name, content in saved(small_image.tag):
        assert [secret for secret in secrets if secret in content] == [], name


@pytest.mark.parametrize("small_image", ["train", "convert"], indirect=True)
def test_credentials_of_whoever_builds_are_in_no_layer(
    small_image: Image, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "FIREBASE_TOKEN", "GH_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"):
        monkeypatch.setenv(name, CANARY)
    # As google-github-actions/auth, git and people leave them in a working tree.
    for path in ("gha-creds-0123456789abcdef.json", ".env", ".git/config", f"{small_image.package}/credentials.json"):
        file = small_image.folder / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(CANARY, "utf-8")
    images.build(fresh(small_image), no_cache=True)
    assert [name for name, content in saved(small_image.tag) if CANARY.encode() in content] == []
    assert CANARY not in "".join(capfd.readouterr())


@pytest.fixture
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirror]:
    with serving(tmp_path_factory.mktemp("mirror")) as running:
        yield running


def saved(tag: str) -> list[tuple[str, bytes]]:
    """Every file of every layer of ``tag``, and its configuration with its history."""
    found: list[tuple[str, bytes]] = []
    base = set(engine.connect().images.get(settings().images.base or "").attrs["RootFS"]["Layers"])
    image = engine.connect().images.get(tag)
    archive = b"".join(image.save())
    own = [layer for layer in image.attrs["RootFS"]["Layers"] if layer not in base]
    assert own
    with tarfile.open(fileobj=io.BytesIO(archive)) as outer:
        for member in outer.getmembers():
            file = outer.extractfile(member) if member.isfile() else None
            content = file.read() if file else b""
            if not member.name.endswith(".tar"):
                found.append((member.name, content))
                continue
            with tarfile.open(fileobj=io.BytesIO(content)) as layer:
                for inner in layer.getmembers():
                    data = layer.extractfile(inner) if inner.isfile() else None
                    found.append((f"{member.name}/{inner.name}", data.read() if data else b""))
    return found
