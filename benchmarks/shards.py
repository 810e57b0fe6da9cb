"""What a cluster costs beside one process: head and node on this machine, a processor each.

    PYTHONPATH=. .environments/host/bin/python -m benchmarks.shards --photos 4000

Photos are drawn and packed in pieces, and by one process with as many processors; both take turns. ``overhead`` is
how much longer the pieces take. Starting Ray isn't counted, and said by itself; so is the memory of both without work.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from infra.execution import cluster, nodes, processes
from infra.execution.cluster import Cluster
from infra.execution.local import Local
from infra.execution.steps import Runner, Step
from infra.settings import ROOT

REACH, AIM = 0.10, 0.05
"""Of the overhead, at 2,000 photos a piece."""
PORT = 6412
MEBIBYTE = 2**20


def main() -> None:
    """Print figures as JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--config", type=Path, default=ROOT / "training/configs/drawn.yaml")
    parser.add_argument("--photos", type=int, default=4000)
    parser.add_argument("--pieces", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    os.environ[cluster.TOKEN] = "benchmark"
    with tempfile.TemporaryDirectory(prefix="dlb-", dir="/tmp") as name:
        folder, began = Path(name), time.monotonic()
        started = [_node(folder / "head", None)]
        try:
            runner = _both(started, folder)
            figures = {"start_seconds": time.monotonic() - began, "memory_mib": _memory(started) / MEBIBYTE}
            figures |= _overheads(options, folder, runner)
            runner.close()
        finally:
            for node in reversed(started):
                processes.end(node, 20.0)
    where = {"processor": platform.processor() or platform.machine(), "processors": os.cpu_count()}
    print(json.dumps({**figures, "reach": REACH, "aim": AIM, **where, "load": os.getloadavg()[0]}, indent=1))


def _overheads(options: argparse.Namespace, folder: Path, runner: Runner) -> dict[str, float]:
    found: dict[str, list[float]] = {"synthesis": [], "records": []}
    for number in range(options.repeats):
        alone, apart = folder / f"alone{number}", folder / f"apart{number}"
        for name, step in _steps(options, alone).items():
            one = _seconds(step, Local())
            output = apart / step.output.name
            several = _seconds(replace(step, output=output, shards=options.pieces), runner)
            found[name].append(several / one - 1)
            print(f"{name}: {one:.1f} s by one process, {several:.1f} s in pieces", file=sys.stderr)
    return {f"{name}_overhead": statistics.median(values) for name, values in found.items()}


def _steps(options: argparse.Namespace, folder: Path) -> dict[str, Step]:
    config, photos = {"config": options.config}, folder / "photos"
    labelled = {"images": photos / "images", "annotations": photos / "annotations.csv"}
    drawing = {"photos": options.photos, "seed": 1}
    return {
        "synthesis": Step("draw", "train", "training.data.synthesis.draw", photos, inputs=config, options=drawing),
        "records": Step("pack", "train", "training.data.records", folder / "records", inputs={**config, **labelled}),
    }


def _seconds(step: Step, runner: Runner) -> float:
    began = time.monotonic()
    step.output.parent.mkdir(parents=True, exist_ok=True)
    runner.run(step)
    return time.monotonic() - began


def _both(started: list[subprocess.Popen[bytes]], folder: Path) -> Cluster:
    """A runner on two nodes, once both are there."""
    while not _listens():
        time.sleep(0.5)
    runner = Cluster(f"127.0.0.1:{PORT}")
    started.append(_node(folder / "node", f"127.0.0.1:{PORT}"))
    while len(runner.nodes()["nodes"]) < 2:
        time.sleep(0.5)
    return runner


def _listens() -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", PORT)) == 0


def _node(folder: Path, head: str | None) -> subprocess.Popen[bytes]:
    words = nodes.command("127.0.0.1", folder, port=PORT, head=head, cores=max(1, (os.cpu_count() or 2) // 2))
    return subprocess.Popen(
        words,
        cwd=ROOT,
        env={**os.environ, **cluster.variables("benchmark")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _memory(started: list[subprocess.Popen[bytes]]) -> int:
    """Bytes of all processes of the nodes, what they share counted once."""
    pids = {node.pid for node in started}
    while more := {child for pid in pids for child in _children(pid)} - pids:
        pids |= more
    total = 0
    for pid in pids:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


if __name__ == "__main__":
    main()
