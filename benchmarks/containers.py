"""What containers cost: a rebuild after a change of code, starting, training, and the images' sizes.

In the host environment, on a machine with a container engine:

    PYTHONPATH=. .environments/host/bin/python -m benchmarks.containers [--sizes] [--twice]

``--sizes`` instead installs each lock with pip on the same base, for comparison (minutes). ``--twice`` instead builds
each image once more without any cached layer and compares packages and files with those of the one that is there.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from infra.execution import engine, environments, images, inventory, processes
from infra.execution.containers import Containers
from infra.execution.images import IMAGES, Image
from infra.execution.local import Local
from infra.execution.steps import Runner, Step
from infra.runs import recipes
from infra.settings import ROOT, settings

TINY = ROOT / "tests" / "pipeline" / "tiny.yaml"
REPEATS = 5
PIP = """
FROM {base}
COPY lock.txt /lock.txt
RUN python3 -m venv /opt/digitlens && /opt/digitlens/bin/pip install -q --no-cache-dir --no-deps -r /lock.txt
"""


def seconds(work: Callable[[], object]) -> float:
    """How long ``work`` takes."""
    start = time.monotonic()
    work()
    return time.monotonic() - start


def rebuild(folder: Path) -> float:
    """A build after one more line of code; everything else is there."""
    for path in IMAGES["train"].files():
        copy = folder / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    image = replace(IMAGES["train"], name="benchmark", folder=folder)
    images.ensure(image)
    code = folder / "training" / "train.py"
    code.write_text(code.read_text("utf-8") + "# one more line\n", "utf-8")
    changed = replace(image)
    try:
        return seconds(lambda: images.ensure(changed))
    finally:
        for found in engine.connect().images.list(name=image.repository):
            engine.connect().images.remove(str(found.id), force=True)


def step(name: str, module: str, output: Path, inputs: dict[str, Path]) -> Step:
    """A step of the training environment."""
    return Step(name, "train", module, output, inputs)


def start(runner: Runner, folder: Path) -> float:
    """The seconds of a small step: ten photos."""
    made = folder / "photos"
    photos = recipes.synthesize(made, TINY, photos=10, seed=1)
    taken = seconds(lambda: runner.run(photos))
    shutil.rmtree(made)
    return taken


def throughput(runner: Runner, records: Path, output: Path) -> float:
    """Photos a second while training, median over checkpoints."""
    runner.run(step("train", "training.loop.train", output, {"config": TINY, "records": records}))
    return float(json.loads((output / "training.json").read_text("utf-8"))["photos_per_second"])


def pip_size(image: Image) -> int:
    """Bytes of a plain ``pip install`` of the lock of ``image`` on the same base."""
    with tempfile.TemporaryDirectory() as name:
        folder, tag = Path(name), f"digitlens/benchmark-pip:{image.name}"
        shutil.copyfile(ROOT / "requirements" / f"{image.lock}.txt", folder / "lock.txt")
        (folder / "Dockerfile").write_text(PIP.format(base=settings().images.base), "utf-8")
        words = [engine.client(), "build", "--progress=plain", "--tag", tag, "."]
        processes.run("pip install", words, cwd=folder, environment=engine.buildkit())
    size = int(engine.connect().images.get(tag).attrs["Size"])
    engine.connect().images.remove(tag, force=True)
    return size


def contents(tag: str) -> dict[str, str]:
    """Path and SHA-256 of all that is ours in an image, and its packages with their versions."""
    script = "find /opt/digitlens /app -type f -print0 | sort -z | xargs -0 sha256sum"
    said = engine.connect().containers.run(tag, ["-c", script], entrypoint="sh", remove=True, network_mode="none")
    files = {path: value for value, path in (line.split("  ", 1) for line in bytes(said).decode().splitlines())}
    return files | inventory.packages(tag)


def twice(image: Image) -> dict[str, object]:
    """What differs between ``image`` and another build of the same files."""
    again = replace(image, name=f"{image.name}-again")
    taken = seconds(lambda: images.build(again, no_cache=True))
    try:
        first, second = contents(image.tag), contents(again.tag)
    finally:
        engine.connect().images.remove(again.tag, force=True)
    different = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
    return {"files and packages": len(first), "different": different, "build, s": round(taken)}


def times() -> dict[str, object]:
    """Rebuilding, starting and training."""
    environments.ensure("train")
    runners: dict[str, Runner] = {"local": Local(), "container": Containers()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures: dict[str, object] = {"rebuild after a line of code, s": round(rebuild(folder / "files"), 1)}
        taken: dict[str, list[float]] = {kind: [] for kind in runners}
        for _ in range(REPEATS):  # by turns: what else the machine does meets both
            for kind, runner in runners.items():
                taken[kind].append(start(runner, folder))
        medians = {kind: round(statistics.median(values), 2) for kind, values in taken.items()}
        figures["a small step, s"] = medians
        figures["start overhead, s"] = round(medians["container"] - medians["local"], 2)
        runners["local"].run(recipes.synthesize(folder / "photos", TINY, photos=400, seed=1))
        made = {"images": folder / "photos" / "images", "annotations": folder / "photos" / "annotations.csv"}
        records = folder / "records"
        runners["local"].run(step("records", "training.data.records", records, {"config": TINY, **made}))
        speeds: dict[str, list[float]] = {kind: [] for kind in runners}
        for turn in range(2):
            for kind, runner in runners.items():
                speeds[kind].append(throughput(runner, records, folder / f"{kind}-{turn}"))
        best = {kind: round(max(values), 1) for kind, values in speeds.items()}
        figures["training, photos/s"] = best
        figures["training, container / local"] = round(best["container"] / best["local"], 3)
    return figures


def main() -> None:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--sizes", action="store_true", help="only compare the sizes with pip's")
    parser.add_argument("--twice", action="store_true", help="only compare two builds of the same files")
    options = parser.parse_args()
    chosen = [image for image in IMAGES.values() if image.name != "train-gpu"]
    for image in chosen:
        images.ensure(image)
    figures: dict[str, object] = {}
    if options.sizes:
        sizes = {image.name: int(engine.connect().images.get(image.tag).attrs["Size"]) for image in chosen}
        pips = {image.name: pip_size(image) for image in chosen}
        figures["size, MB"] = {name: round(size / 1e6) for name, size in sizes.items()}
        figures["size, image / pip install"] = {name: round(sizes[name] / pips[name], 2) for name in sizes}
    if options.twice:
        figures["two builds"] = {image.name: twice(image) for image in chosen}
    if not (options.sizes or options.twice):
        figures = times()
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
