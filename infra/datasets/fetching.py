"""Large files over HTTP: resumed where they were interrupted, and whole or not there at all."""

from __future__ import annotations

import contextlib
import json
import random
import re
import time
from collections.abc import Iterator
from pathlib import Path

import requests
from requests.exceptions import ConnectionError as Unreachable
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from infra.errors import MissingPartError, RefusedError, ServiceError
from infra.progress import say

CHUNK = 1 << 18
TIMEOUT = (10.0, 60.0)
"""Seconds to connect, and to wait for the next bytes."""
ATTEMPTS = 5
"""In a row that bring nothing new before it is given up."""
FIRST_PAUSE = 0.5
SAY_EVERY = 5.0


def fetch(url: str, file: Path, size: int) -> None:
    """Fetch ``url`` as ``file``, which must have ``size`` bytes.

    What has come is kept beside it, with the validator (ETag, or date) of what the server sent, under a hidden name: a
    later call goes on from there if the server still has the same and can; else it begins anew.

    Raises:
        MissingPartError: the server can't be reached
        ServiceError: it doesn't have the file, or fails again and again
        RefusedError: what it has is of another size
    """
    partial = file.with_name(f".{file.name}.partial")
    idle = 0
    while idle < ATTEMPTS:
        before = _length(partial)
        try:
            _continue(url, partial, size)
            break
        except Unreachable as error:
            if before == _length(partial) and not before:
                raise MissingPartError(_offline(url, file, error)) from error
            fault: Exception = error
        except RequestException as error:
            fault = error
        idle = 0 if _length(partial) > before else idle + 1
        say(f"{file.name}: {fault}; goes on at {_length(partial) / 1e6:,.1f} MB")
        time.sleep(FIRST_PAUSE * 2**idle * random.uniform(0.5, 1.0))
    else:
        kept = "what came is kept: repeat later to go on from there"
        if isinstance(fault, Unreachable):
            raise MissingPartError(f"{url} can't be reached any more: {fault}; {kept}") from fault
        raise ServiceError(f"{url}: interrupted again and again; {kept}")
    partial.rename(file)
    _validator_of(partial).unlink(missing_ok=True)


def _continue(url: str, partial: Path, size: int) -> None:
    """Fetch what is missing of ``partial``; ``RequestException`` if it is interrupted."""
    have, validator = _length(partial), _read_validator(partial, url)
    if not validator:
        have = 0
    if have == size:
        return
    # Bytes of the file are counted, not those of a compressed transfer.
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": validator}
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        if answer.status_code in (429, 500, 502, 503, 504):
            raise RequestException(f"the server answers {answer.status_code}")
        if answer.status_code == 416:
            partial.unlink()
            raise RequestException("the server has no more of it than is here, which isn't the whole")
        if answer.status_code not in (200, 206):
            raise ServiceError(f"{url}: the server answers {answer.status_code} {answer.reason}")
        start, total = _range(answer) if answer.status_code == 206 else (0, _content_length(answer))
        if start not in (0, have) or (total is not None and total != size):
            partial.unlink(missing_ok=True)
            said = f"begins at byte {start}" if total in (None, size) else f"has {total} bytes"
            raise RefusedError(f"{url}: what the server sends {said}; expected were {size}. Nothing of it is kept")
        if not start:
            partial.unlink(missing_ok=True)  # before its validator goes
        _write_validator(partial, url, answer)
        _receive(answer, partial, start, size)


def _receive(answer: requests.Response, partial: Path, start: int, size: int) -> None:
    have, began, said = start, time.monotonic(), time.monotonic()
    with partial.open("r+b" if start else "wb") as target:
        target.seek(start)
        for chunk in _chunks(answer):
            target.write(chunk)
            have += len(chunk)
            if have > size:
                break
            now = time.monotonic()
            if now - said > SAY_EVERY:
                said = now
                rate = (have - start) / (now - began)
                left = (size - have) / max(rate, 1)
                say(f"  {have / 1e6:,.0f} of {size / 1e6:,.0f} MB, {rate / 1e6:.1f} MB/s, {left:.0f} s left")
    if have > size:
        partial.unlink()
        raise RefusedError(f"{answer.url}: the server sends more than the expected {size} bytes; nothing of it is kept")
    if have < size:
        raise RequestException(f"the connection ended at byte {have} of {size}")


def _chunks(answer: requests.Response) -> Iterator[bytes]:
    """The body as it comes: ``iter_content`` would forget what came since its last full chunk when it breaks off."""
    try:
        while chunk := answer.raw.read1(CHUNK):
            yield chunk
    except HTTPError as error:
        raise RequestException(f"the connection broke: {error}") from error


def _range(answer: requests.Response) -> tuple[int, int | None]:
    """First byte and total of a partial answer; -1 where it doesn't say."""
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
    if not found:
        return -1, None
    return int(found[1]), None if found[2] == "*" else int(found[2])


def _content_length(answer: requests.Response) -> int | None:
    said = answer.headers.get("Content-Length", "")
    return int(said) if said.isdigit() else None


def _length(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _validator_of(partial: Path) -> Path:
    return partial.with_name(f"{partial.name}.json")


def _read_validator(partial: Path, url: str) -> str:
    """What If-Range asks for; empty where what is here can't be gone on with."""
    with contextlib.suppress(OSError, ValueError):
        known = json.loads(_validator_of(partial).read_text("utf-8"))
        if isinstance(known, dict) and known.get("url") == url:
            return str(known.get("validator", ""))
    return ""


def _write_validator(partial: Path, url: str, answer: requests.Response) -> None:
    tag = answer.headers.get("ETag", "")
    # A weak tag doesn't promise equal bytes (RFC 9110, 13.1.5).
    validator = tag if tag and not tag.startswith("W/") else answer.headers.get("Last-Modified", "")
    _validator_of(partial).write_text(json.dumps({"url": url, "validator": validator}), "utf-8")


def _offline(url: str, file: Path, error: Exception) -> str:
    return (
        f"{url} can't be reached: {error}\n  This machine seems to be offline. On one that isn't, fetch that file, "
        f"put it here as {file}, and repeat"
    )
