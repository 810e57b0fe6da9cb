"""The tasks' flags, dry runs, and what pruning leaves alone."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from datetime import timedelta

import pytest

from infra.errors import ServiceError, TransientError, UsageError
from infra.execution import locks
from infra.hosting import channels, globs, patience, releases
from infra.hosting.releases import Release
from infra.hosting.target import Target
from tests.hosting import standins
from tests.hosting.conftest import Deployer, commit, write_site
from tests.hosting.google import NAME, PROJECT, SITE


def test_a_dry_run_prints_the_command_and_changes_nothing(deployer: Deployer) -> None:
    standins.channel(deployer.standin, "pr-7")
    version = standins.release(deployer.standin, "pr-7", {"/index.html": b"x"})
    before = standins.release(deployer.standin, "live", {"/index.html": b"1"})
    standins.release(deployer.standin, "live", {"/index.html": b"2"})
    common = f"--project {PROJECT} --non-interactive --json"
    said = {
        (
            "deploy.preview",
            "--channel",
            "pr-8",
        ): f"hosting:channel:deploy pr-8 --expires 7d --only {SITE} --no-authorized-domains {common}",
        ("deploy.prune", "--channel", "pr-7"): f"hosting:channel:delete pr-7 --site {SITE} --force {common}",
    }
    for arguments, command in said.items():
        assert deployer.inv(*arguments, "--dry-run") == f"infra/hosting/client/node_modules/.bin/firebase {command}"
    released = f"POST {deployer.standin.address}/v1beta1/{NAME}/channels/live/releases?versionName="
    for words, which, body in (
        (("deploy.live", "--from", "pr-7", "--message", "it reads 7"), version, '{"message": "it reads 7"}'),
        (("deploy.live", "--version", version), version, "{}"),
        (("deploy.rollback",), before, "{}"),
    ):
        name = f"{NAME}/versions/{which}".replace("/", "%2F")
        assert deployer.inv(*words, "--dry-run") == f"{released}{name} {body}"
    # The printed command would fail where firebase.json names no other site than the project's; ours names it.
    deployer.inv("deploy.preview", "--channel", "pr-8", "--dry-run")
    assert f"firebase.json with the site {SITE}, and {deployer.dist}" in deployer.complaint
    for task in ("deploy.list", "deploy.diff"):
        assert deployer.inv(task, "--dry-run").startswith(f"GET {deployer.standin.address}/v1beta1/projects/{PROJECT}")
    assert [call for call in deployer.standin.calls if not call.startswith("GET") and "oken" not in call] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("deploy.preview", "--channel", "staging"), "no preview channel of this project: pr-NUMBER or preview-WORDS"),
        (("deploy.preview", "--channel", "live"), "no preview channel"),
        (("deploy.preview", "--channel", "pr-1;id"), "no preview channel"),
        (("deploy.preview", "--channel", "pr-1", "--expires", "soon"), "--expires: 'soon' is no duration"),
        (("deploy.preview", "--channel", "pr-1", "--expires", "31d"), "longer than the 30d"),
        (("deploy.prune",), "say which: --merged, --older-than 14d, --channel NAME or --versions 90d"),
        (("deploy.prune", "--versions", "90d", "--merged"), "--merged doesn't go together with --versions"),
        (("deploy.prune", "--versions", "old"), "--versions: 'old' is no duration"),
        (("deploy.live",), "say which: --from CHANNEL or --version VERSION"),
        (("deploy.live", "--from", "pr-7", "--version", "0123"), "say which: --from CHANNEL or --version VERSION"),
        (("deploy.live", "--version", "a/../b"), "--version: 'a/../b' is no version"),
        (("deploy.live", "--version", "0123"), "version 0123 doesn't exist: ./inv deploy.list"),
        (("deploy.live", "--from", "pr-7"), "nothing is deployed on channel pr-7: ./inv deploy.preview --channel pr-7"),
        (("deploy.rollback",), "nothing was live before what is live now"),
        (("deploy.rollback", "--to", "0123"), "version 0123 doesn't exist: ./inv deploy.list"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_usage_is_one_message_and_exit_code_2(deployer: Deployer, arguments: tuple[str, ...], message: str) -> None:
    deployer.inv(*arguments, code=2)
    assert deployer.complaint.startswith("error: ")
    assert message in deployer.complaint
    assert "Traceback" not in deployer.complaint


def test_without_a_project_the_emulator_is_advised(deployer: Deployer) -> None:
    deployer.inv("deploy.list", code=2, DIGITLENS_HOSTING_PROJECT="")
    assert "./inv serve" in deployer.complaint
    assert "docs/deploying.md" in deployer.complaint


def test_without_credentials_the_command_that_gets_some_is_named(deployer: Deployer) -> None:
    nowhere = str(deployer.folder / "nowhere.json")
    deployer.inv("deploy.list", code=1, GOOGLE_APPLICATION_CREDENTIALS=nowhere)
    assert "gcloud auth application-default login" in deployer.complaint


def test_pruning_leaves_other_peoples_channels_and_live_alone(deployer: Deployer) -> None:
    for number, name in enumerate(("pr-1", "pr-2", "pr-33", "preview-old", "preview-new", "staging", "xpr-1")):
        standins.channel(
            deployer.standin, name, changed_days_ago=0 if name in {"pr-33", "preview-new"} else 20 + number
        )
    deleted = deployer.inv("deploy.prune", "--older-than", "14d", "--dry-run")
    assert len(deleted.splitlines()) == 3
    assert deployer.inv("deploy.prune", "--older-than", "14d").split() == ["pr-1", "pr-2", "preview-old"]
    commit(deployer.checkout, "Read rotated digits (#33)")
    commit(deployer.checkout, "Mentions #44 only")
    standins.channel(deployer.standin, "pr-44")
    assert deployer.inv("deploy.prune", "--merged") == "pr-33"
    assert sorted(deployer.standin.channels) == ["live", "pr-44", "preview-new", "staging", "xpr-1"]
    assert deployer.inv("deploy.prune", "--merged") == "nothing to delete"


def test_the_later_of_two_deploys_waits_and_says_so(deployer: Deployer) -> None:
    standins.release(deployer.standin, "live", {"/index.html": b"1"})
    standins.release(deployer.standin, "live", {"/index.html": b"2"})
    with waiting(deployer, "deploy.rollback") as child:
        pass
    assert child.communicate(timeout=120)[0]
    assert child.returncode == 0


def test_a_site_that_is_replaced_while_its_deploy_waits_is_not_deployed(deployer: Deployer) -> None:
    with waiting(deployer, "deploy.preview", "--channel", "pr-7") as child:
        write_site(deployer.dist, {"about": "nobody tested this"})
    assert "the smoke test is older than the build" in child.communicate(timeout=120)[1]
    assert child.returncode == 1
    assert deployer.standin.calls == []


@contextlib.contextmanager
def waiting(deployer: Deployer, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A task that waits for the lock of deploys while the block runs."""
    # Another clone's, too: the lock is the user's, not that of a checkout.
    with locks.waiting(deployer.folder / "user" / "digitlens" / f"deploy-{SITE}.lock"):
        child = subprocess.Popen(
            [str(deployer.checkout / "inv"), *arguments],
            env={**os.environ, **deployer.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert child.stderr is not None
        assert f"waiting for another process that holds deploy-{SITE}.lock" in child.stderr.readline()
        assert deployer.standin.calls == []
        yield child


def test_two_pages_of_channels_are_read(here: Deployer) -> None:
    for number in range(25):
        standins.channel(here.standin, f"pr-{number}")
    assert len(releases.Api(Target(PROJECT, SITE)).channels()) == 26


def test_before_a_rollback_is_not_what_was_rolled_back() -> None:
    def history(*versions: str) -> list[Release]:
        return [Release(version, "", "", "", "") for version in versions]

    assert releases.before(history("2", "1")) == "1"
    assert releases.before(history("2", "2", "1")) == "1"
    assert releases.before(history("1", "2", "1")) is None
    assert releases.before(history("1", "2", "1", "0")) == "0"
    assert releases.before([]) is None
    # A site that was disabled: a release without a version.
    assert releases.before(history("2", "", "1")) == "1"
    assert releases.before(history("", "2", "1")) == "2"
    assert releases.before(history("2", "")) is None


@pytest.mark.parametrize(
    ("glob", "path", "expected"),
    [
        ("**", "a/b.js", True),
        ("**/.*", ".fingerprint.json", True),
        ("**/.*", "a/.b", True),
        ("**/.*", "a/b", False),
        ("**/node_modules/**", "x/node_modules/y/z", True),
        ("*.js", "a.js", True),
        ("*.js", "a/b.js", False),
        ("/model/*", "model/a.bin", True),
    ],
)
def test_globs(glob: str, path: str, expected: bool) -> None:
    assert globs.matches(glob, path) is expected


def test_durations_are_days_hours_or_minutes() -> None:
    assert channels.duration("36h", "x") == timedelta(hours=36)
    for wrong in ("", "7", "0d", "-1d", "7days", "1.5d"):
        with pytest.raises(UsageError, match="--x"):
            channels.duration(wrong, "x")


def test_google_is_left_alone_for_as_long_as_it_asks(here: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("infra.hosting.patience.time.sleep", pauses.append)
    here.standin.fail("GET .*/sites/test-site$", 429, after=17)
    releases.Api(Target(PROJECT, SITE)).site_url()
    # The stand-in sleeps, too, for no time.
    assert [pause for pause in pauses if pause] == [17.0]


def test_pauses_grow_have_jitter_and_heed_retry_after(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("infra.hosting.patience.time.sleep", pauses.append)
    failures = [TransientError("a"), TransientError("b", 7.0), TransientError("c")]

    def action(_: float) -> str:
        if failures:
            raise failures.pop(0)
        return "done"

    assert patience.persist("it", action, 60.0) == "done"
    assert 0.25 <= pauses[0] <= 0.5
    assert pauses[1] == 7.0
    assert 1.0 <= pauses[2] <= 2.0


def test_what_fails_for_good_is_not_tried_again() -> None:
    calls = []

    def action(_: float) -> None:
        calls.append(1)
        raise ServiceError("no")

    with pytest.raises(ServiceError, match="no"):
        patience.persist("it", action, 60.0)
    assert len(calls) == 1
