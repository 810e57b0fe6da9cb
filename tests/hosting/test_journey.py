"""From a built site to a live one and back, with the real client, each stage compared byte by byte."""

from __future__ import annotations

import hashlib
import json
import random

from infra.page import site
from tests.hosting.conftest import Deployer, describe
from tests.hosting.google import NAME


def content(deployer: Deployer) -> dict[str, str]:
    """Path and SHA-256 of every file that is to be deployed."""
    return {
        f"/{path.relative_to(deployer.dist).as_posix()}": hashlib.sha256(path.read_bytes()).hexdigest()
        for path in deployer.dist.rglob("*")
        if path.is_file() and path.name != site.ORIGIN
    }


def test_preview_promote_rollback_prune(deployer: Deployer) -> None:
    standin = deployer.standin
    deployer.build(about="first")
    first = content(deployer)
    deployer.preview()
    assert standin.serve("pr-7") == first
    assert standin.serve("live") == {}
    address = deployer.inv("deploy.live", "--from", "pr-7")
    assert address == standin.channels["live"]["url"]
    assert standin.serve("live") == first
    # Promoted, not uploaded again: the very version.
    assert standin.version_of("live") == standin.version_of("pr-7")

    deployer.build(about="second")
    second = content(deployer)
    assert deployer.inv("deploy.diff") == "~ about.html\n~ build.json"
    deployer.preview()
    assert standin.serve("pr-7") == second
    assert standin.serve("live") == first
    deployer.inv("deploy.live", "--from", "pr-7")
    assert standin.serve("live") == second
    assert deployer.inv("deploy.diff") == "nothing would change"

    deployer.inv("deploy.rollback")
    assert standin.serve("live") == first
    deployer.inv("deploy.rollback", "--to", standin.version_of("pr-7"))
    assert standin.serve("live") == second

    assert deployer.inv("deploy.prune", "--channel", "pr-7") == "pr-7"
    assert list(standin.channels) == ["live"]
    assert standin.serve("live") == second


def test_a_second_deploy_uploads_nothing_and_makes_no_channel(deployer: Deployer) -> None:
    deployer.preview()
    uploads = deployer.standin.count("POST /upload/")
    assert uploads == len(content(deployer))
    deployer.preview()
    assert deployer.standin.count("POST /upload/") == uploads
    assert deployer.standin.calls.count(f"POST /v1beta1/{NAME}/channels") == 1
    assert sorted(deployer.standin.channels) == ["live", "pr-7"]


def test_the_list_says_what_who_and_when(deployer: Deployer) -> None:
    address = deployer.preview()
    deployer.inv("deploy.live", "--from", "pr-7")
    found = json.loads(deployer.inv("deploy.list", "--json"))
    preview = next(channel for channel in found["channels"] if channel["name"] == "pr-7")
    assert preview["url"] == address
    assert preview["expires"].startswith("20")
    [release] = found["releases"]
    assert release["who"].startswith("deployer@")
    assert release["version"] == preview["release"]["version"] == found["versions"][0]["version"]
    assert len(release["commit"]) == 12
    assert address in deployer.inv("deploy.list")


def test_two_hundred_files_are_uploaded_together(deployer: Deployer) -> None:
    noise = random.Random(1)
    for number in range(200):
        (deployer.dist / f"photo-{number}.bin").write_bytes(noise.randbytes(100_000))
    describe(deployer.dist)
    deployer.smoke("smoke", str(deployer.dist))
    deployer.inv("deploy.preview", "--channel", "pr-7", DIGITLENS_HOSTING_BUDGET_MB="30")
    assert deployer.standin.serve("pr-7") == content(deployer)
    assert deployer.standin.most_together > 20
