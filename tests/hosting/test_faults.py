"""Every call of a deploy goes wrong in its turn. What was live stays live, and the next run succeeds."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Callable

import pytest

from infra import git
from infra.errors import DigitlensError, RefusedError
from infra.hosting import deployment, firebase, listing, patience, releases, target, verification
from infra.runs import catalogue
from tests.hosting import standins
from tests.hosting.conftest import Deployer, Patience, describe
from tests.hosting.tokens import CANARY

CHANNEL = "pr-7"


CREDENTIAL = ("POST /sts/", "generateAccessToken")
READS = ("GET .*/sites/test-site$", "GET /v1beta1/projects/test-project$", "GET .*/services/", "GET .*/channels/pr-7")
WRITES = (
    "POST .*/channels$",
    "PATCH .*/channels/pr-7",
    "POST .*/versions$",
    ":populateFiles",
    "POST /upload/",
    "PATCH .*/versions/",
    "POST .*/channels/pr-7/releases",
)
CALLS = (*CREDENTIAL, *READS, *WRITES)
"""What a deploy asks Google, in its order."""
UNHEEDED = ":testIamPermissions"
"""And what the client asks and then goes on, whatever the answer."""
PASSING: tuple[dict[str, object], ...] = (
    {"status": 429, "after": 1},
    {"status": 500},
    {"status": 503},
    {"reset": True},
    {"seconds": 1.0},
)
REMEDIES = {
    401: "gcloud auth application-default login",
    403: "add-iam-policy-binding test-project",
    404: "./inv deploy.list",
    409: "run the same command again",
}
NO_PREVIEW = ("GET .*/channels/pr-7$", 404)
NO_FAULT = {("GET .*/channels/pr-7", 404), ("GET .*/services/", 404)}
"""What the client takes for an answer."""


def deploy(deployer: Deployer) -> deployment.Preview:
    chosen = target.chosen()
    return deployment.preview(chosen, deployer.dist, catalogue.find(catalogue.SYNTHETIC), CHANNEL, "7d")


def made_live(deployer: Deployer) -> dict[str, str]:
    """Something is live before anything goes wrong; put there without the client, which takes seconds."""
    standins.release(deployer.standin, "live", {"/index.html": b"live"})
    return deployer.standin.serve("live")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST_PAUSE", 0.05)


def complaint(deployer: Deployer) -> str:
    """What a deploy fails with; empty if it doesn't."""
    try:
        deploy(deployer)
    except DigitlensError as error:
        return str(error)
    return ""


def title(where: str) -> str:
    return re.sub(r"[^A-Za-z:/ ]", "", where)


def start_over(deployer: Deployer, where: str) -> None:
    """As if nothing had been deployed but what is live; the channel is there if it is to be changed."""
    standin = deployer.standin
    standin.channels.pop(CHANNEL, None)
    standin.blobs = {value: standin.blobs[value] for value in standin.files[standin.version_of("live")].values()}
    if where.startswith("PATCH .*/channels"):
        standins.channel(standin, CHANNEL)


@pytest.mark.parametrize("where", CALLS, ids=title)
@pytest.mark.usefixtures("quick")
def test_a_call_that_goes_wrong_is_explained_or_made_again(
    here: Deployer, capsys: pytest.CaptureFixture[str], where: str
) -> None:
    """All of it with one channel, one fault after the other: each start of the client takes seconds."""
    live = made_live(here)
    start_over(here, where)
    # What doesn't pass is explained at once.
    for status, remedy in REMEDIES.items():
        if (where, status) in NO_FAULT:
            continue
        before = len(here.standin.calls)
        here.standin.fail(where, status, times=1000)
        said = complaint(here)
        here.standin.faults.clear()
        assert ("refused the credential" if where in CREDENTIAL else remedy) in said
        asked = [call for call in here.standin.calls[before:] if re.search(where, call)]
        # Clients fetch another token and ask again; the official one does so for each of the four files.
        assert len(asked) <= (20 if where == "POST /upload/" else 4), "it was tried again"
        assert here.standin.serve("live") == live
    # A token that expires is renewed, or said to have.
    if where not in CREDENTIAL:
        here.standin.fail(where, 401, expires=True)
        assert not (said := complaint(here)) or REMEDIES[401] in said
        start_over(here, where)
    # What may pass is tried again.
    for fault in PASSING:
        here.standin.fail(where, **fault)  # type: ignore[arg-type]
    made = deploy(here)
    assert [fault for fault in here.standin.faults if fault.times > 0] == []
    assert here.standin.serve(CHANNEL) == {f"/{path}": value for path, value in verification.hashes(here.dist).items()}
    assert here.standin.serve("live") == live
    assert made.version == here.standin.version_of(CHANNEL)
    assert CANARY not in said + capsys.readouterr().err


