"""Deploying: preview, promotion, rollback, pruning. What is live stays live until its successor is whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra import git
from infra.errors import RefusedError, ServiceError, UsageError
from infra.execution import locks
from infra.hosting import admission, firebase, releases, verification
from infra.hosting.firebase import Command
from infra.hosting.patience import persist
from infra.hosting.releases import Api, Channel
from infra.hosting.target import Target
from infra.page import site
from infra.progress import say
from infra.runs.run import Run
from infra.settings import settings


@dataclass(frozen=True)
class Preview:
    """A preview channel after a deploy."""

    channel: str
    url: str
    expires: str
    version: str


@contextmanager
def one_at_a_time(target: Target) -> Iterator[None]:
    """Two deploys to a site would overtake each other: the later one waits, whichever clone of this user it is in."""
    with ExitStack() as held:
        try:
            cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
            held.enter_context(locks.waiting(cache / "digitlens" / f"deploy-{target.site}.lock"))
        except (OSError, RuntimeError) as error:
            say(f"note: no lock in your cache folder ({error}): another deploy of yours at the same time isn't noticed")
        yield


def preview(target: Target, folder: Path, run: Run, channel: str, expires: str) -> Preview:
    """Put the site in ``folder`` on a preview channel and see that it is served as it should."""
    with one_at_a_time(target):
        # Before anything else: what is replaced from here on, isn't served as these say.
        files = _checked(folder, run)
        # Says what is wrong with credential, project or site before anything is made.
        api = Api(target)
        api.site_url()
        api.require_project()
        origin = site.origin(folder)
        agent = firebase.agent_of(origin.commit, files[site.BUILD], dirty=origin.is_dirty or git.is_dirty())
        answer = _perform(firebase.deploy(target, channel, expires), folder, agent)
        deployed = answer[target.site]
        url = deployed["url"].rstrip("/")
        verification.require(url, files, f"./inv deploy.preview --channel {channel} deploys it again")
    return Preview(channel, url, deployed["expireTime"], deployed["version"])


def promotion(target: Target, channel: str, version: str, message: str) -> str:
    """The call that would promote ``version``, or what the preview channel ``channel`` serves now."""
    return releases.call_of(target, version or _released(Api(target).deployed(channel)), message)


def promote(target: Target, folder: Path, run: Run, channel: str, version: str = "", message: str = "") -> str:
    """Let the live channel serve ``version``, or the very one that ``channel`` serves; returns the address.

    A version goes live however many others came to its channel meanwhile, or where that is gone: it is known by the
    list of its files, and was compared byte by byte, and smoke-tested, when it was deployed.
    """
    with one_at_a_time(target):
        files = _checked(folder, run, admission.of_tree(folder, run))
        api = Api(target)
        live = api.site_url().rstrip("/")
        wanted = _known(api, folder, run, version, files) if version else _compared(api, folder, run, channel, files)
        say(f"version {wanted} goes live ...")
        api.release(wanted, message)
        verification.require(live, files, "./inv deploy.rollback brings back what was live before")
    return live


def _compared(api: Api, folder: Path, run: Run, name: str, files: dict[str, str]) -> str:
    """The version on the preview channel ``name``, once that serves the site in ``folder`` and was tested there."""
    channel = api.deployed(name)
    url = channel.url.rstrip("/")
    again = f"./inv deploy.preview --channel {name} puts it there"
    is_dirty = channel.release is not None and channel.release.is_dirty
    admission.require([_dirty(f"{again} again") if is_dirty else None, admission.of_preview(run, folder, url)])
    verification.require(url, files, f"it isn't the site in {folder}: {again}")
    # The version, not the channel: somebody may deploy to that in the meantime.
    return _released(channel)


def _known(api: Api, folder: Path, run: Run, version: str, files: dict[str, str]) -> str:
    """``version``, once it is known to be the site in ``folder``, and that was tested on a preview."""
    label = releases.label(_require_version(api, version))
    build = firebase.build_of(label)
    again = f"{site.task(run.name)}, then ./inv deploy.preview"
    is_it = build and files[site.BUILD].startswith(build)
    admission.require(
        [
            None if is_it else f"version {version} isn't the site in {folder}: {again}",
            _dirty(again) if firebase.commit_of(label).endswith("-dirty") else None,
            admission.of_version(run, folder),
        ]
    )
    return version


def _dirty(remedy: str) -> str:
    return f"the preview was deployed from a tree with changes that no commit has: {remedy}"


def rollback(target: Target, version: str | None, message: str = "", *, dry_run: bool) -> str:
    """Let the live channel serve an earlier version again; returns the address, or the call in a dry run."""
    with one_at_a_time(target):
        api = Api(target)
        live = api.site_url().rstrip("/")
        history = api.releases()
        wanted = version or releases.before(history)
        if wanted is None:
            raise UsageError("nothing was live before what is live now: ./inv deploy.list shows the releases")
        if dry_run:
            return releases.call_of(target, wanted, message)
        found = _require_version(api, wanted)
        if history and history[0].version == wanted:
            say(f"version {wanted} is live already")
        else:
            say(f"version {wanted} goes live ...")
            api.release(wanted, message)
        current = api.channel(releases.LIVE)
        if current is None or current.release is None or current.release.version != wanted:
            raise RefusedError(f"the live channel doesn't serve version {wanted}: ./inv deploy.list shows what it does")
        build = firebase.build_of(releases.label(found))
        if build:
            remedy = "./inv deploy.list shows other versions, deploy.rollback --to takes one"
            # Its own headers: those of firebase.json may have changed since.
            verification.require_build(live, build, releases.headers(found), remedy)
        else:
            say(f"version {wanted} doesn't say which files it has and couldn't be compared")
    return live


def prune(target: Target, doomed: list[Channel]) -> list[str]:
    """Delete preview channels; returns the names of those that are gone."""
    gone = []
    with one_at_a_time(target):
        for channel in doomed:
            try:
                _perform(firebase.delete(target, channel.name))
            except ServiceError:
                # Deleted although the answer was lost, or by somebody else: what was wanted is so.
                if Api(target).channel(channel.name) is not None:
                    raise
            gone.append(channel.name)
    return gone


def prune_versions(target: Target, doomed: list[str]) -> list[str]:
    """Delete versions; returns their names."""
    with one_at_a_time(target):
        api = Api(target)
        for name in doomed:
            say(f"version {name} goes ...")
            api.delete_version(name)
    return doomed


def diff(target: Target, folder: Path, name: str) -> list[str]:
    """What a deploy to the channel ``name`` would change, a line per file: + new, - gone, ~ changed."""
    here = verification.hashes(folder)
    api = Api(target)
    channel = api.channel(name)
    there = verification.served(channel.url.rstrip("/")) if channel and channel.release else {}
    signs = {(True, False): "+", (False, True): "-", (True, True): "~"}
    return [
        f"{signs[path in here, path in there]} {path}"
        for path in sorted(here.keys() | there.keys())
        if here.get(path) != there.get(path)
    ]


def _checked(folder: Path, run: Run, *findings: str | None) -> dict[str, str]:
    """Path and SHA-256 of what is to be deployed, once nothing is found to be wrong with it."""
    files = verification.hashes(folder)
    admission.require([*admission.of_site(folder, run, settings().hosting.budget_mb), *findings])
    return files


def _released(channel: Channel) -> str:
    assert channel.release is not None
    return channel.release.version


def _require_version(api: Api, version: str) -> dict[str, Any]:
    found = api.version(version)
    if found.get("status") != "FINALIZED":
        state = f"is {found['status'].lower()}" if found.get("status") else "doesn't exist"
        raise UsageError(f"version {version} {state}: ./inv deploy.list shows those that can be brought back")
    return found


def _perform(command: Command, site: Path | None = None, agent: str = "") -> Any:
    say(f"{command.words[0]} ...")
    try:
        return persist(
            command.words[0],
            lambda left: firebase.call(command, left, site, agent),
            settings().hosting.patience,
        )
    except ServiceError as error:
        raise ServiceError(f"{error}\n  command: {command}") from error
