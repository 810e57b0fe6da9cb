"""What an address really serves, against what it should: every file's hash, and its headers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests

from infra import fingerprints, site
from infra.errors import RefusedError, ServiceError, TransientError
from infra.hosting import globs
from infra.hosting.patience import persist
from infra.progress import say
from infra.settings import ROOT, settings

TOGETHER = 8
SETTLING_SECONDS = 45.0
"""A release reaches all of Google's edges within seconds, not at once."""
CALL_SECONDS = 30.0


def rules() -> dict[str, Any]:
    """What ``firebase.json`` says of the site."""
    hosting: dict[str, Any] = json.loads((ROOT / "firebase.json").read_text("utf-8"))["hosting"]
    return hosting


def hashes(folder: Path) -> dict[str, str]:
    """Path and SHA-256 of the files of a built site that are deployed."""
    entries = json.loads((folder / site.BUILD).read_text("utf-8"))["files"]
    found = {entry["path"]: entry["sha256"] for entry in entries} | {
        site.BUILD: fingerprints.of_file(folder / site.BUILD)
    }
    return {path: value for path, value in found.items() if not globs.is_left_out(path, rules())}


def served(url: str) -> dict[str, str]:
    """Path and SHA-256 of the files that the site at ``url`` says it has; empty if it doesn't say.

    Raises:
        ServiceError: it doesn't answer.
    """

    def once(left: float) -> dict[str, str]:
        with requests.Session() as session:
            answer = _get(session, f"{url}/{site.BUILD}", left)
        if answer.status_code == 404:
            return {}
        if answer.status_code != 200:
            raise TransientError(f"{url}/{site.BUILD} answers {answer.status_code}")
        found = {entry["path"]: entry["sha256"] for entry in answer.json()["files"]}
        found[site.BUILD] = hashlib.sha256(answer.content).hexdigest()
        return {path: value for path, value in found.items() if not globs.is_left_out(path, rules())}

    return persist(f"reading {url}", once, _seconds())


def require(url: str, files: Mapping[str, str], remedy: str) -> None:
    """Fetch ``files`` from ``url`` until each has its hash and the headers of ``firebase.json``.

    Raises:
        RefusedError: when releases have settled, something is still different; ``remedy`` says what to do.
    """
    pending = sorted(files)

    def once(left: float) -> None:
        nonlocal pending
        with requests.Session() as session, ThreadPoolExecutor(TOGETHER) as pool:
            found = list(pool.map(lambda path: _difference(session, url, path, files[path], left), pending))
        wrong = {path: text for path, text in zip(pending, found, strict=True) if text}
        pending = sorted(wrong)
        if wrong:
            shown = "; ".join(list(wrong.values())[:3])
            raise TransientError(f"{len(wrong)} of {len(files)} files differ: {shown}")

    try:
        persist(f"comparing {url}", once, _seconds())
    except ServiceError as error:
        raise RefusedError(f"{url} doesn't serve what it should: {error.__cause__ or error}\n  {remedy}") from error
    say(f"{url}: {len(files)} files compared, bytes and headers are right")


def _seconds() -> float:
    return min(SETTLING_SECONDS, settings().hosting.patience)


def _difference(session: requests.Session, url: str, path: str, sha256: str, seconds: float) -> str | None:
    try:
        answer = _get(session, f"{url}/{path}", seconds)
    except TransientError as error:
        return f"{path}: {error}"
    if answer.status_code != 200:
        return f"{path} answers {answer.status_code}"
    if hashlib.sha256(answer.content).hexdigest() != sha256:
        return f"{path} has other bytes"
    expected = globs.headers(path, rules()["headers"])
    return next(_wrong_headers(path, answer.headers, expected), None)


def _wrong_headers(path: str, found: Mapping[str, str], expected: Mapping[str, str]) -> Iterator[str]:
    for name, value in expected.items():
        if found.get(name) != value:
            yield f"{path} has {name}: {found.get(name)}"


def _get(session: requests.Session, url: str, seconds: float) -> requests.Response:
    try:
        # Past caches on the way; the edges keep a version apart from another by themselves.
        headers = {"Accept-Encoding": "gzip", "Cache-Control": "no-cache"}
        return session.get(url, headers=headers, timeout=max(1.0, min(seconds, CALL_SECONDS)), allow_redirects=False)
    except requests.RequestException as error:
        raise TransientError(f"no answer ({type(error).__name__})") from error
