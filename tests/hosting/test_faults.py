"""Every call of a deploy goes wrong in its turn. What was live stays live, and the next run succeeds."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from infra import runs
from infra.errors import DigitlensError, RefusedError
from infra.hosting import deployment, patience, target, verification
from tests.hosting.conftest import Deployer, Patience
from tests.hosting.tokens import CANARY

CHANNEL = "pr-7"


@dataclass(frozen=True)
class Fault:
    """What happens to a call, what is said of it, and whether trying again helps."""

    where: str
    what: dict[str, object]
    said: str
    passes: bool


PASSING = [
    Fault("POST /sts/", {"status": 503}, "token service", True),
    Fault("generateAccessToken", {"status": 500}, "", True),
    Fault("GET .*/sites/test-site$", {"status": 429, "after": 1}, "429 from Google", True),
    Fault("GET .*/projects/test-project$", {"reset": True}, "no answer", True),
    Fault("GET .*/services/", {"status": 503}, "503 from Google", True),
    Fault("GET .*/channels/pr-7", {"status": 500}, "500 from Google", True),
    Fault("POST .*/channels$", {"status": 429, "after": 1}, "429 from Google", True),
    Fault("POST .*/versions$", {"reset": True}, "", True),
    Fault(":populateFiles", {"status": 503}, "", True),
    Fault("POST /upload/", {"reset": True}, "", True),
    Fault("POST /upload/", {"status": 503, "times": 2}, "", True),
    Fault("POST /upload/", {"status": 400, "message": "content hash mismatch"}, "", True),
    Fault("POST /upload/", {"seconds": 2.0}, "", True),
    Fault("PATCH .*/versions/", {"status": 503}, "503 from Google", True),
    Fault("POST .*/releases", {"status": 500}, "500 from Google", True),
]
PERMANENT = [
    Fault("POST /sts/", {"status": 401}, "refused the credential", False),
    Fault("GET .*/sites/test-site$", {"status": 403}, "roles/firebasehosting.admin", False),
    Fault("GET .*/projects/test-project$", {"status": 404}, "check [hosting] in digitlens.toml", False),
    Fault("POST .*/channels$", {"status": 409}, "somebody else", False),
    Fault("POST .*/versions$", {"status": 403}, "add-iam-policy-binding test-project", False),
    Fault("POST .*/versions$", {"status": 401, "expires": True}, "gcloud auth application-default login", False),
    Fault("PATCH .*/versions/", {"status": 404}, "./inv deploy.list", False),
    Fault("POST .*/releases", {"status": 409}, "run the same command again", False),
]


def title(fault: object) -> str:
    assert isinstance(fault, Fault)
    kind = next((str(fault.what[key]) for key in ("status",) if key in fault.what), next(iter(fault.what)))
    return f"{re.sub(r'[^A-Za-z:/ ]', '', fault.where)} {kind}"


def deploy(deployer: Deployer) -> deployment.Preview:
    chosen = target.chosen()
    return deployment.preview(chosen, deployer.dist, runs.find(runs.SYNTHETIC), CHANNEL, "7d")


def made_live(deployer: Deployer) -> dict[str, str]:
    """Something is live before anything goes wrong; put there without the client, which takes seconds."""
    from tests.hosting import standins

    standins.release(deployer.standin, "live", {"/index.html": b"live"})
    return deployer.standin.serve("live")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST_PAUSE", 0.05)


@pytest.mark.parametrize("fault", PASSING, ids=title)
@pytest.mark.usefixtures("quick")
def test_what_may_pass_is_tried_again(here: Deployer, capsys: pytest.CaptureFixture[str], fault: Fault) -> None:
    live = made_live(here)
    here.standin.fail(fault.where, **fault.what)  # type: ignore[arg-type]
    made = deploy(here)
    assert here.standin.faults[0].times <= 0
    assert here.standin.serve(CHANNEL) == {f"/{path}": value for path, value in verification.hashes(here.dist).items()}
    assert here.standin.serve("live") == live
    assert made.version == here.standin.version_of(CHANNEL)
    said = capsys.readouterr().err
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
    here: Deployer, patience: Patience, wound: Callable[[object], None], said: str
) -> None:
    patience(15.0)
    wound(here.standin.pages)
    with pytest.raises(RefusedError, match=f"{said}.*\n.*deploy.preview --channel pr-7"):
        deploy(here)
