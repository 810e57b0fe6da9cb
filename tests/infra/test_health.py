"""What the doctor says of an engine, of its disk, clock and proxies, and of GPUs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.execution import engine, gpus, images
from infra.execution.images import IMAGES
from infra.upkeep import health
from tests.infra.conftest import Inv

PROXY = "http://proxy.example.com:3128"


@pytest.fixture
def facts(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the engine says of itself; a test may change it."""
    said: dict[str, Any] = {"SystemTime": datetime.now(UTC).isoformat(), "Runtimes": {"runc": {}}}
    monkeypatch.setattr(engine, "facts", lambda: said)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    return said


def test_without_an_engine_only_that_is_said_and_the_machine_is_well(inv: Inv) -> None:
    answer = inv("doctor", DOCKER_HOST="unix:///nowhere/docker.sock")
    assert answer.returncode == 0, answer.stderr
    said = answer.stdout + answer.stderr
    assert "none answers" in said
    assert "use --on local" in said
    assert "docker client" not in said


@pytest.mark.parametrize(("minutes", "well"), [(0, True), (-3, False), (3, False)])
def test_a_clock_that_is_another_is_to_be_set(facts: dict[str, Any], minutes: float, well: bool) -> None:
    # With nanoseconds, as engines write it.
    moment = datetime.now(UTC) + timedelta(minutes=minutes)
    facts["SystemTime"] = moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "123Z"
    assert health.clock().is_well is well
    assert well or "set-ntp" in health.clock().remedy


@pytest.mark.parametrize(
    ("own", "engines", "remedy"),
    [
        ("", "", ""),
        (PROXY, PROXY, ""),
        (PROXY, "", "the engine has no HTTPS_PROXY"),
        ("http://somebody:secret@127.0.0.1:3128", PROXY, "no container reaches"),
        ("http://localhost:3128", PROXY, "no container reaches"),
    ],
)
def test_a_proxy_that_builds_cannot_use_is_named(
    facts: dict[str, Any], monkeypatch: pytest.MonkeyPatch, own: str, engines: str, remedy: str
) -> None:
    if own:
        monkeypatch.setenv("HTTPS_PROXY", own)
    facts["HttpsProxy"] = engines
    found = health.proxies()
    assert remedy in found.remedy
    assert found.is_well is not bool(remedy)
    assert "secret" not in f"{found.found}{found.remedy}"


@pytest.mark.parametrize(
    ("there", "free", "found", "well"),
    [
        (True, 0.1, "there, or seconds away", True),
        (False, 100.0, "needs 6 GiB while it is, 100.0 are free", True),
        (False, 2.0, "needs 6 GiB while it is, 2.0 are free", False),
        (False, None, "not this machine's", True),
    ],
)
def test_room_for_an_image_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, there: bool, free: float | None, found: str, well: bool
) -> None:
    monkeypatch.setattr(images, "has_environment", lambda image: there)
    monkeypatch.setattr(images, "free_gibibytes", lambda: free)
    finding = health.room(IMAGES["train"])
    assert found in finding.found
    assert finding.is_well is well
    assert well or "./inv images.prune" in finding.remedy


def test_gpus_that_containers_cannot_use_need_the_toolkit(
    facts: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpus, "TOOLKIT", ("no-such-program",))
    monkeypatch.setattr(gpus, "found", lambda: [])
    assert health.nvidia(True).is_well
    monkeypatch.setattr(gpus, "found", lambda: ["GPU 0: NVIDIA H100 (UUID: GPU-1)"])
    assert health.nvidia(True).remedy == gpus.REMEDY
    facts["Runtimes"]["nvidia"] = {}
    finding = health.nvidia(True)
    assert finding.is_well
    assert finding.found == "GPU 0: NVIDIA H100"


@pytest.mark.parametrize(("version", "well"), [("570.86.15", True), ("470.256.02", False), ("", False)])
def test_a_driver_older_than_the_locks_cuda_is_to_be_raised(
    monkeypatch: pytest.MonkeyPatch, version: str, well: bool
) -> None:
    monkeypatch.setattr(gpus, "driver", lambda: version)
    finding = health.driver()
    assert finding.is_well is well
    assert not finding.needed or well
    assert gpus.cuda() in finding.found
    assert well or gpus.LEAST[int(gpus.cuda().partition(".")[0])] in finding.remedy
