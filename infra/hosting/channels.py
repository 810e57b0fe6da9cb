"""Preview channels: how this project's are called, and which have had their day."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from infra import git
from infra.errors import UsageError
from infra.hosting.releases import Channel, when

OURS = re.compile(r"pr-(\d{1,9})|preview-[a-z0-9-]{1,40}")
"""Nothing else is made or deleted: a site may have channels that other people look after."""
MERGED = re.compile(r"^Merge pull request #(\d+) |\(#(\d+)\)$", re.MULTILINE)
LONGEST = timedelta(days=30)
UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def name(text: str) -> str:
    """``text`` as the name of a preview channel of ours.

    Raises:
        UsageError: it is none.
    """
    if not OURS.fullmatch(text):
        raise UsageError(
            f"--channel: {text!r} is no preview channel of this project: pr-NUMBER or preview-WORDS "
            "(small letters, digits, dashes), so that deploy.prune knows what it may delete"
        )
    return text


def duration(text: str, flag: str, longest: timedelta | None = None) -> timedelta:
    """``7d``, ``12h`` or ``30m``.

    Raises:
        UsageError: ``text`` isn't of that form, or is longer than ``longest``.
    """
    found = re.fullmatch(r"(\d{1,4})([dhm])", text)
    span = timedelta(**{UNITS[found[2]]: int(found[1])}) if found else timedelta()
    if not span:
        raise UsageError(f"--{flag}: {text!r} is no duration; write 7d, 12h or 30m")
    if longest and span > longest:
        raise UsageError(f"--{flag}: {text} is longer than the {longest.days}d that Firebase keeps a channel")
    return span


def ours(channels: Iterable[Channel]) -> list[Channel]:
    """Those that this project made."""
    return [channel for channel in channels if OURS.fullmatch(channel.name)]


def older_than(channels: Iterable[Channel], age: timedelta, now: datetime) -> list[Channel]:
    """Those that nothing was deployed to for ``age`` before ``now``."""
    limit = now - age
    return [channel for channel in channels if when(_last_change(channel)) < limit]


def merged(channels: Iterable[Channel], numbers: set[int]) -> list[Channel]:
    """Those of the pull requests ``numbers``."""
    return [
        channel
        for channel in channels
        if (found := OURS.fullmatch(channel.name)) and found[1] and int(found[1]) in numbers
    ]


def merged_numbers() -> set[int]:
    """The pull requests that the history of this branch names as GitHub does when it merges or squashes.

    Raises:
        UsageError: there is no history to look at, or not all of it.
    """
    try:
        said = git.subjects()
    except UsageError as error:
        raise UsageError(f"--merged: {error}") from error
    return {int(one or other) for one, other in MERGED.findall(said)}


def _last_change(channel: Channel) -> str:
    return channel.release.when if channel.release else channel.updated
