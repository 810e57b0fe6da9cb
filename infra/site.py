"""The site: the built app with a web model inside, and a list of what it consists of."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from infra import fingerprints, frontend, results
from infra.errors import UsageError

MODEL = "model"
"""The folder of the web model within the site."""
RECOGNIZER = "recognizer"
"""The folder of the recognizer's worker within the site, see angular.json."""
NOT_SERVED = ("prerendered-routes.json",)
"""What Angular leaves beside the app for servers that render pages."""
BUILD = "build.json"
"""Bytes and SHA-256 of every other file; served, so that a deployed site can be compared."""


def assemble(web_model: Path, site: Path) -> results.Stamp:
    """Bring ``site`` up to date with the built app and ``web_model``."""
    manifest = web_model / "manifest.json"
    if not manifest.exists():
        raise UsageError(f"{web_model} is no web model: it has no manifest.json; ./inv convert makes one")
    app = frontend.app_folder()
    scripts = [f"{RECOGNIZER}/{name}" for name in frontend.worker_scripts()]
    fingerprint = fingerprints.of_values(
        {
            "scripts": scripts,
            "app": fingerprints.of_files(_files(app), app),
            "model": fingerprints.of_files(_model_files(web_model), web_model),
            "code": fingerprints.of_module(__name__, Path(__file__).parents[1]),
        }
    )

    def make(place: Path) -> None:
        new = place.with_name(f".{place.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        shutil.copytree(app, new, ignore=shutil.ignore_patterns(fingerprints.STAMP, *NOT_SERVED))
        (new / MODEL).mkdir(exist_ok=True)
        for file in _model_files(web_model):
            shutil.copyfile(file, new / MODEL / file.name)
        index = new / "index.html"
        page = hinted(index.read_text("utf-8"), scripts)
        index.write_text(bound(page, new / MODEL / "manifest.json"), "utf-8")
        (new / BUILD).write_text(json.dumps(describe(new), indent=1) + "\n", "utf-8")
        results.replace(new, place)

    return results.make_current("site", site, fingerprint, make)


def hinted(page: str, scripts: Sequence[str]) -> str:
    """``page`` with hints to fetch ``scripts`` at once, which only its worker would ask for, one after the other.

    Behind the page's own script, which must not wait for them. Not ``rel="preload"``: Chromium complains of what the
    page itself doesn't use, though the worker gets it from there.
    """
    links = "".join(f'<link rel="modulepreload" fetchpriority="low" href="{script}">' for script in scripts)
    return page.replace("</body>", f"{links}</body>", 1)


def bound(page: str, manifest: Path) -> str:
    """``page`` with the SHA-256 of its model's manifest: it refuses another release's, as in the midst of a deploy."""
    meta = f'<meta name="model-manifest" content="{fingerprints.of_file(manifest)}">'
    return page.replace("</head>", f"{meta}</head>", 1)


def describe(site: Path) -> dict[str, Any]:
    """What ``build.json`` says of the files of ``site``; equal bytes give equal words."""
    return {
        "format_version": 1,
        "model": json.loads((site / MODEL / "manifest.json").read_text("utf-8"))["name"],
        "files": [
            {
                "path": file.relative_to(site).as_posix(),
                "bytes": file.stat().st_size,
                "sha256": fingerprints.of_file(file),
            }
            for file in _files(site)
            if file != site / BUILD
        ],
    }


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != fingerprints.STAMP)


def _model_files(web_model: Path) -> list[Path]:
    manifest = web_model / "manifest.json"
    listed = json.loads(manifest.read_text("utf-8"))["files"]
    return [manifest, *(web_model / entry["path"] for entry in listed)]
