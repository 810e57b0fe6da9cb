"""What a step can do in a container, and what becomes of the container."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from infra.errors import BusyError, CommandError, UsageError
from infra.execution import containers, engine, gpus, images, runners
from infra.execution.containers import Containers
from infra.execution.steps import Step, perform
from infra.settings import ROOT, settings

STRANGER = 54321
TINY = "tests.infra.tiny_step"
HOST = """
import json, os, sys
from pathlib import Path
import signal
import docker, docker.errors, docker.types, requests
from infra.execution.containers import Containers
from infra.execution.steps import Step, perform
tag, module, output, inputs, options, user, groups = json.loads(sys.argv[1])
signal.signal(signal.SIGINT, signal.default_int_handler)  # also below a shell that ignores it
if user:
    # Only now: Python may be where nobody else can read it.
    os.setgroups(groups), os.setgid(user), os.setuid(user)
step = Step("tiny", "train", module, Path(output), {k: Path(v) for k, v in inputs.items()}, options)
Containers(image_of=lambda step: tag).run(step)
"""


@pytest.fixture
def runner(steps_image: str) -> Containers:
    return Containers(image_of=lambda step: steps_image)


@pytest.fixture
def step(tmp_path: Path) -> Step:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "in.txt").write_text("in ", "utf-8")
    inputs = {"input": tmp_path / "in" / "in.txt"}
    return Step("tiny", "train", TINY, tmp_path / "run" / "out", inputs, {"word": "a"})


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lays keywords over the settings' section on execution."""

    def lay(**values: object) -> None:
        own = settings().model_copy(update={"execution": settings().execution.model_copy(update=values)})
        monkeypatch.setattr(containers, "settings", lambda: own)

    return lay


def of(step: Step) -> list[str]:
    """The names of containers that make the output of ``step``."""
    found = engine.connect().containers.list(all=True, filters={"label": engine.OURS})
    return [str(one.name) for one in found if one.labels.get(containers.PLACE, "").startswith(str(step.output.parent))]


