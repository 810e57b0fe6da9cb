from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from infra.errors import BusyError, CommandError, UsageError
from infra.execution.local import Local
from infra.execution.steps import Step, perform
from infra.settings import ROOT


@pytest.fixture
def step(tmp_path: Path) -> Step:
    source = tmp_path / "in.txt"
    source.write_text("in ", "utf-8")
    return Step(
        "tiny",
        "host",
        "tests.infra.tiny_step",
        tmp_path / "out",
        inputs={"input": source},
        options={"word": "a", "loud": True, "fail": None},
    )


def test_a_step_runs_in_its_environment_and_says_what_it_says(step: Step, capfd: pytest.CaptureFixture[str]) -> None:
    perform(step, Local())
    assert (step.output / "out.txt").read_text("utf-8") == "in aa"
    assert "[tiny] tiny begins" in capfd.readouterr().err


@pytest.mark.parametrize("word", ["-1", "--fail", "-", "a=b", "-a,b"])
def test_a_value_that_looks_like_a_flag_is_a_value(step: Step, word: str) -> None:
    perform(replace(step, options={"word": word}), Local())
    assert (step.output / "out.txt").read_text("utf-8") == f"in {word}"


def test_the_result_is_current_until_an_option_or_input_changes(step: Step) -> None:
    first = perform(step, Local())
    assert perform(step, Local()) == first
    assert perform(replace(step, labels={"label": "x"}), Local()) == first
    other = replace(step, options={"word": "b"})
    assert perform(other, Local()).fingerprint != first.fingerprint
    step.inputs["input"].write_text("changed ", "utf-8")
    perform(step, Local())
    assert (step.output / "out.txt").read_text("utf-8") == "changed aa"


def test_a_failed_step_carries_command_exit_code_and_last_lines(step: Step) -> None:
    perform(step, Local())
    with pytest.raises(CommandError) as caught:
        perform(replace(step, options={"fail": 2}), Local())
    error = caught.value
    assert error.exit_code == 2
    assert error.command[1:3] == ["-m", "tests.infra.tiny_step"]
    assert error.lines == ["tiny begins", "error: told to fail"]
    assert str(error) == "told to fail"
    assert (step.output / "out.txt").read_text("utf-8") == "in aa"


def test_a_missing_input_is_named_before_anything_runs(step: Step) -> None:
    with pytest.raises(UsageError, match=r"tiny needs .*nothing \(--input\)"):
        perform(replace(step, inputs={"input": step.output / "nothing"}), Local())


HOST = """
import sys
from pathlib import Path
from infra.execution.local import Local
from infra.execution.steps import Step, perform
step = Step("tiny", "host", "tests.infra.tiny_step", Path(sys.argv[1]), {}, {"wait": True})
perform(step, Local())
"""


def begin(output: Path) -> subprocess.Popen[bytes]:
    """A host process in the middle of a step that waits."""
    host = subprocess.Popen([sys.executable, "-c", HOST, str(output)], cwd=ROOT)
    deadline = time.monotonic() + 30
    while not (output / "waiting").exists():
        assert time.monotonic() < deadline
        assert host.poll() is None
        time.sleep(0.05)
    return host


def alive(output: Path) -> list[int]:
    """Processes with ``output`` on their command line."""
    found = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True)
    lines = [line.split(None, 1) for line in found.stdout.splitlines()]
    return [int(pid) for pid, words in lines if str(output) in words and "<defunct>" not in words]


def test_ctrl_c_reaches_the_step_and_leaves_no_process(tmp_path: Path) -> None:
    output = tmp_path / "out"
    host = begin(output)
    host.send_signal(signal.SIGINT)
    host.wait(30)
    assert (output / "interrupted").exists()
    # Its children are ended before it ends, or as soon as the kernel gets to it.
    deadline = time.monotonic() + 30
    while alive(output):
        assert time.monotonic() < deadline


def test_a_step_that_outlives_its_host_keeps_others_out(tmp_path: Path) -> None:
    output = tmp_path / "out"
    host = begin(output)
    host.kill()
    host.wait()
    try:
        with pytest.raises(BusyError, match="another process is making"):
            Local().run(Step("tiny", "host", "tests.infra.tiny_step", output, {}, {}))
    finally:
        for process in alive(output):
            os.kill(process, signal.SIGKILL)
