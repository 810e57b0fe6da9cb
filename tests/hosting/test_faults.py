"""Every call of a deploy goes wrong in its turn. What was live stays live, and the next run succeeds."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from infra import runs
from infra.errors import DigitlensError, RefusedError
from infra.hosting import deployment, patience, releases, target, verification
from tests.hosting import standins
from tests.hosting.conftest import Deployer, Patience
from tests.hosting.tokens import CANARY

CHANNEL = "pr-7"


@dataclass(frozen=True)
class Fault:
    """What happens to a call, and what is said of it."""

    where: str
    what: dict[str, object]
    said: str


PASSING = {
    "before anything is made": [
        Fault("POST /sts/", {"status": 503}, "token service"),
        Fault("generateAccessToken", {"status": 500}, "token service"),
        Fault("GET .*/sites/test-site$", {"status": 429, "after": 1}, "429 from Google: injected"),
        Fault("GET .*/sites/test-site$", {"expires": True, "seconds": 0.5}, ""),
        Fault("GET .*/projects/test-project$", {"reset": True}, "no answer from https://127.0.0.1"),
    ],
    "channel": [
        Fault("GET .*/services/", {"status": 503}, "503 from Google: injected"),
        Fault("GET .*/channels/pr-7", {"status": 500}, "500 from Google: injected"),
        Fault("POST .*/channels$", {"status": 429, "after": 1}, "deploy.prune --merged"),
    ],
    "version": [
        Fault("POST .*/versions$", {"reset": True}, ""),
        Fault("POST .*/versions$", {"status": 503}, "503 from Google: injected"),
        Fault(":populateFiles", {"status": 503}, ""),
    ],
    "uploads": [
        Fault("POST /upload/", {"reset": True, "times": 2}, ""),
        Fault("POST /upload/", {"status": 503, "times": 2}, ""),
        Fault("POST /upload/", {"status": 429}, ""),
        Fault("POST /upload/", {"status": 400, "message": "content hash mismatch"}, ""),
        Fault("POST /upload/", {"seconds": 2.0}, ""),
    ],
    "release": [
        Fault("PATCH .*/versions/", {"status": 503}, "503 from Google: injected"),
        Fault("POST .*/releases", {"status": 500}, "500 from Google: injected"),
        Fault("POST .*/releases", {"reset": True}, ""),
    ],
}
PERMANENT = [
    Fault("POST /sts/", {"status": 401}, "refused the credential"),
    Fault("GET .*/sites/test-site$", {"status": 403}, "roles/firebasehosting.admin"),
    Fault("GET .*/projects/test-project$", {"status": 404}, "check [hosting] in digitlens.toml"),
    Fault("POST .*/channels$", {"status": 409}, "somebody else"),
    Fault("POST .*/versions$", {"status": 403}, "add-iam-policy-binding test-project"),
    Fault("POST .*/versions$", {"status": 401, "expires": True}, "gcloud auth application-default login"),
    Fault("PATCH .*/versions/", {"status": 404}, "./inv deploy.list"),
    Fault("POST .*/releases", {"status": 409}, "run the same command again"),
]


def title(fault: object) -> str:
    assert isinstance(fault, Fault)
    return f"{re.sub(r'[^A-Za-z:/ ]', '', fault.where)} {fault.what['status']}"


def deploy(deployer: Deployer) -> deployment.Preview:
    chosen = target.chosen()
    return deployment.preview(chosen, deployer.dist, runs.find(runs.SYNTHETIC), CHANNEL, "7d")


def made_live(deployer: Deployer) -> dict[str, str]:
    """Something is live before anything goes wrong; put there without the client, which takes seconds."""
    standins.release(deployer.standin, "live", {"/index.html": b"live"})
    return deployer.standin.serve("live")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST_PAUSE", 0.05)


@pytest.mark.parametrize("stage", PASSING)
@pytest.mark.usefixtures("quick")
def test_what_may_pass_is_tried_again(here: Deployer, capsys: pytest.CaptureFixture[str], stage: str) -> None:
    live = made_live(here)
    for fault in PASSING[stage]:
        here.standin.fail(fault.where, **fault.what)  # type: ignore[arg-type]
    made = deploy(here)
    assert [fault for fault in here.standin.faults if fault.times > 0] == []
    assert here.standin.serve(CHANNEL) == {f"/{path}": value for path, value in verification.hashes(here.dist).items()}
    assert here.standin.serve("live") == live
    assert made.version == here.standin.version_of(CHANNEL)
    said = capsys.readouterr().err
    for fault in PASSING[stage]:
        assert fault.said in said
    assert CANARY not in said


@pytest.mark.parametrize("fault", PERMANENT, ids=title)
@pytest.mark.usefixtures("quick")
def test_what_does_not_pass_is_explained_at_once(
    here: Deployer, capsys: pytest.CaptureFixture[str], fault: Fault
) -> None:
    live = made_live(here)
    here.standin.fail(fault.where, **fault.what)  # type: ignore[arg-type]
    with pytest.raises(DigitlensError) as caught:
        deploy(here)
    assert fault.said in str(caught.value)
    assert CANARY not in str(caught.value) + capsys.readouterr().err
    assert sum(re.search(fault.where, call) is not None for call in here.standin.calls) <= 2
    assert here.standin.serve("live") == live
    deploy(here)
    assert here.standin.serve(CHANNEL)


@pytest.mark.usefixtures("quick")
def test_what_never_passes_is_given_up_in_time(here: Deployer, patience: Patience) -> None:
    patience(3.0)
    here.standin.fail("GET .*/sites/test-site$", 503, times=1000)
    with pytest.raises(DigitlensError, match=r"given up after .* 503 from Google.*\n.*again later"):
        deploy(here)


@pytest.mark.usefixtures("quick")
def test_an_answer_that_never_comes_is_given_up_in_time(here: Deployer, patience: Patience) -> None:
    patience(6.0)
    here.standin.fail("POST .*/versions$", seconds=30.0, times=1000)
    with pytest.raises(DigitlensError, match="no answer in"):
        deploy(here)


@pytest.mark.parametrize(
    ("wound", "said"),
    [
        (lambda pages: pages.corrupted.add("/index.html"), "index.html has other bytes"),
        (lambda pages: pages.dropped.add("Content-Security-Policy"), "has Content-Security-Policy: None"),
        (lambda pages: pages.dropped.add("Cross-Origin-Opener-Policy"), "has Cross-Origin-Opener-Policy: None"),
    ],
    ids=["bytes", "policy", "isolation"],
)
@pytest.mark.usefixtures("quick")
def test_an_address_that_serves_something_else_is_no_success(
    here: Deployer, monkeypatch: pytest.MonkeyPatch, wound: Callable[[object], None], said: str
) -> None:
    monkeypatch.setattr(verification, "SETTLING_SECONDS", 0.5)
    wound(here.standin.pages)
    with pytest.raises(RefusedError, match=f"{said}.*\n.*deploy.preview --channel pr-7"):
        deploy(here)


@pytest.mark.usefixtures("quick")
def test_a_rollback_that_fails_leaves_what_is_live_and_succeeds_afterwards(here: Deployer) -> None:
    first, second = (standins.release(here.standin, "live", {"/index.html": text}) for text in (b"1", b"2"))
    here.standin.fail("POST .*/channels/live/releases", 403)
    with pytest.raises(DigitlensError, match=r"roles/firebasehosting\.admin"):
        deployment.rollback(target.chosen(), None, dry_run=False)
    assert here.standin.version_of("live") == second
    here.standin.fail("POST .*/channels/live/releases", 500)
    here.standin.fail("GET .*/channels/live/releases", 429, after=1)
    deployment.rollback(target.chosen(), None, dry_run=False)
    assert here.standin.version_of("live") == first


@pytest.mark.usefixtures("quick")
def test_pruning_goes_on_where_an_answer_was_lost(here: Deployer) -> None:
    for name in ("pr-1", "pr-2"):
        standins.channel(here.standin, name)
    here.standin.fail("DELETE .*/channels/pr-1", 503)
    here.standin.fail("DELETE .*/channels/pr-2", 404)
    doomed = releases.Api(target.chosen()).channels()[1:]
    with pytest.raises(DigitlensError, match="404 from Google"):
        deployment.prune(target.chosen(), doomed)
    assert sorted(here.standin.channels) == ["live", "pr-2"]
    assert deployment.prune(target.chosen(), doomed) == ["pr-1", "pr-2"]
    assert sorted(here.standin.channels) == ["live"]
