"""What is decided about containers without an engine."""

from __future__ import annotations

import queue
from pathlib import Path

import pytest

from infra.errors import MissingPartError, UsageError
from infra.execution import engine, gpus, images, runners
from infra.execution.local import Local
from infra.execution.output import read_lines
from tests.infra.conftest import Inv

NOWHERE = "unix:///nowhere/docker.sock"


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", NOWHERE)
    engine.connect.cache_clear()


def test_chunks_become_lines_and_returns_of_a_progress_bar_too() -> None:
    lines: queue.Queue[str | None] = queue.Queue()
    read_lines([b"one\ntw", b"o\r", "thr\u00e9e".encode()[:4], "thr\u00e9e".encode()[4:], b"\n\n  \nend"], lines)
    found = []
    while (line := lines.get()) is not None:
        found.append(line)
    assert found == ["one", "two", "thr\u00e9e", "end"]


def test_without_an_engine_auto_is_local(no_engine: None) -> None:
    assert isinstance(runners.choose("auto", None, ("train", "convert")), Local)


def test_without_an_engine_docker_is_refused_with_a_remedy(inv: Inv) -> None:
    answer = inv("pipeline", "--on", "docker", "--no-serve", DOCKER_HOST=NOWHERE)
    assert answer.returncode == 1
    assert "no container engine answers" in answer.stderr
    assert "or use --on local" in answer.stderr


def test_an_engine_elsewhere_cannot_see_our_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2375")
    engine.connect.cache_clear()
    with pytest.raises(UsageError, match="another machine can't see these folders"):
        engine.connect()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--on", "dokcer"), "--on: 'dokcer' is none of auto, docker, local"),
        (("--on", "local", "--gpus", "some"), "--gpus: 'some' is none of auto, all, none"),
        (("--on", "local", "--gpus", "all"), "--gpus all needs --on docker"),
    ],
)
def test_a_flag_that_cannot_be_used_is_explained(inv: Inv, flags: tuple[str, ...], message: str) -> None:
    answer = inv("pipeline", "--no-serve", *flags)
    assert answer.returncode == 2
    assert message in answer.stderr


def test_a_client_without_buildkit_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = tmp_path / "docker"
    client.write_text("#!/bin/sh\necho 'no such plugin: buildx' >&2\n", "utf-8")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(engine, "USUAL_PLACES", ())
    engine.client.cache_clear()
    with pytest.raises(MissingPartError, match=f"no docker client with BuildKit among {client}: install"):
        engine.client()
    engine.client.cache_clear()


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("write /var/lib/docker/tmp/x: no space left on device", "images.prune"),
        ("error reading from server: EOF", "the engine ended meanwhile"),
        ("error: Hash mismatch for `numpy==2.4.6`", "locks.update"),
    ],
)
def test_known_troubles_have_remedies(said: str, remedy: str) -> None:
    [words] = engine.remedies(f"#9 DONE\n{said}\n")
    assert words.startswith("remedy: ")
    assert remedy in words


def test_a_mirrors_password_is_on_no_command_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(engine, "client", lambda: "docker")
    monkeypatch.setattr(images, "arguments", lambda: {"PACKAGE_MIRROR": "https://somebody:secret@mirror/simple"})
    words = images.command(images.IMAGES["train"], tmp_path)
    assert words[words.index("PACKAGE_MIRROR") - 1] == "--build-arg"
    assert [word for word in words if "secret" in word] == []


def test_gpus_need_an_answer_of_nvidia_smi(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpus.found() == []
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'GPU 0: NVIDIA H100 (UUID: GPU-1)'\n", "utf-8")
    program.chmod(0o755)
    assert gpus.found() == ["GPU 0: NVIDIA H100 (UUID: GPU-1)"]
