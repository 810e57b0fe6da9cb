"""What the system refuses is one message with a remedy, and what nobody reads any more is no error."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from infra import program
from infra.errors import UsageError
from infra.hosting import emulator
from infra.settings import ROOT


@pytest.mark.parametrize("task", ["--list", "doctor", "--help train"])
@pytest.mark.parametrize("reader", ["head -n 1", "true"])
def test_a_reader_that_has_seen_enough_is_no_error(task: str, reader: str) -> None:
    words = ["bash", "-c", f"./inv {task} | {reader}; echo ${{PIPESTATUS[0]}}"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] in {"0", "141"}


def copying(*failures: tuple[str, str, str]) -> OSError:
    return shutil.Error(list(failures))


FULL = ("a/x.js", "dist/x.js", "[Errno 28] No space left on device: 'dist/x.js'")


@pytest.mark.parametrize(
    ("error", "words", "remedy"),
    [
        (copying(FULL), "dist/x.js: No space left on device", "free some room"),
        (copying(*[FULL] * 25), "dist/x.js: No space left on device (and 24 more files)", "free some room"),
        (copying(("a", "b", "[Errno 13] Permission denied: 'b'")), "b: Permission denied", "choose another folder"),
        (copying(("a", "b", "something else")), "b: something else", "--debug"),
        (OSError(errno.ENOSPC, "No space left on device", "runs/x"), "runs/x: No space left", "free some room"),
        (FileNotFoundError(2, "No such file", "no-such-program"), "no program no-such-program", "apt-get install"),
        (FileNotFoundError(2, "No such file or directory", "runs/x"), "runs/x: No such file", "never made"),
        (OSError(errno.EROFS, "Read-only file system", "/x/y"), "/x/y: Read-only", "choose another folder"),
    ],
)
def test_what_the_system_refuses_is_a_line_and_a_remedy(error: OSError, words: str, remedy: str) -> None:
    said = program._explained(error)
    first, second = said.splitlines()
    assert words in first
    assert len(first) < 200
    assert remedy in second


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EADDRINUSE, "port 81 is taken"),
        (errno.EACCES, "ports below 1024 are for root"),
        (errno.EADDRNOTAVAIL, "no address 127.0.0.1"),
        (errno.EINVAL, "can't be listened on: Invalid argument"),
    ],
)
def test_a_port_that_cannot_be_had_says_why(monkeypatch: pytest.MonkeyPatch, number: int, words: str) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(UsageError, match=words):
        emulator._require(81)


def test_a_site_that_no_disk_holds_is_one_message(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_text("x" * 100, "utf-8")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x").symlink_to(full)
    with pytest.raises(shutil.Error) as caught:
        shutil.copytree(tmp_path / "a", tmp_path / "b", dirs_exist_ok=True)
    assert "No space left on device\n  free some room" in program._explained(caught.value)
