from __future__ import annotations

import json
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from infra.errors import CommandError, UsageError
from infra.hosting import emulator
from infra.settings import ROOT


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "index.html").write_text("<!doctype html><title>here</title>", "utf-8")
    return folder


def test_it_serves_the_site_with_the_headers_of_the_project(site: Path) -> None:
    with emulator.serving(site) as address:
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(f"{address}/") as answer:
            assert "here" in answer.read().decode()
            assert "default-src" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address)
    left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(site) not in left
    assert list(ROOT.glob("firebase-debug*.log")) == []


def test_the_stamp_of_the_site_is_not_deployed() -> None:
    configuration = json.loads((ROOT / "firebase.json").read_text("utf-8"))
    assert "**/.*" in configuration["hosting"]["ignore"]


def test_a_site_that_was_not_built_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\./inv frontend\.build makes the site"):  # noqa: SIM117
        with emulator.serving(tmp_path):
            pass


def test_a_taken_port_is_refused(site: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} is taken"):  # noqa: SIM117
            with emulator.serving(site, port):
                pass


def test_an_emulator_that_cannot_start_says_why(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Without node there is nothing that could run the client.
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(CommandError) as caught:  # noqa: SIM117
        with emulator.serving(site):
            pass
    assert caught.value.lines
