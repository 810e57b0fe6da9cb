"""The site: the built app with a web model inside, and a list of what it consists of."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from infra import fingerprints, git, results
from infra.browser import frontend
from infra.errors import UsageError
from infra.page import icons, identity, shell
from infra.page.samples import Sample, gather, write
from infra.runs import catalogue
from infra.settings import ROOT, settings

MODEL = "model"
"""The folder of the web model within the site."""
RECOGNIZER = "recognizer"
"""The folder of the recognizer's worker within the site, see angular.json."""
NOT_SERVED = ("prerendered-routes.json", identity.SCRIPT)
"""What lies beside the app and is not of it: for servers that render pages, and what sites are made with."""
OWN_SAMPLES = frontend.FRONTEND / "app" / "samples"
"""Photos that pages of digits show; pages of other objects show their owner's, or none."""
BUILD = "build.json"
"""Bytes and SHA-256 of every other file; served, so that a deployed site can be compared."""
ORIGIN = ".origin.json"
"""What the site was built from; not served, since equal sites come from many commits."""


@dataclass(frozen=True)
class Origin:
    """Whose model a site has, and the tree that it was built in."""

    run: str
    commit: str | None
    is_dirty: bool


def assemble(web_model: Path, site: Path, run: str, samples: Path | None = None) -> results.Stamp:
    """Bring ``site`` up to date with the built app and ``web_model``, the model of ``run``.

    ``samples`` has photos to try the page with; without, a page of digits shows ours, and others none.
    """
    file = web_model / "manifest.json"
    if not file.exists():
        raise UsageError(f"{web_model} is no web model: it has no manifest.json; ./inv convert makes one")
    manifest = json.loads(file.read_text("utf-8"))
    app = frontend.app_folder()
    who = identity.of(manifest, app)
    folder = samples or (OWN_SAMPLES if who.icon["kind"] == "digits" else None)
    photos = gather(folder) if folder else []
    built_from = asdict(Origin(run, git.commit(), git.is_dirty()))
    address = settings().hosting.live
    fingerprint = fingerprints.of_values(
        {
            "origin": built_from,
            "address": address,
            "scripts": worker_paths(),
            "app": fingerprints.of_files(_files(app), app),
            "model": fingerprints.of_files(_model_files(web_model), web_model),
            "samples": [[photo.name, hashlib.sha256(photo.photo).hexdigest()] for photo in photos],
            "code": fingerprints.of_module(__name__, ROOT),
        }
    )

    def make(place: Path) -> None:
        new = place.with_name(f".{place.name}.new")
        lay_out(new, app, who, manifest["reading"], photos, web_model, address)
        (new / BUILD).write_text(json.dumps(describe(new), indent=1) + "\n", "utf-8")
        (new / ORIGIN).write_text(json.dumps(built_from) + "\n", "utf-8")
        results.replace(new, place)

    return results.make_current("site", site, fingerprint, make)


def lay_out(
    place: Path,
    app: Path,
    who: identity.Identity,
    reading: str,
    photos: Sequence[Sample],
    web_model: Path | None,
    address: str = "",
) -> None:
    """Make the folder ``place``: the built ``app`` with a model, or without one, and what is said before it starts."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(app, place, ignore=shutil.ignore_patterns(fingerprints.STAMP, *NOT_SERVED))
    write(photos, place)
    icons.draw(who.icon, who.name, who.promise, place)
    shell.furnish(place, who, photos, reading, address)
    if web_model is None:
        return
    (place / MODEL).mkdir(exist_ok=True)
    for file in _model_files(web_model):
        shutil.copyfile(file, place / MODEL / file.name)
    index = place / "index.html"
    page = hinted(index.read_text("utf-8"), worker_paths())
    index.write_text(bound(page, place / MODEL / "manifest.json"), "utf-8")


def worker_paths() -> list[str]:
    """The scripts that the recognizer's worker starts with, within the site."""
    return [f"{RECOGNIZER}/{name}" for name in frontend.worker_scripts()]


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
        "files": contents(site),
    }


def contents(site: Path) -> list[dict[str, Any]]:
    """Path, bytes and SHA-256 of every file of ``site`` but the list of them."""
    return [
        {
            "path": file.relative_to(site).as_posix(),
            "bytes": file.stat().st_size,
            "sha256": fingerprints.of_file(file),
        }
        for file in _files(site)
        if file != site / BUILD
    ]


def origin(site: Path) -> Origin:
    """What ``site`` was built from.

    Raises:
        UsageError: there is no site, or it doesn't say.
    """
    try:
        return Origin(**json.loads((site / ORIGIN).read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(f"{site} isn't a site that says what it was built from: ./inv frontend.build") from error


def task(run: str) -> str:
    """The task that builds the site with the model of ``run``."""
    return "./inv frontend.build" if run == catalogue.RELEASED else f"./inv frontend.build --run {run}"


def rules() -> dict[str, Any]:
    """What ``firebase.json`` says of how the site is served."""
    hosting: dict[str, Any] = json.loads((ROOT / "firebase.json").read_text("utf-8"))["hosting"]
    return hosting


def _files(folder: Path) -> list[Path]:
    beside = {fingerprints.STAMP, ORIGIN}
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in beside)


def _model_files(web_model: Path) -> list[Path]:
    manifest = web_model / "manifest.json"
    listed = json.loads(manifest.read_text("utf-8"))["files"]
    return [manifest, *(web_model / entry["path"] for entry in listed)]