def host(
    tag: str, step: Step, user: int = 0, groups: Sequence[int] = (), stdin: int | None = None
) -> subprocess.Popen[str]:
    """A process that runs ``step``, as somebody else where ``user`` isn't 0."""
    inputs = {flag: str(path) for flag, path in step.inputs.items()}
    words = [tag, step.module, str(step.output), inputs, dict(step.options), user, list(groups)]
    command = [sys.executable, "-c", HOST, json.dumps(words)]
    return subprocess.Popen(command, cwd=ROOT, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def waiting(steps_image: str, step: Step) -> Iterator[tuple[subprocess.Popen[str], Step]]:
    """A process in the middle of a step that waits; whatever it leaves is removed."""
    waits = Step(step.name, step.environment, step.module, step.output, {}, {"wait": True})
    process = host(steps_image, waits)
    deadline = time.monotonic() + 60
    while not (step.output / "waiting").exists():
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    yield process, waits
    process.kill()
    process.communicate()
    for name in of(step):
        engine.connect().containers.get(name).remove(force=True)


def test_a_step_says_what_it_says_and_leaves_only_its_result(
    runner: Containers, step: Step, capfd: pytest.CaptureFixture[str]
) -> None:
    perform(step, runner)
    assert (step.output / "out.txt").read_text("utf-8") == "in a"
    assert "[tiny] tiny begins" in capfd.readouterr().err
    assert of(step) == []
    assert [path.name for path in step.output.parent.iterdir()] == ["out"]


def test_a_failed_step_carries_exit_code_and_last_lines(runner: Containers, step: Step) -> None:
    with pytest.raises(CommandError) as caught:
        runner.run(Step("tiny", "train", TINY, step.output, {}, {"fail": 2}))
    assert caught.value.exit_code == 2
    assert sorted(caught.value.lines) == ["error: told to fail", "tiny begins"]
    assert of(step) == []


def probe(step: Step, **options: int) -> Step:
    return Step(
        "probe", "train", "tests.images.probe_step", step.output, {"input": step.inputs["input"].parent}, options
    )


def test_it_sees_inputs_its_output_and_no_network(
    runner: Containers, step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIREBASE_TOKEN", "canary")
    runner.run(probe(step))
    found = json.loads((step.output / "found.json").read_text("utf-8"))
    assert found["network"] == "Network is unreachable"
    assert found["interfaces"] == ["lo"]
    assert found["input"] == "in "
    for place in ("the root", "the code", "the input"):
        assert found[f"write to {place}"] == "Read-only file system"
    assert found["write to /tmp"] == "done"
    assert found["shared memory"] == 2**30
    assert found["first process"] == "dumb-init"
    assert found["user"] == os.getuid()
    assert "canary" not in str(found["environment"])


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_files_belong_to_the_caller(steps_image: str, step: Step, tmp_path: Path) -> None:
    socket = Path("/var/run/docker.sock")
    for folder in [tmp_path, *list(tmp_path.parents)[:2]]:
        folder.chmod(0o755)
    step.output.parent.mkdir()
    shutil.chown(step.output.parent, STRANGER, STRANGER)
    process = host(steps_image, probe(step), STRANGER, [socket.stat().st_gid, STRANGER + 1])
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 0, said
    found = json.loads((step.output / "found.json").read_text("utf-8"))
    assert found["user"] == STRANGER
    assert STRANGER + 1 in found["groups"]
    assert {path.stat().st_uid for path in [step.output, *step.output.iterdir()]} == {STRANGER}


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_an_output_that_cannot_be_written_is_said_before_anything_runs(steps_image: str, step: Step) -> None:
    step.output.parent.mkdir()
    for folder in [step.output.parent, *list(step.output.parents)[1:4]]:
        folder.chmod(0o755)
    groups = [Path("/var/run/docker.sock").stat().st_gid]
    process = host(steps_image, step, STRANGER, groups)
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 1
    assert f"tiny can't write to {step.output.parent}" in said
    assert of(step) == []


def test_an_output_among_the_inputs_is_refused(runner: Containers, step: Step) -> None:
    inside = Step("tiny", "train", TINY, step.inputs["input"].with_name("out"), {"input": step.inputs["input"].parent})
    with pytest.raises(UsageError, match="choose another output folder"):
        runner.run(inside)


def test_a_step_that_needs_more_memory_than_it_may_have_says_so(
    runner: Containers, step: Step, limits: Callable[..., None]
) -> None:
    limits(memory="64m")
    with pytest.raises(
        CommandError, match=r"ended by signal 9(.|\n)*out of memory \(64m\): raise \[execution\] memory"
    ):
        runner.run(probe(step, memory=500))


def test_ctrl_c_reaches_the_step_and_leaves_no_container(waiting: tuple[subprocess.Popen[str], Step]) -> None:
    process, step = waiting
    process.send_signal(signal.SIGINT)
    process.wait(40)
    assert (step.output / "interrupted").exists()
    assert of(step) == []


def test_what_a_killed_process_left_is_found_and_removed_only_when_told(
    waiting: tuple[subprocess.Popen[str], Step], runner: Containers, limits: Callable[..., None]
) -> None:
    process, step = waiting
    with pytest.raises(BusyError, match="another process is making"):
        runner.run(step)
    process.kill()
    process.wait()
    [left] = of(step)
    with pytest.raises(
        BusyError, match=f"{left} .running. was left by a killed .*LEFTOVER=attach or .*LEFTOVER=remove"
    ):
        runner.run(step)
    assert of(step) == [left]
    limits(leftover="remove")
    runner.run(Step("tiny", "train", TINY, step.output, {}, {"word": "b"}))
    assert (step.output / "out.txt").read_text("utf-8") == "b"
    assert of(step) == []


def test_one_may_go_on_with_what_a_killed_process_left(
    waiting: tuple[subprocess.Popen[str], Step],
    runner: Containers,
    limits: Callable[..., None],
    capfd: pytest.CaptureFixture[str],
) -> None:
    process, step = waiting
    process.kill()
    process.wait()
    [left] = of(step)
    limits(leftover="attach")
    engine.connect().containers.get(left).kill("SIGINT")
    with pytest.raises(CommandError, match="signal 2"):
        runner.run(step)
    assert "[tiny] tiny begins" in capfd.readouterr().err
    assert of(step) == []


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Both ends of a terminal: a person's and a program's."""
    ends = os.openpty()
    yield ends
    for end in ends:
        os.close(end)


@pytest.mark.parametrize(
    ("typed", "word", "offered", "said"),
    [
        ("a", "", "[a]ttach to it, [r]emove it, or stop? ", "tiny: goes on with"),
        ("r", "b", "[r]emove it, or stop? ", "tiny: removes"),
        ("a", "b", "[r]emove it, or stop? ", "say what to do with it: DIGITLENS_EXECUTION_LEFTOVER=remove"),
        ("", "", "[a]ttach to it, [r]emove it, or stop? ", "LEFTOVER=attach or DIGITLENS_EXECUTION_LEFTOVER=remove"),
    ],
    ids=["attach", "remove", "attach to another call", "neither"],
)
def test_a_person_is_asked_what_becomes_of_what_was_left(
    waiting: tuple[subprocess.Popen[str], Step],
    steps_image: str,
    terminal: tuple[int, int],
    typed: str,
    word: str,
    offered: str,
    said: str,
) -> None:
    process, step = waiting
    process.kill()
    process.wait()
    [left] = of(step)
    # With other words it is another call: one can't go on with the container then.
    asked = Step(step.name, step.environment, step.module, step.output, {}, {"word": word}) if word else step
    again = host(steps_image, asked, stdin=terminal[1])
    os.write(terminal[0], f"{typed}\n".encode())
    assert again.stderr is not None
    lines = ""
    for line in again.stderr:
        lines += line
        if "goes on with" in line:
            engine.connect().containers.get(left).kill("SIGINT")
    assert again.communicate(timeout=60)[0] == "", "a question is no result"
    assert f"{left} (running) was left by a killed ./inv" in lines
    assert f"\n{offered}\n" in lines
    assert said in lines
    ended = typed == "a" and not word
    assert again.returncode == (0 if typed == "r" else 1)
    assert of(step) == ([] if ended or typed == "r" else [left])
    if typed == "r":
        assert (step.output / "out.txt").read_text("utf-8") == word


def test_what_somebody_else_called_the_same_stays(runner: Containers, step: Step, steps_image: str) -> None:
    foreign = engine.connect().containers.create(steps_image, name=containers._name(step))
    try:
        with pytest.raises(BusyError, match="isn't this project's: rename it"):
            runner.run(step)
        foreign.reload()
    finally:
        foreign.remove(force=True)


@pytest.mark.skipif(bool(gpus.found()), reason="there are GPUs here")
def test_gpus_that_are_asked_for_and_absent_are_explained() -> None:
    with pytest.raises(UsageError) as caught:
        runners.choose("docker", "all")
    for words in ("nvidia-smi -L: not installed", "nvidia-ctk --version: not installed", "runtimes: ", "remedy: "):
        assert words in str(caught.value)


def test_auto_is_docker_where_the_images_are() -> None:
    for name in ("train", "convert"):
        images.ensure(images.IMAGES[name])
    assert isinstance(runners.choose("auto", None, ("train", "convert")), Containers)
