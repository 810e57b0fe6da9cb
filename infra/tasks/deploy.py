"""The site on Firebase Hosting: previews, promotion, rollback, what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke import Context, task

from infra.errors import UsageError
from infra.tasks import words

if TYPE_CHECKING:
    from pathlib import Path

    from infra.hosting.releases import Channel
    from infra.runs.run import Run

CHANNEL = "preview channel: pr-NUMBER or preview-WORDS"
DRY_RUN = "print the exact commands and touch nothing"
MESSAGE = "why, in a line; deploy.list shows it"
JSON = "print nothing but the answer, as JSON"


@task(
    help={
        "channel": CHANNEL,
        "expires": "when the channel goes by itself: 7d, 12h or 30m, at most 30d",
        "run": words.BUILT,
        "json": JSON,
        "dry-run": DRY_RUN,
    }
)
def preview(
    _: Context,
    channel: str,
    expires: str = "7d",
    run: str | None = None,
    json: bool = False,
    dry_run: bool = False,
) -> None:
    """Put the built, smoke-tested site on a preview channel and print its address."""
    from dataclasses import asdict
    from json import dumps

    from infra.hosting import actions, channels, deployment, firebase, target
    from infra.progress import say
    from infra.settings import settings

    chosen = target.chosen()
    channels.name(channel)
    channels.duration(expires, "expires", channels.LONGEST)
    if dry_run:
        print(firebase.deploy(chosen, channel, expires))
        say(f"run in a folder of its own: firebase.json with the site {chosen.site}, and {settings().paths.site}")
        return
    folder = settings().paths.site
    made = deployment.preview(chosen, folder, _run(run, folder), channel, expires)
    actions.output(address=made.url, version=made.version)
    print(dumps(asdict(made), indent=2) if json else made.url)


@task(
    help={
        "from": "preview channel whose version is promoted",
        "version": "that version, whatever its channel serves meanwhile: `deploy.preview --json` says it",
        "message": MESSAGE,
        "run": words.BUILT,
        "dry-run": DRY_RUN,
    }
)
def live(
    _: Context,
    from_: str | None = None,
    version: str | None = None,
    message: str = "",
    run: str | None = None,
    dry_run: bool = False,
) -> None:
    """Let everybody see the very version of a preview, once that was smoke-tested at its address."""
    from infra.hosting import actions, channels, deployment, target
    from infra.settings import settings

    if bool(from_) == bool(version):
        raise UsageError("say which: --from CHANNEL or --version VERSION")
    chosen = target.chosen()
    wanted = (channels.name(from_) if from_ else "", words.version(version) if version else "", words.why(message))
    if dry_run:
        print(deployment.promotion(chosen, *wanted))
        return
    folder = settings().paths.site
    address = deployment.promote(chosen, folder, _run(run, folder), *wanted)
    actions.output(address=address)
    print(address)


@task(
    help={
        "to": "version to bring back (default: the one that was live before)",
        "message": MESSAGE,
        "dry-run": DRY_RUN,
    }
)
def rollback(_: Context, to: str | None = None, message: str = "", dry_run: bool = False) -> None:
    """Bring back an earlier version."""
    from infra.hosting import actions, deployment, target

    wanted = words.version(to, "to") if to else None
    address = deployment.rollback(target.chosen(), wanted, words.why(message), dry_run=dry_run)
    if not dry_run:
        actions.output(address=address)
    print(address)


@task(name="list", help={"json": JSON, "dry-run": DRY_RUN})
def list_(_: Context, json: bool = False, dry_run: bool = False) -> None:
    """Channels with their expiry, releases with who and when, versions."""
    from json import dumps

    from infra.hosting import listing, releases, target

    chosen = target.chosen()
    if dry_run:
        print("\n".join(f"GET {url}" for url in releases.urls(chosen)))
        return
    found = listing.read(chosen)
    print(dumps(found, indent=2) if json else listing.render(found))


@task(
    help={
        "merged": "those of pull requests that this branch's history has as merged",
        "older-than": "those that nothing was deployed to for so long: 14d, 12h",
        "channel": "this one, if there is one",
        "versions": "not channels but versions of ours, made so long ago and on no channel: 90d; 10 once live stay",
        "dry-run": DRY_RUN,
    }
)
def prune(
    _: Context,
    merged: bool = False,
    older_than: str | None = None,
    channel: str | None = None,
    versions: str | None = None,
    dry_run: bool = False,
) -> None:
    """Delete preview channels of this project, or old versions; other people's and the live one are never touched."""
    from infra.hosting import channels, deployment, firebase, releases, target
    from infra.hosting import versions as sites

    if not (merged or older_than or channel or versions):
        raise UsageError("say which: --merged, --older-than 14d, --channel NAME or --versions 90d")
    chosen = target.chosen()
    if versions:
        words.only_without("versions", merged=merged or None, older_than=older_than, channel=channel)
        api = releases.Api(chosen)
        names = sites.old(api, channels.duration(versions, "versions"))
        if dry_run:
            lines = [f"DELETE {target.api()}/v1beta1/{chosen.path}/versions/{name}" for name in names]
        else:
            lines = deployment.prune_versions(chosen, names)
        print("\n".join(lines) if lines else "nothing to delete")
        return
    age = channels.duration(older_than, "older-than") if older_than else None
    name = channels.name(channel) if channel else None
    numbers = channels.merged_numbers() if merged else set()
    api = releases.Api(chosen)
    there = channels.ours(api.channels())
    doomed: dict[str, Channel] = {found.name: found for found in there if found.name == name}
    doomed |= {found.name: found for found in channels.merged(there, numbers)}
    doomed |= {found.name: found for found in (channels.older_than(there, age, api.now()) if age else ())}
    if dry_run:
        lines = [str(firebase.delete(chosen, name)) for name in sorted(doomed)]
    else:
        lines = deployment.prune(chosen, [doomed[name] for name in sorted(doomed)])
    print("\n".join(lines) if lines else "nothing to delete")


