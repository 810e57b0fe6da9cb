"""What is decided about containers without an engine."""

from __future__ import annotations

import hashlib
import importlib
import json
import queue
import re
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from infra.errors import MissingPartError, UsageError
from infra.execution import engine, environments, gpus, images, runners
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


def context(folder: Path, name: str, host: str) -> None:
    """As `docker context create NAME --docker host=HOST` leaves it, and `docker context use NAME`."""
    meta = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    meta.mkdir(parents=True)
    content = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}}
    (meta / "meta.json").write_text(json.dumps(content), "utf-8")
    (folder / "config.json").write_text(json.dumps({"currentContext": name}), "utf-8")


@pytest.fixture
def docker_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own ~/.docker."""
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    # The SDK reads its own folder's name once, from HOME.
    for module in ("docker.context.config", "docker.utils.config", "docker.context.context"):
        assert importlib.import_module(module)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".docker").symlink_to(tmp_path)
    engine.connect.cache_clear()
    return tmp_path


@pytest.mark.parametrize("host", ["tcp://192.0.2.1:2375", "ssh://ann@192.0.2.1", "http://192.0.2.1"])
@pytest.mark.parametrize("way", ["DOCKER_HOST", "context in use", "DOCKER_CONTEXT"])
def test_an_engine_elsewhere_cannot_see_our_folders(
    docker_config: Path, monkeypatch: pytest.MonkeyPatch, host: str, way: str
) -> None:
    if way == "DOCKER_HOST":
        monkeypatch.setenv(way, host)
    else:
        context(docker_config, "lab", host)
    if way == "DOCKER_CONTEXT":
        (docker_config / "config.json").write_text("{}", "utf-8")
        monkeypatch.setenv(way, "lab")
    with pytest.raises(UsageError, match="another machine, which can't see these folders"):
        engine.connect()


def test_an_engine_is_found_where_docker_finds_it(docker_config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert engine.address() == (engine.DEFAULT, f"unix://{engine.SOCKET}")
    context(docker_config, "colima", "unix:///home/ann/.colima/docker.sock")
    assert engine.address() == ("docker's context colima", "unix:///home/ann/.colima/docker.sock")
    monkeypatch.setenv("DOCKER_CONTEXT", "default")
    assert engine.address()[1] == f"unix://{engine.SOCKET}"
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/user/1000/docker.sock")
    assert engine.address() == ("DOCKER_HOST", "unix:///run/user/1000/docker.sock")


def test_a_context_that_is_gone_is_said(docker_config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "moon")
    with pytest.raises(MissingPartError, match="docker context ls"):
        engine.connect()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(13, "Permission denied"), "usermod -aG docker"),
        (FileNotFoundError(2, "No such file"), "install Docker"),
        (ConnectionRefusedError(111, "Connection refused"), "systemctl start docker"),
    ],
)
def test_why_no_engine_answers(
    docker_config: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, words: str
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(MissingPartError, match=words) as caught:
        engine.connect()
    assert ("install Docker" in str(caught.value)) is not isinstance(error, PermissionError)


def test_a_bare_path_is_no_other_machine(docker_config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "/run/docker.sock")
    with pytest.raises(UsageError, match=r"write unix:///run/docker.sock"):
        engine.connect()


@pytest.mark.parametrize(
    ("facts", "rootless", "remapped", "selinux", "platform"),
    [
        ({}, False, False, False, None),
        ({"SecurityOptions": None, "Architecture": "x86_64"}, False, False, False, None),
        ({"SecurityOptions": ["name=seccomp,profile=default", "name=rootless"]}, True, False, False, None),
        ({"SecurityOptions": ["name=userns"]}, False, True, False, None),
        ({"SecurityOptions": ["name=selinux"]}, False, False, True, None),
        ({"Architecture": "aarch64"}, False, False, False, "linux/amd64"),
        ({"Architecture": "arm64"}, False, False, False, "linux/amd64"),
    ],
)
def test_what_an_engine_says_of_itself_decides_how_it_is_asked(
    monkeypatch: pytest.MonkeyPatch,
    facts: dict[str, object],
    rootless: bool,
    remapped: bool,
    selinux: bool,
    platform: str | None,
) -> None:
    monkeypatch.setattr(engine, "facts", lambda: facts)
    found = (engine.is_rootless(), engine.is_remapped(), engine.has_selinux(), engine.platform())
    assert found == (rootless, remapped, selinux, platform)


@pytest.mark.parametrize("components", [[{"Name": "Podman Engine"}, {"Name": "Conmon"}]])
def test_podman_is_told_plainly_that_it_builds_no_images(
    monkeypatch: pytest.MonkeyPatch, components: list[dict[str, str]]
) -> None:
    podman = SimpleNamespace(version=lambda: {"Components": components})
    monkeypatch.setattr(engine, "connect", lambda: podman)
    with pytest.raises(MissingPartError, match="Podman, which has no BuildKit"):
        engine.builder()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--on", "dokcer"), "--on: 'dokcer' is none of auto, docker, local"),
        (("--on", "local", "--gpus", "some"), "--gpus: 'some' is none of auto, all, none"),
        (("--on", "local", "--gpus", "all"), "--gpus all: no GPU here"),
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
    words = images.command(images.IMAGES["train"], tmp_path, "digitlens/train:x", {})
    assert words[words.index("PACKAGE_MIRROR") - 1] == "--build-arg"
    assert [word for word in words if "secret" in word] == []


def test_gpus_need_an_answer_of_nvidia_smi(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpus.found() == []
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'GPU 0: NVIDIA H100 (UUID: GPU-1)'\n", "utf-8")
    program.chmod(0o755)
    assert gpus.found() == ["GPU 0: NVIDIA H100 (UUID: GPU-1)"]


def stand_in(folder: Path, driver: str) -> None:
    """Put an nvidia-smi into ``folder`` that lists one GPU and says this version of the driver."""
    program = folder / "nvidia-smi"
    program.write_text(
        f"#!/bin/sh\ncase $1 in -L) echo 'GPU 0: NVIDIA H100 (UUID: GPU-1)';; *) echo {driver};; esac\n", "utf-8"
    )
    program.chmod(0o755)


def test_a_local_step_gets_the_gpus_that_are_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not runners.locally("auto").with_gpus
    with pytest.raises(UsageError) as caught:
        runners.choose("local", "all")
    assert caught.value.exit_code == 2
    for words in ("nvidia-smi -L: not installed", "driver: none answers", f"CUDA {gpus.cuda()}", "remedy: install"):
        assert words in str(caught.value)
    stand_in(tmp_path, "570.86.15")
    chosen = {wish: runners.locally(wish) for wish in runners.GPUS}
    assert {wish: runner.with_gpus for wish, runner in chosen.items()} == {"auto": True, "all": True, "none": False}
    assert {wish: runner.variables for wish, runner in chosen.items()} == {
        "auto": {},
        "all": {"TRAINING_GPUS": "all"},
        "none": {},
    }


def test_the_environment_for_gpus_is_of_its_lock() -> None:
    found = environments.find("train-gpu")
    assert (found.folder.name, found.lock.name, found.kind) == ("train-gpu", "train-gpu.txt", "python")
    assert re.fullmatch(r"\d+\.\d+\.\d+", gpus.cuda())
    assert int(gpus.cuda().partition(".")[0]) in gpus.LEAST
    assert "?" not in gpus.libraries()


@pytest.mark.parametrize(
    ("driver", "cuda", "fits"),
    [
        ("570.86.15", "12.9.79", True),
        ("525.60.13", "12.0.1", True),
        ("525.60.4", "12.9.79", False),
        ("470.256.02", "12.9.79", False),
        ("570.86.15", "13.0.2", False),
        ("580.65.06", "13.0.2", True),
        ("470.256.02", "99.1", True),
        ("", "12.9.79", True),
        ("470.256.02", "?", True),
    ],
)
def test_a_driver_runs_the_cuda_of_its_time_and_before(driver: str, cuda: str, fits: bool) -> None:
    assert gpus.fits(driver, cuda) is fits
