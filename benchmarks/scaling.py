"""What training with several workers costs, and what a worker that dies costs: both on this machine, over gRPC.

    python -m benchmarks.scaling training --config … --records …
    python -m benchmarks.scaling killed --config … --records …

``training``: processor seconds per photo of two workers, beside those of one process. Trainings of two lengths are
subtracted from each other, so that starting, compiling and judging don't count; both kinds take turns.

``killed``: one of two workers is killed at a random moment after the first checkpoint, and both are started again. The
time lost is what it takes longer than undisturbed; the weights have to be the same.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import h5py
import yaml

from training import command
from training.loop.crew import described, free

REACH, AIM = 0.90, 0.95
"""Of the efficiency."""
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}


def main() -> None:
    """Print figures as JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("figure", choices=("training", "killed"))
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=60, help="that are measured")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1, help="of the moment at which a worker is killed")
    options = parser.parse_args()
    figures = efficiency(options) if options.figure == "training" else killed(options)
    where = {"processor": platform.processor() or platform.machine(), "processors": os.cpu_count()}
    print(json.dumps({**figures, "network": "loopback", **where, "load": os.getloadavg()[0]}, indent=1))


def efficiency(options: Any) -> dict[str, Any]:
    """Processor seconds per photo, alone and of two, and their ratio in each repetition."""
    batch = _configuration(options.config)["training"].get("batch", 32)
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(options.repeats):
        for workers, found in seconds.items():
            short, long = (_processor_seconds(options, workers, steps) for steps in (10, 10 + options.steps))
            found.append((long - short) / (options.steps * batch))
            print(f"{workers}: {found[-1]:.4f} processor seconds a photo", file=sys.stderr)
    ratios = [one / two for one, two in zip(*seconds.values(), strict=True)]
    return {
        "efficiency": statistics.median(ratios),
        "reach": REACH,
        "aim": AIM,
        "ratios": ratios,
        "seconds_per_photo": {
            "one process": statistics.median(seconds[1]),
            "two workers": statistics.median(seconds[2]),
        },
    }


def killed(options: Any) -> dict[str, Any]:
    """Seconds that a killed worker costs, beside a checkpoint interval's; and whether the weights are the same."""
    with tempfile.TemporaryDirectory() as folder:
        config = _shortened(options, Path(folder), 10 + options.steps, every=max(1, options.steps // 5))
        runs = {
            name: _gang(config, options, Path(folder) / name, name == "killed") for name in ("undisturbed", "killed")
        }
        history = (Path(folder) / "undisturbed" / "history.jsonl").read_text().splitlines()
        interval = statistics.median(json.loads(line)["seconds"] for line in history)
        digests = {name: _digest(Path(folder) / name) for name in runs}
    return {
        "seconds_lost": runs["killed"]["seconds"] - runs["undisturbed"]["seconds"],
        "seconds_until_the_other_ended": runs["killed"]["ending"],
        "seconds_of_a_checkpoint_interval": interval,
        "same_weights": digests["undisturbed"] == digests["killed"],
    }


def _gang(config: Path, options: Any, out: Path, is_killed: bool) -> dict[str, float]:
    """Train with two workers to the end, started again by this program when one is lost."""
    began, ending = time.monotonic(), 0.0
    chance = random.Random(options.seed)
    while True:
        addresses = free(2)
        workers = [
            subprocess.Popen(
                [*_words(config, options.records), "--out", str(out)],
                env={**os.environ, **QUIET, "TF_CONFIG": described(addresses, index)},
                stderr=subprocess.DEVNULL,
            )
            for index in range(2)
        ]
        if is_killed:
            while not (out / "checkpoint").exists() and workers[0].poll() is None:
                time.sleep(0.05)
            time.sleep(chance.uniform(0, 5))
            workers[1].kill()
            struck, is_killed = time.monotonic(), False
            codes = [worker.wait() for worker in workers]
            ending = time.monotonic() - struck
        else:
            codes = [worker.wait() for worker in workers]
        if codes == [0, 0]:
            return {"seconds": time.monotonic() - began, "ending": ending}
        if codes[0] != command.LOST:
            sys.exit(f"the workers ended with {codes}")


def _processor_seconds(options: Any, workers: int, steps: int) -> float:
    """Of a whole training, all its processes together."""
    with tempfile.TemporaryDirectory() as folder:
        config = _shortened(options, Path(folder), steps, every=steps)
        words = [*_words(config, options.records), "--workers", str(workers), "--out", str(Path(folder) / "out")]
        process = subprocess.Popen(words, env={**os.environ, **QUIET}, stderr=subprocess.DEVNULL)
        # With that of the workers that it started and waited for.
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"a training of {workers} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime


def _words(config: Path, records: Path) -> list[str]:
    return [sys.executable, "-m", "training.loop.train", "--config", str(config), "--records", str(records)]


def _configuration(path: Path) -> dict[str, Any]:
    document = yaml.safe_load(path.read_text())
    return {**document, "training": document.get("training") or {}}


def _shortened(options: Any, folder: Path, steps: int, every: int) -> Path:
    """The configuration with so many steps and a checkpoint ``every`` so many."""
    document = _configuration(options.config)
    document["training"].pop("minutes", None)
    document["training"] |= {"steps": steps, "checkpoint_every": every, "patience": 1000}
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def _digest(folder: Path) -> str:
    """Of all weights, by their names."""
    found: dict[str, bytes] = {}

    def keep(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = item[()].tobytes()

    with h5py.File(folder / "best.weights.h5") as file:
        file.visititems(keep)
    return hashlib.sha256(b"".join(name.encode() + found[name] for name in sorted(found))).hexdigest()


if __name__ == "__main__":
    main()
