"""Real images on a real engine; without one, all of this is skipped and says why."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.errors import DigitlensError
from infra.execution import engine, images
from infra.execution.images import IMAGES, Image
from infra.settings import ROOT, settings

REGISTRY = """
version: 0.1
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""

STAND_IN = "local/python:3.11-bookworm"
"""A base for machines that reach no registry of images."""


def unavailable() -> str:
    """Why no image can be built here; empty where one can."""
    try:
        found = engine.connect().images.list(name=STAND_IN)
        engine.client()
    except DigitlensError as error:
        return str(error)
    if found and not settings().images.base:
        os.environ["DIGITLENS_IMAGES_BASE"] = STAND_IN
        settings.cache_clear()
    return ""


@pytest.fixture(scope="session", autouse=True)
def engine_is_there() -> None:
    if reason := unavailable():
        pytest.skip(reason)


@pytest.fixture(scope="session")
def gpu_image(request: pytest.FixtureRequest) -> str:
    """The training image for GPUs, where it was asked for."""
    if not request.config.getoption("--gpu-image"):
        pytest.skip("the image for GPUs takes about 7 GB: --gpu-image")
    return images.ensure(IMAGES["train-gpu"])


@pytest.fixture(scope="session", params=["train", "convert", "train-gpu"])
def image(request: pytest.FixtureRequest) -> Image:
    """Each image of the project, built."""
    if request.param == "train-gpu":
        request.getfixturevalue("gpu_image")
    chosen = IMAGES[request.param]
    images.ensure(chosen)
    return chosen


@pytest.fixture
def small_image(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Image]:
    """The training image (or the one in ``param``) with a small environment, of files that a test may change."""
    whole = IMAGES[getattr(request, "param", "train")]
    for path in whole.files():
        copy = tmp_path / "files" / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    shutil.copyfile(ROOT / "requirements" / "test.txt", tmp_path / "files" / "requirements" / "small.txt")
    chosen = replace(whole, name="test", lock="small", folder=tmp_path / "files", gibibytes=1)
    yield chosen
    # By label: those that lost their name to a newer build, too.
    for found in engine.connect().images.list(filters={"label": f"{engine.OURS}={chosen.name}"}):
        engine.connect().images.remove(str(found.id), force=True)


@pytest.fixture(scope="session")
def steps_image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The training image with the tests' own steps in it."""
    context = tmp_path_factory.mktemp("steps")
    for name in ("infra/tiny_step.py", "images/probe_step.py"):
        (context / "tests" / name).parent.mkdir(parents=True)
        shutil.copyfile(ROOT / "tests" / name, context / "tests" / name)
    shutil.copyfile(Path(__file__).with_name("steps.Dockerfile"), context / "Dockerfile")
    tag = "digitlens/test-steps:latest"
    base = images.ensure(IMAGES["train"])
    engine.connect().images.build(path=str(context), tag=tag, buildargs={"BASE_IMAGE": base}, rm=True, forcerm=True)
    yield tag
    engine.connect().images.remove(tag, force=True)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """A registry on this machine."""
    program = shutil.which("docker-registry")
    if program is None:
        pytest.skip("no registry here: apt-get install docker-registry")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    (tmp_path / "config.yml").write_text(REGISTRY.format(folder=tmp_path / "store", port=port), "utf-8")
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([program, "serve", str(tmp_path / "config.yml")], stdout=log, stderr=log)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        forget(f"127.0.0.1:{port}/")
        process.terminate()
        process.wait(20)


def forget(registry: str) -> None:
    """Remove what this engine has of a registry that is going."""
    for found in engine.connect().images.list():
        names = [*found.tags, *(found.attrs.get("RepoDigests") or [])]
        if names and all(name.startswith(registry) for name in names):
            engine.connect().images.remove(str(found.id), force=True)
            continue
        for name in filter(lambda name: name.startswith(registry), names):
            engine.connect().images.remove(name, force=True)


def inside(tag: str, *words: str, **options: Any) -> str:
    """What the program ``words`` says in a container of ``tag`` without network, stderr included."""
    said = engine.connect().containers.run(
        tag, list(words[1:]), entrypoint=words[0], remove=True, network_mode="none", stderr=True, **options
    )
    return bytes(said).decode()


def client_says(*words: str) -> subprocess.CompletedProcess[str]:
    """The docker client."""
    return subprocess.run([engine.client(), *words], capture_output=True, text=True, check=False)