@pytest.mark.parametrize("fault", [*PASSING, {"status": 401}, {"status": 403}, {"status": 404}], ids=str)
@pytest.mark.usefixtures("quick")
def test_what_nobody_heeds_does_no_harm(here: Deployer, fault: dict[str, object]) -> None:
    live = made_live(here)
    here.standin.fail(UNHEEDED, **fault)  # type: ignore[arg-type]
    said = complaint(here)
    if said:
        assert REMEDIES[401] in said or REMEDIES[403] in said
        deploy(here)
    assert here.standin.serve(CHANNEL)
    assert here.standin.serve("live") == live


@pytest.mark.usefixtures("quick")
def test_an_upload_that_breaks_off_or_arrives_damaged_is_repeated(here: Deployer) -> None:
    live = made_live(here)
    # Larger than what lies between client and server: the reset comes in the middle of it.
    (here.dist / "large.bin").write_bytes(random.Random(1).randbytes(6_000_000))
    describe(here.dist)
    here.smoke("smoke", str(here.dist))
    here.standin.fail("POST /upload/", reset=True, times=6)
    here.standin.fail("POST /upload/", 400, message="content hash mismatch")
    deploy(here)
    assert [fault for fault in here.standin.faults if fault.times > 0] == []
    assert here.standin.serve(CHANNEL) == {f"/{path}": value for path, value in verification.hashes(here.dist).items()}
    assert here.standin.serve("live") == live


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
def test_a_promotion_that_fails_leaves_what_is_live_and_succeeds_afterwards(
    here: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git, "is_dirty", lambda: False)
    live = made_live(here)
    made = deploy(here)
    here.smoke("smoke_deployed", made.url)

    def promote() -> None:
        deployment.promote(target.chosen(), here.dist, catalogue.find(catalogue.SYNTHETIC), CHANNEL)

    for where in ("GET .*/sites/test-site$", "GET .*/channels/pr-7$", "POST .*/channels/live/releases"):
        for status, remedy in REMEDIES.items():
            here.standin.fail(where, status, times=1000)
            # A channel that isn't there is an answer.
            remedy = "./inv deploy.preview --channel pr-7" if (where, status) == NO_PREVIEW else remedy
            with pytest.raises(DigitlensError, match=re.escape(remedy)):
                promote()
            here.standin.faults.clear()
            assert here.standin.serve("live") == live
        for fault in PASSING:
            here.standin.fail(where, **fault)  # type: ignore[arg-type]
    promote()
    assert [fault for fault in here.standin.faults if fault.times > 0] == []
    assert here.standin.version_of("live") == made.version


@pytest.mark.usefixtures("quick")
def test_a_rollback_that_fails_leaves_what_is_live_and_succeeds_afterwards(here: Deployer) -> None:
    first, second = (standins.release(here.standin, "live", {"/index.html": text}) for text in (b"1", b"2"))

    def rollback() -> None:
        deployment.rollback(target.chosen(), None, dry_run=False)

    calls = (
        "GET .*/sites/test-site$",
        "GET .*/channels/live/releases",
        "GET .*/versions/",
        "POST .*/channels/live/releases",
    )
    for where in calls:
        for status, remedy in REMEDIES.items():
            here.standin.fail(where, status, times=1000)
            with pytest.raises(DigitlensError, match=re.escape(remedy)):
                rollback()
            here.standin.faults.clear()
            assert here.standin.version_of("live") == second
        for fault in PASSING:
            here.standin.fail(where, **fault)  # type: ignore[arg-type]
    rollback()
    assert [fault for fault in here.standin.faults if fault.times > 0] == []
    assert here.standin.version_of("live") == first
    # The client asks for the channel before it changes it, and we do afterwards; this one is always there.
    for status in REMEDIES.keys() - {404}:
        third = standins.release(here.standin, "live", {"/index.html": b"3"})
        here.standin.fail("GET .*/channels/live$", status, times=1000)
        with pytest.raises(DigitlensError):
            rollback()
        here.standin.faults.clear()
        assert here.standin.version_of("live") in {first, third}


