"""The recognizer library and the app, built from frontend/."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from infra import fingerprints, results
from infra.errors import UsageError
from infra.execution import environments, locks, processes
from infra.settings import ROOT

FRONTEND = ROOT / "frontend"
RECOGNIZER = FRONTEND / "recognizer" / "dist"
RUNTIME = RECOGNIZER / "node" / "web_runtime.mjs"
"""Runs a web model in Node with the code that the page runs."""

MADE = {"node_modules", "dist", "generated", ".angular"}


_ours = threading.RLock()
_depth = 0
HELD = "FRONTEND_IS_HELD"
"""In the environment of a process whose parent has frontend/ for itself, and waits for it."""


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Let no other process build in frontend/ while the block runs: both would write the same files."""
    global _depth
    with _ours, contextlib.ExitStack() as held:
        if not _depth and HELD not in os.environ:
            held.enter_context(locks.waiting(ROOT / ".cache" / "frontend.lock"))
        _depth += 1
        try:
            yield
        finally:
            _depth -= 1


def build_recognizer(web_model: Path | None = None) -> results.Stamp:
    """Bring the library, its worker for ``web_model`` and its Node runtime up to date.

    The Node runtime runs any model. Who needs only that names none, and gets the worker that is there, or else the one
    for the released model; where no model is released, none.

    Raises:
        UsageError: ``web_model`` is no web model.
        CommandError: TensorFlow.js can't run it; names the operation.
    """
    sources, stamp = _recognizer_fingerprint(), results.read(RECOGNIZER)
    if web_model is None and stamp is not None and stamp.fingerprint.startswith(sources):
        return _build("recognizer", stamp.fingerprint)
    chosen = web_model or ROOT / "models" / "digits" / "web_model"
    if web_model is None and not chosen.exists():
        return _build("recognizer", sources)
    try:
        listed = json.loads((chosen / "manifest.json").read_text("utf-8"))["files"]
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"{chosen} has no readable manifest.json; ./inv convert makes a web model") from error
    files = fingerprints.of_files([chosen / "manifest.json", *(chosen / entry["path"] for entry in listed)], chosen)
    return _build("recognizer", sources + files, {"WEB_MODEL": str(chosen.resolve())})


def build_app() -> results.Stamp:
    """Bring the app up to date; it is built on the library as that is now."""
    return _build("app", _app_fingerprint())


def build_desk() -> Path:
    """Bring the page that folders are labelled on up to date, and return its folder; visitors have none of it."""
    folder = FRONTEND / "app" / "desk" / "dist"
    _build("app", _app_fingerprint(), script="build:desk", folder=folder)
    return folder


def _app_fingerprint() -> str:
    own = fingerprints.of_files(_sources(FRONTEND / "app"), ROOT)
    library = results.read(RECOGNIZER)
    built = library.fingerprint if library else _recognizer_fingerprint()
    return fingerprints.of_values({"app": own, "recognizer": built})


def app_folder() -> Path:
    """The built app: the folder of its ``index.html``."""
    return next((FRONTEND / "app" / "dist").rglob("index.html")).parent


def worker_scripts() -> list[str]:
    """Names of the scripts that the recognizer's worker starts with, itself first."""
    assets = json.loads((FRONTEND / "recognizer" / "dist" / "assets.json").read_text("utf-8"))
    return [Path(name).name for name in (assets["worker"], *assets.get("preload", []))]


def _recognizer_fingerprint() -> str:
    shared = [path for path in FRONTEND.iterdir() if path.is_file()]
    own = _sources(FRONTEND / "recognizer")
    return fingerprints.of_files([*shared, *own, *_sources(ROOT / "schemas")], ROOT)


def _build(
    workspace: str,
    fingerprint: str,
    environment: Mapping[str, str] = MappingProxyType({}),
    script: str = "build",
    folder: Path | None = None,
) -> results.Stamp:
    made = folder or FRONTEND / workspace / "dist"
    name = f"frontend {workspace}" if script == "build" else f"frontend {script.removeprefix('build:')}"

    def build(_: Path) -> None:
        environments.ensure("frontend")
        processes.run(
            name,
            ["npm", "run", script, "--workspace", workspace],
            cwd=FRONTEND,
            environment={"NG_CLI_ANALYTICS": "false", "NO_UPDATE_NOTIFIER": "1", **environment},
        )

    with alone():
        return results.make_current(name, made, fingerprint, build)


def _sources(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in MADE:
            continue
        if path.is_dir():
            yield from _sources(path)
        else:
            yield path
