"""The version that was tested goes live, says why, and goes when nobody needs it any more."""

from __future__ import annotations

import json

import pytest

from infra import git
from infra.errors import DigitlensError, RefusedError
from infra.hosting import deployment, firebase, releases, target, versions
from infra.hosting.channels import duration
from infra.runs import catalogue
from tests.hosting import standins
from tests.hosting.conftest import Deployer

OURS = f"cli-firebase--{firebase.agent_of('0' * 40, 'a' * 64, dirty=False)}"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "is_dirty", lambda: False)
    monkeypatch.setattr(git, "trouble", lambda: "")


def preview(deployer: Deployer, channel: str) -> deployment.Preview:
    run = catalogue.find(catalogue.SYNTHETIC)
    made = deployment.preview(target.chosen(), deployer.dist, run, channel, "7d")
    deployer.smoke("smoke_deployed", made.url)
    return made


def promote(deployer: Deployer, version: str, message: str = "") -> str:
    run = catalogue.find(catalogue.SYNTHETIC)
    return deployment.promote(target.chosen(), deployer.dist, run, "", version, message)


def test_what_was_tested_goes_live_whatever_its_channel_serves_meanwhile(here: Deployer) -> None:
    here.build(about="first")
    first = preview(here, "pr-7")
    # Another merge takes the channel before the first one is approved.
    standins.release(here.standin, "pr-7", {"/index.html": b"second"}, label=OURS)
    promote(here, first.version, "the first merge")
    assert here.standin.version_of("live") == first.version
    # And a channel that is gone takes nothing away.
    standins.release(here.standin, "live", {"/index.html": b"third"})
    del here.standin.channels["pr-7"]
    promote(here, first.version)
    assert here.standin.version_of("live") == first.version
    assert [one.message for one in releases.Api(target.chosen()).releases()] == ["", "", "the first merge"]


def test_a_version_of_other_files_or_of_a_dirty_tree_or_untested_does_not_go_live(here: Deployer) -> None:
    made = preview(here, "pr-7")
    label = here.standin.versions[made.version]["labels"]["deployment-tool"]
    for wrong, says in (
        (OURS, "isn't the site in"),
        ("cli-firebase", "isn't the site in"),
        (label.replace("0123456789ab", "0123456789ab-dirty"), "changes that no commit has"),
    ):
        here.standin.versions[made.version]["labels"] = {"deployment-tool": wrong}
        with pytest.raises(RefusedError, match=says):
            promote(here, made.version)
    here.standin.versions[made.version]["labels"] = {"deployment-tool": label}
    for site, passed in (("dist", True), (made.url, False)):
        here.smoke("smoke_deployed", site, passed=passed)
        with pytest.raises(RefusedError, match="smoke"):
            promote(here, made.version)
    assert here.standin.version_of("live") == ""


def test_why_is_one_line_of_a_commits_message_and_listed(deployer: Deployer) -> None:
    first, _ = (standins.release(deployer.standin, "live", {"/index.html": text}) for text in (b"1", b"2"))
    why = f"It misread 7 as 1 {'x' * 600}\n\nand more"
    deployer.inv("deploy.rollback", "--message", why)
    [release, *_] = json.loads(deployer.inv("deploy.list", "--json"))["releases"]
    assert release["version"] == first
    assert release["message"] == why.splitlines()[0][:512]
    assert "It misread 7 as 1" in deployer.inv("deploy.list")


def test_old_versions_go_but_not_what_is_served_was_live_lately_or_is_anothers(here: Deployer) -> None:
    def made(channel: str, days: float, label: str = OURS) -> str:
        name = standins.release(here.standin, channel, {"/index.html": b"x"}, label=label)
        here.standin.versions[name]["createTime"] = here.standin.now(-86400 * days)
        return name

    standins.channel(here.standin, "pr-7")
    theirs, forgotten, young = made("pr-7", 200, "cli-firebase"), made("pr-7", 200), made("pr-7", 1)
    served = made("pr-7", 200)
    # More than a page of them: each once live.
    lived = [made("live", 300 - number) for number in range(versions.KEPT + 20)]
    unfinished = made("pr-7", 200)
    here.standin.versions[unfinished]["status"] = "CREATED"
    here.standin.channels["pr-7"]["release"]["version"] = here.standin.versions[served]
    api = releases.Api(target.chosen())
    doomed = versions.old(api, duration("90d", "versions"))
    assert sorted(doomed) == sorted([forgotten, *lived[:20]])
    here.standin.fail(f"DELETE .*/versions/{doomed[0]}$", 503)
    here.standin.fail(f"DELETE .*/versions/{doomed[1]}$", 404)
    deployment.prune_versions(target.chosen(), doomed)
    assert set(here.standin.versions) == {theirs, young, served, unfinished, *lived[20:], doomed[1]}
    here.standin.fail("DELETE .*/versions/", 403, times=99)
    with pytest.raises(DigitlensError, match=r"add-iam-policy-binding"):
        deployment.prune_versions(target.chosen(), [forgotten])
