"""What Google and the network refuse, and what is said of it."""

from __future__ import annotations

import json
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.errors import ServiceError, TransientError
from infra.hosting import channels, credentials, deployment, firebase, patience, refusals
from infra.hosting.releases import Api, Channel
from infra.hosting.target import Target

TARGET = Target("my-project", "my-site")


@pytest.mark.parametrize(
    ("status", "message", "remedy"),
    [
        (429, "Couldn't create channel: channel quota reached", "deploy.prune"),
        (429, "channel quota exceeded", "deploy.prune"),
        (429, "You have reached the limit of channels", "deploy.prune"),
        (403, "The API requires a quota project, which is not set by default.", "set-quota-project my-project"),
        (
            403,
            "Firebase Hosting API has not been used in project 1 before or it is disabled.",
            "gcloud services enable",
        ),
        (403, "Firebase Tos Not Accepted", "console.firebase.google.com"),
        (403, "The caller does not have permission", "roles/firebasehosting.admin"),
        (404, "Requested entity was not found.", "no site my-site"),
    ],
)
def test_what_will_not_pass_is_final_and_has_a_remedy(status: int, message: str, remedy: str) -> None:
    error = refusals.error_for(status, message, TARGET)
    assert not isinstance(error, TransientError)
    assert message in str(error)
    assert remedy in str(error)


@pytest.mark.parametrize(
    ("status", "message"), [(429, "Quota exceeded for quota metric 'Requests'"), (503, ""), (500, "x")]
)
def test_what_may_pass_is_tried_again(status: int, message: str) -> None:
    assert isinstance(refusals.error_for(status, message, TARGET), TransientError)


@pytest.mark.parametrize(
    "said",
    [
        "unable to verify the first certificate",
        "self-signed certificate in certificate chain",
        "self signed certificate",
        "unable to get local issuer certificate",
        "certificate has expired",
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate is not yet valid (_ssl.c:1006)",
    ],
)
def test_a_certificate_that_nobody_trusts_is_final_and_names_both_worlds(said: str) -> None:
    done = subprocess.CompletedProcess([], 1, '{\n  "status": "error",\n  "error": "Failed to authenticate"\n}')
    with pytest.raises(ServiceError) as client:
        firebase._result(done, TARGET, f"[debug] FetchError: reason: {said}\n")
    python = refusals.silent_tokens(OSError(said))
    for error in (client.value, python):
        assert not isinstance(error, TransientError)
        for words in ("REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "clock"):
            assert words in str(error)


def test_the_last_real_answer_is_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    answers = iter([TransientError("503 from Google: overloaded"), *[TransientError("silence", is_silence=True)] * 50])

    def ask(_: float) -> None:
        raise next(answers)

    with pytest.raises(ServiceError, match=r"(?s)given up.*503 from Google: overloaded"):
        patience.persist("asking", ask, 3.0)


def channel(name: str, day: datetime) -> Channel:
    return Channel(name, "https://x", None, day.isoformat(), None)


def test_pruning_goes_by_googles_clock() -> None:
    api = Api(TARGET)
    api._said = "Fri, 27 Nov 2026 12:00:00 GMT"
    now = datetime(2026, 11, 27, 12, tzinfo=UTC)
    assert api.now() == now
    there = [channel("pr-1", now - timedelta(hours=1)), channel("pr-2", now - timedelta(days=15))]
    # Whatever this machine's clock says.
    assert [one.name for one in channels.older_than(there, timedelta(days=14), api.now())] == ["pr-2"]


@pytest.mark.parametrize("kind", ["authorized_user", "service_account", "external_account", ""])
def test_only_a_persons_login_needs_a_project_to_count_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    file = tmp_path / "application_default_credentials.json"
    file.write_text(json.dumps({"type": kind} if kind else {}), "utf-8")
    monkeypatch.delenv(credentials.VARIABLE, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    assert credentials._kind() == kind
    monkeypatch.setenv(credentials.VARIABLE, str(tmp_path / "gone"))
    assert credentials._kind() == ""


@pytest.mark.parametrize("home", ["/proc/nowhere", "file"])
def test_a_cache_that_cannot_be_written_is_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: str
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / home))
    ran = []
    with deployment.one_at_a_time(TARGET):
        ran.append(1)
    assert ran == [1]
    assert "note: no lock" in capsys.readouterr().err
    with pytest.raises(OSError, match="mine"), deployment.one_at_a_time(TARGET):
        raise OSError("mine")