@task(help={"channel": "compare with this channel (default: live)", "dry-run": DRY_RUN})
def diff(_: Context, channel: str | None = None, dry_run: bool = False) -> None:
    """Say which files a deploy would change: + new, - gone, ~ changed."""
    from infra.hosting import channels, deployment, releases, target
    from infra.settings import settings

    chosen = target.chosen()
    name = channels.name(channel) if channel and channel != releases.LIVE else releases.LIVE
    if dry_run:
        print(f"GET {target.api()}/v1beta1/{chosen.path}/channels/{name}")
        return
    lines = deployment.diff(chosen, settings().paths.site, name)
    print("\n".join(lines) if lines else "nothing would change")


@task(
    help={
        "channel": f"{CHANNEL} (default: figures only, without an address)",
        "main": "checkout of main, built and measured, or an artefact of it: dist, models and runs/bench",
        "pull_request": "number of the pull request to write it under, with gh: one comment is kept up to date",
    }
)
def comment(_: Context, main: str, channel: str | None = None, pull_request: str | None = None) -> None:
    """Print what to write under a pull request, or write it: address, expiry, model figures, bytes, benchmark."""
    from pathlib import Path

    from infra.hosting import actions, channels, pull_requests, releases, target
    from infra.hosting.comment import here, render, there

    found = releases.Api(target.chosen()).deployed(channels.name(channel)) if channel else None
    text = render(found, here(), there(Path(main)))
    actions.summarize(text)
    print(pull_requests.post(pull_request, text) if pull_request else text)


def _run(name: str | None, site: Path) -> Run:
    """The run called ``name``, by default the one whose model ``site`` has."""
    from infra.page import site as sites
    from infra.runs import catalogue

    return catalogue.find(name or sites.origin(site).run)
