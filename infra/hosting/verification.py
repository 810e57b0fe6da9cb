"""What an address really serves, against what it should: every file's hash, and its headers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import requests

from infra.errors import RefusedError, ServiceError, TransientError, UsageError
from infra.hosting import globs, refusals
from infra.hosting.patience import persist
from infra.page import site
from infra.progress import say
from infra.settings import settings

Answer = TypeVar("Answer")

TOGETHER = 8
SETTLING_SECONDS = 45.0
"""A release reaches all of Google's edges within seconds, not at once."""
CALL_SECONDS = 30.0


def hashes(folder: Path) -> dict[str, str]:
    """Path and SHA-256 of the files of a built site that are deployed.

    Raises:
        UsageError: there is none, or it doesn't say.
    """
    try:
        return _listed((folder / site.BUILD).read_bytes())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{folder} has no readable {site.BUILD}: ./inv frontend.build makes the site") from error


def served(url: str) -> dict[str, str]:
    """Path and SHA-256 of the files that the site at ``url`` says it has; empty if it doesn't say.

    Raises:
        ServiceError: it doesn't answer.
    """

    def once(left: float) -> dict[str, str]:
        content = _list(url, left)
        return _listed(content) if content else {}

    return persist(f"reading {url}", once, _seconds())


def require_build(url: str, build: str, headers: Sequence[Mapping[str, Any]], remedy: str) -> None:
    """As `require`, of the files in the list whose SHA-256 begins with ``build``, with ``headers``.

    Raises:
        RefusedError: when releases have settled, another list or something else is there.
    """

    def once(left: float) -> dict[str, str]:
        content = _list(url, left)
        if content is None or not hashlib.sha256(content).hexdigest().startswith(build):
            raise TransientError(f"{site.BUILD} isn't this version's")
        return _listed(content)

    require(url, _settled(url, once, remedy), remedy, headers)


def require(
    url: str, files: Mapping[str, str], remedy: str, headers: Sequence[Mapping[str, Any]] | None = None
) -> None:
    """Fetch ``files`` from ``url`` until each has its hash and ``headers``, by default those of ``firebase.json``.

    Raises:
        RefusedError: when releases have settled, something is still different; ``remedy`` says what to do.
    """
    pending = sorted(files)
    expected = site.rules()["headers"] if headers is None else headers

    def once(left: float) -> None:
        nonlocal pending
        with requests.Session() as session, ThreadPoolExecutor(TOGETHER) as pool:
            found = list(pool.map(lambda path: _difference(session, url, path, files[path], expected, left), pending))
        wrong = {path: text for path, text in zip(pending, found, strict=True) if text}
        pending = sorted(wrong)
        if wrong:
            shown = "; ".join(list(wrong.values())[:3])
            raise TransientError(f"{len(wrong)} of {len(files)} files differ: {shown}")

    _settled(url, once, remedy)
    say(f"{url}: {len(files)} files compared, bytes and headers are right")


def _settled(url: str, once: Callable[[float], Answer], remedy: str) -> Answer:
    try:
        return persist(f"comparing {url}", once, _seconds())
    except ServiceError as error:
        raise RefusedError(f"{url} doesn't serve what it should: {error.__cause__ or error}\n  {remedy}") from error


def _list(url: str, seconds: float) -> bytes | None:
    """The list of files that the site at ``url`` has, None if there is none."""
    with requests.Session() as session:
        answer = _get(session, f"{url}/{site.BUILD}", seconds)
    if answer.status_code == 404:
        return None
    if answer.status_code != 200:
        raise TransientError(f"{url}/{site.BUILD} answers {answer.status_code}")
    return answer.content


def _listed(content: bytes) -> dict[str, str]:
    """Path and SHA-256 of the deployed files in a list of them, and of that itself."""
    found = {entry["path"]: entry["sha256"] for entry in json.loads(content)["files"]}
    found[site.BUILD] = hashlib.sha256(content).hexdigest()
    return {path: value for path, value in found.items() if not globs.is_left_out(path, site.rules())}


def _seconds() -> float:
    return min(SETTLING_SECONDS, settings().hosting.patience)


def _difference(
    session: requests.Session,
    url: str,
    path: str,
    sha256: str,
    headers: Sequence[Mapping[str, Any]],
    seconds: float,
) -> str | None:
    try:
        answer = _get(session, f"{url}/{path}", seconds)
    except TransientError as error:
        return f"{path}: {error}"
    if answer.status_code != 200:
        return f"{path} answers {answer.status_code}"
    if hashlib.sha256(answer.content).hexdigest() != sha256:
        return f"{path} has other bytes"
    return next(_wrong_headers(path, answer.headers, globs.headers(path, headers)), None)


def _wrong_headers(path: str, found: Mapping[str, str], expected: Mapping[str, str]) -> Iterator[str]:
    for name, value in expected.items():
        if found.get(name) != value:
            yield f"{path} has {name}: {found.get(name)}"


def _get(session: requests.Session, url: str, seconds: float) -> requests.Response:
    try:
        # Past caches on the way; the edges keep a version apart from another by themselves.
        headers = {"Accept-Encoding": "gzip", "Cache-Control": "no-cache"}
        return session.get(url, headers=headers, timeout=max(1.0, min(seconds, CALL_SECONDS)), allow_redirects=False)
    except requests.exceptions.SSLError as error:
        raise refusals.untrusted(str(error)) from error
    except requests.RequestException as error:
        raise TransientError(f"no answer ({type(error).__name__})", is_silence=True) from error
