from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from infra.errors import CommandError, MissingPartError, StepError
from infra.execution import processes


def test_lines_are_shown_while_the_child_still_runs(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    go = tmp_path / "go"
    os.mkfifo(go)
    # It waits for us: opening a pipe to read lasts until somebody writes.
    code = "print('first'); open('go').read(); print('bar 1%\\rbar 2%')"
    thread = threading.Thread(
        target=processes.run, args=("child", [sys.executable, "-c", code]), kwargs={"cwd": tmp_path}
    )
    thread.start()
    while not (said := capfd.readouterr().err):
        time.sleep(0.01)
    assert said == "[child] first\n"
    go.write_text("on", "utf-8")
    thread.join()
    # The returns of a progress bar become lines.
    assert capfd.readouterr().err == "[child] bar 1%\n[child] bar 2%\n"


def test_chatter_of_libraries_is_not_passed_on(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    said = [
        "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
        "I0000 00:00:1795827896.278684   16353 port.cc:153] oneDNN custom operations are on.",
        'npm warn Unknown user config "nodedir". This will stop working in the next major version of npm.',
        "W0000 00:00:1795827896.278684   16353 gpu.cc:40] Could not find cuda drivers",
        "step 1",
    ]
    processes.run("child", ["printf", "%s\\n", *said], cwd=tmp_path)
    assert capfd.readouterr().err.splitlines() == [f"[child] {line}" for line in said[3:]]


def test_a_quiet_child_is_spoken_for(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "QUIET_SECONDS", 0.2)
    processes.run("child", ["sleep", "0.5"], cwd=tmp_path)
    assert capfd.readouterr().err.startswith("[child] ... 0 s\n")
    processes.run("child", ["sleep", "0.5"], cwd=tmp_path, seconds=30)
    assert capfd.readouterr().err.startswith("[child] ... 0 s, about 30 s left\n")


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingPartError, match="there is no no-such-program"):
        processes.run("child", ["no-such-program"], cwd=tmp_path)


def test_a_child_ended_by_a_signal_has_its_exit_code(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="ended by signal 9") as caught:
        processes.run("child", ["sh", "-c", "kill -9 $$"], cwd=tmp_path)
    assert caught.value.exit_code == 128 + 9


def said_by_step(code: str, tmp_path: Path) -> CommandError:
    with pytest.raises(CommandError) as caught:
        processes.run("child", [sys.executable, "-c", code], cwd=tmp_path, is_step=True)
    return caught.value


@pytest.mark.parametrize("exit_code", [1, 2])
def test_what_a_step_refuses_is_said_once_and_whole(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], exit_code: int
) -> None:
    words = [f"row {number}" for number in range(60)]
    error = said_by_step(f"print('begins'); print('error: bad\\n' + '\\n'.join({words})); exit({exit_code})", tmp_path)
    assert isinstance(error, StepError)
    assert error.exit_code == exit_code
    assert str(error).splitlines() == ["bad", *words]
    assert capfd.readouterr().err == "[child] begins\n"


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("print('error: bad'); exit(3)", "[child] error: bad\n"),
        ("print('usage: bad'); exit(2)", "[child] usage: bad\n"),
        ("print('error: bad', flush=True); import os; os.kill(os.getpid(), 9)", "[child] error: bad\n"),
    ],
)
def test_any_other_end_of_a_step_is_shown_with_its_command(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], code: str, shown: str
) -> None:
    error = said_by_step(code, tmp_path)
    assert not isinstance(error, StepError)
    assert "command: " in str(error)
    assert capfd.readouterr().err == shown


def test_what_was_held_of_a_step_that_ended_well_is_shown(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    processes.run("child", ["echo", "error: none"], cwd=tmp_path, is_step=True)
    assert capfd.readouterr().err == "[child] error: none\n"


def test_children_of_other_threads_are_ended(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    failures: list[CommandError] = []

    def run() -> None:
        try:
            processes.run("child", ["sh", "-c", "echo begins; exec sleep 60"], cwd=tmp_path)
        except CommandError as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    while "begins" not in capfd.readouterr().err:
        time.sleep(0.01)
    processes.end_all()
    thread.join(10)
    assert [error.name for error in failures] == ["child"]


def test_a_child_without_a_purpose_is_ended_and_what_it_said_is_kept(tmp_path: Path) -> None:
    start = time.monotonic()
    done = processes.capture(
        ["sh", "-c", "echo said; touch asked; exec sleep 60"],
        cwd=tmp_path,
        environment={},
        seconds=50,
        is_hopeless=(tmp_path / "asked").exists,
    )
    assert (done.stdout, done.returncode) == ("said\n", -2)
    assert time.monotonic() - start < 20