@pytest.mark.usefixtures("quick")
def test_a_rollback_is_judged_by_the_headers_and_files_of_its_own_version(
    here: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "SETTLING_SECONDS", 0.5)
    # Before firebase.json had today's headers.
    build = json.dumps({"files": [{"path": "index.html", "sha256": hashlib.sha256(b"1").hexdigest()}]}).encode()
    files, headers = {"/index.html": b"1", "/build.json": build}, {"X-Frame-Options": "DENY"}
    label = f"cli-firebase--{firebase.agent_of('0' * 40, hashlib.sha256(build).hexdigest(), dirty=False)}"
    first = standins.release(here.standin, "live", files, headers, label)
    standins.release(here.standin, "live", {"/index.html": b"2"})

    def rollback() -> None:
        deployment.rollback(target.chosen(), first, dry_run=False)

    rollback()
    assert here.standin.version_of("live") == first
    here.standin.pages.dropped.add("X-Frame-Options")
    with pytest.raises(RefusedError, match="has X-Frame-Options: None"):
        rollback()
    here.standin.pages.dropped.clear()
    # An edge that serves another version says of itself that it is whole.
    here.standin.pages.corrupted.add("/build.json")
    with pytest.raises(RefusedError, match=r"build\.json isn't this version's\n.*deploy\.list"):
        rollback()


@pytest.mark.usefixtures("quick")
def test_pruning_goes_on_where_an_answer_was_lost(here: Deployer) -> None:
    names = ["pr-1", "pr-2"]
    for name in names:
        standins.channel(here.standin, name)
    doomed = releases.Api(target.chosen()).channels()[1:]
    for status in REMEDIES:
        here.standin.fail("DELETE .*/channels/pr-2", status, times=1000)
        with pytest.raises(DigitlensError, match=f"{status} from Google"):
            deployment.prune(target.chosen(), doomed)
        here.standin.faults.clear()
        assert sorted(here.standin.channels) == ["live", "pr-2"], "what could be deleted is"
    for fault in PASSING:
        here.standin.fail("DELETE .*/channels/pr-2", **fault)  # type: ignore[arg-type]
    # The other is gone, which is asked where deleting it failed.
    here.standin.fail("GET .*/channels/pr-1$", 503)
    assert deployment.prune(target.chosen(), doomed) == names
    assert [fault for fault in here.standin.faults if fault.times > 0] == []
    assert sorted(here.standin.channels) == ["live"]


@pytest.mark.parametrize("where", ["GET .*/channels$", "GET .*/channels/live/releases$", "GET .*/versions$"], ids=title)
@pytest.mark.usefixtures("quick")
def test_a_listing_that_fails_is_explained_and_made_again(here: Deployer, where: str) -> None:
    live = standins.release(here.standin, "live", {"/index.html": b"live"})
    for status, remedy in REMEDIES.items():
        here.standin.fail(where, status, times=1000)
        with pytest.raises(DigitlensError, match=re.escape(remedy)):
            listing.read(target.chosen())
        here.standin.faults.clear()
    for fault in PASSING:
        here.standin.fail(where, **fault)  # type: ignore[arg-type]
    found = listing.read(target.chosen())
    assert [fault for fault in here.standin.faults if fault.times > 0] == []
    assert [one["version"] for one in found["versions"]] == [one["version"] for one in found["releases"]] == [live]


@pytest.mark.usefixtures("quick")
def test_what_a_deploy_would_change_is_read_until_it_is_there(here: Deployer) -> None:
    deploy(here)
    (here.dist / "new.txt").write_text("new", "utf-8")
    describe(here.dist)

    def diff() -> list[str]:
        return deployment.diff(target.chosen(), here.dist, CHANNEL)

    for status in REMEDIES.keys() - {404}:
        here.standin.fail(NO_PREVIEW[0], status, times=1000)
        with pytest.raises(DigitlensError, match=re.escape(REMEDIES[status])):
            diff()
        here.standin.faults.clear()
    for fault in PASSING:
        here.standin.fail(NO_PREVIEW[0], **fault)  # type: ignore[arg-type]
    here.standin.pages.busy["/build.json"] = 2
    assert diff() == ["~ build.json", "+ new.txt"]
    assert [fault for fault in here.standin.faults if fault.times > 0] == []


@pytest.mark.usefixtures("quick")
def test_an_address_that_is_busy_is_asked_again(here: Deployer) -> None:
    here.standin.pages.busy |= {"/index.html": 3, "/model/manifest.json": 1}
    deploy(here)
    assert not any(here.standin.pages.busy.values())
