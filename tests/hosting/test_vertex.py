"""Trainings on Vertex AI: a stand-in that takes only what the reference has, beside a real storage emulator."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from firebase_admin import storage

from benchmarks.certificate import Certificate
from infra import settings as infra_settings
from infra.errors import ServiceError, UsageError
from infra.execution.steps import Step
from infra.hosting import credentials
from infra.vertex import request, runner
from tests.hosting import google
from tests.hosting.conftest import BUCKET, Deployer
from tests.hosting.loopback import Answer, Request, Server
from tests.hosting.tokens import Refusal

REGION = "europe-west4"
IMAGE = f"europe-docker.pkg.dev/p/r/train@sha256:{'0' * 64}"
JOBS = f"/v1/projects/{google.PROJECT}/locations/{REGION}/customJobs"


@dataclass
class Service:
    """Custom jobs; ``states`` are those that a job has when it is asked for, one after the other."""

    require: Callable[[Request], Any]
    states: list[str] = field(default_factory=lambda: ["PENDING", "RUNNING", "SUCCEEDED"])
    faults: list[int] = field(default_factory=list)
    jobs: list[dict[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    work: Callable[[dict[str, Any]], None] = lambda _: None
    """what a job does before it has succeeded"""

    def handle(self, asked: Request) -> Answer:
        try:
            self.require(asked)
            self.calls.append(f"{asked.method} {asked.path.removeprefix(JOBS)}")
            if self.faults:
                raise Refusal(self.faults.pop(0), "No")
            return _json(200, self._route(asked))
        except Refusal as refusal:
            if refusal.violation:
                self.violations.append(str(refusal))
            return _json(refusal.status, {"error": {"code": refusal.status, "message": str(refusal)}})

    def _route(self, asked: Request) -> dict[str, Any]:
        one = re.fullmatch(rf"{JOBS}/(\d+)(:cancel)?", asked.path)
        if asked.method == "POST" and asked.path == JOBS:
            job = checked(json.loads(asked.body))
            self.jobs.append(job | {"name": f"{JOBS.removeprefix('/v1/')}/{len(self.jobs)}"} | self._state())
            return self.jobs[-1]
        if asked.method == "GET" and asked.path == JOBS:
            [name] = re.findall(r'^displayName="(.+)"$', asked.query["filter"])
            found = [job for job in self.jobs if job["displayName"] == name]
            return {"customJobs": found} if found else {}
        if asked.method == "GET" and one and not one[2]:
            job = self.jobs[int(one[1])]
            job.update(self._state())
            if job["state"] == "JOB_STATE_SUCCEEDED":
                self.work(job)
            return job
        if asked.method == "POST" and one and one[2] and json.loads(asked.body) == {}:
            self.jobs[int(one[1])]["state"] = "JOB_STATE_CANCELLED"
            return {}
        raise Refusal(404, f"no such call: {asked.method} {asked.path}", violation=True)

    def _state(self) -> dict[str, Any]:
        state = f"JOB_STATE_{self.states.pop(0) if len(self.states) > 1 else self.states[0]}"
        failed = {"error": {"message": "Replica workerpool0-0 exited with code 1"}}
        return {"state": state, **(failed if state.endswith("FAILED") else {})}


SHAPE: dict[str, Any] = {
    "displayName": str,
    "labels": {"made-by": str},
    "jobSpec": {
        "workerPoolSpecs": [
            {
                "machineSpec": {"machineType": str, "acceleratorType?": str, "acceleratorCount?": int},
                "replicaCount": str,
                "containerSpec": {"imageUri": str, "args": [str], "env?": [{"name": str, "value": str}]},
            }
        ],
        "scheduling": {"timeout": str, "restartJobOnWorkerRestart": bool},
    },
}
"""Of a request; int64 and durations are text in Google's JSON."""


def checked(found: Any, shape: Any = SHAPE, where: str = "") -> Any:
    """``found`` if it has ``shape``, nothing less and nothing more."""
    if isinstance(shape, dict):
        needed = {key for key in shape if not key.endswith("?")}
        allowed = {key.removesuffix("?"): inner for key, inner in shape.items()}
        if not isinstance(found, dict) or not needed <= set(found) <= set(allowed):
            raise Refusal(400, f"{where}: {found}", violation=True)
        for key, value in found.items():
            checked(value, allowed[key], f"{where}.{key}")
    elif isinstance(shape, list):
        for one in found:
            checked(one, shape[0], f"{where}[]")
    elif type(found) is not shape:
        raise Refusal(400, f"{where}: {found!r}", violation=True)
    return found


def _json(status: int, content: object) -> Answer:
    return Answer(status, json.dumps(content).encode(), {"Content-Type": "application/json"})


@pytest.fixture
def service(
    here: Deployer, bucket: str, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Service]:
    monkeypatch.setattr(runner, "POLL_SECONDS", 0.0)
    found = Service(here.standin.tokens.require)
    server = Server(certificate.chain, found.handle)
    told = {"region": REGION, "bucket": bucket, "image": IMAGE, "endpoint": server.address}
    for key, value in told.items():
        monkeypatch.setenv(f"DIGITLENS_VERTEX_{key.upper()}", value)
    infra_settings.settings.cache_clear()
    yield found
    server.close()
    assert found.violations == []


@pytest.fixture
def step(tmp_path: Path) -> Step:
    """A training whose inputs are a folder, and a file with a companion."""
    records, start = tmp_path / "runs" / "Red Pandas" / "records", tmp_path / "start"
    for file in (records / "manifest.json", records / "train" / "0.tfrecord", start / "w.index", start / "w.data"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(file.name)
    (records.parent / "config.yaml").write_text("name: pandas\n")
    return Step(
        "train",
        "train",
        "training.loop.train",
        records.with_name("checkpoints"),
        {"config": records.parent / "config.yaml", "records": records, "from": start / "w.index"},
        labels={"commit": "abc"},
        companions=("from",),
        gang=1,
    )


def writes(names: dict[str, str], step: Step) -> Callable[[dict[str, Any]], None]:
    """A job that writes files where it was told to."""

    def work(job: dict[str, Any]) -> None:
        args = job["jobSpec"]["workerPoolSpecs"][0]["containerSpec"]["args"]
        out = next(word for word in args if word.startswith("--out=")).removeprefix(f"--out=/gcs/{BUCKET}/")
        assert out == f"digits/{request.name(step)}/out"
        for name, text in names.items():
            blob(f"{out}/{name}").upload_from_string(text)

    return work


def blob(name: str) -> Any:
    return storage.bucket(BUCKET, credentials.app()).blob(name)


def test_a_training_is_sent_asked_for_and_fetched(service: Service, step: Step, tmp_path: Path) -> None:
    service.work = writes({"checkpoint": "c", "config.yaml": "y", "tb/events": "e"}, step)
    runner.offered().run(step)
    assert (step.output / "checkpoint").read_text() == "c"
    assert (step.output / "tb" / "events").read_text() == "e"
    [job] = service.jobs
    assert job["displayName"].startswith("digitlens-red-pandas-")
    place = f"/gcs/{BUCKET}/digits/{job['displayName']}"
    [pool] = job["jobSpec"]["workerPoolSpecs"]
    assert pool["machineSpec"] == {"machineType": "n1-standard-8"}
    assert pool["containerSpec"]["imageUri"] == IMAGE
    assert pool["containerSpec"]["args"] == [
        "-m",
        "training.loop.train",
        f"--config={place}/inputs/0/config.yaml",
        f"--records={place}/inputs/1",
        f"--from={place}/inputs/2/w.index",
        "--commit=abc",
        f"--out={place}/out",
    ]
    # What the words name is there, with its companion.
    for name in ("0/config.yaml", "1/manifest.json", "1/train/0.tfrecord", "2/w.index", "2/w.data"):
        assert blob(f"digits/{job['displayName']}/inputs/{name}").exists(), name


def test_workers_are_pools_with_an_accelerator_each(service: Service, step: Step, monkeypatch: Any) -> None:
    monkeypatch.setenv("DIGITLENS_VERTEX_WORKERS", "4")
    monkeypatch.setenv("DIGITLENS_VERTEX_ACCELERATOR", "NVIDIA_TESLA_T4")
    infra_settings.settings.cache_clear()
    first, others = checked(json.loads(runner.offered().shown(step))["customJob"])["jobSpec"]["workerPoolSpecs"]
    assert (first["replicaCount"], others["replicaCount"]) == ("1", "3")
    assert first["machineSpec"] == others["machineSpec"]
    assert first["machineSpec"]["acceleratorCount"] == 1
    assert first["containerSpec"]["env"] == [{"name": "TRAINING_GPUS", "value": "all"}]
    assert service.calls == []


def test_a_job_that_still_runs_is_waited_for(service: Service, step: Step) -> None:
    offered = runner.offered()
    service.jobs.append(
        {"name": f"{JOBS.removeprefix('/v1/')}/0", "displayName": request.name(step), "state": "JOB_STATE_RUNNING"}
    )
    service.states = ["SUCCEEDED"]
    blob(f"digits/{request.name(step)}/out/checkpoint").upload_from_string("c")
    offered.run(step)
    assert f"POST {JOBS.removeprefix(JOBS)}" not in service.calls
    assert (step.output / "checkpoint").exists()


def test_an_interruption_cancels_the_job(service: Service, step: Step, monkeypatch: Any) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("infra.vertex.runner.time.sleep", interrupted)
    with pytest.raises(KeyboardInterrupt):
        runner.offered().run(step)
    assert service.calls[-1] == "POST /0:cancel"
    assert not step.output.exists()


@pytest.mark.parametrize("state", ["FAILED", "EXPIRED", "CANCELLED"])
def test_a_job_that_fails_says_why_and_where_its_log_is(service: Service, step: Step, state: str) -> None:
    service.states = ["RUNNING", state]
    with pytest.raises(ServiceError, match=rf"/locations/{REGION}/training/0\?project={google.PROJECT}") as caught:
        runner.offered().run(step)
    assert ("exited with code 1" in str(caught.value)) == (state == "FAILED")
    assert not step.output.exists()


def test_a_job_that_leaves_nothing_is_no_training(service: Service, step: Step) -> None:
    with pytest.raises(ServiceError, match="left nothing"):
        runner.offered().run(step)


@pytest.mark.parametrize(
    ("status", "words"),
    [(403, "aiplatform.user"), (429, "quota"), (400, "accelerator"), (404, "region"), (418, "docs")],
)
def test_a_refusal_says_what_to_do(service: Service, step: Step, status: int, words: str) -> None:
    service.faults = [status]
    with pytest.raises(ServiceError, match=words):
        runner.offered().run(step)


def test_an_answer_that_fails_for_a_while_is_asked_for_again(service: Service, step: Step) -> None:
    service.work = writes({"checkpoint": "c"}, step)
    service.faults = [503]
    runner.offered().run(step)
    assert (step.output / "checkpoint").exists()


@pytest.mark.parametrize("key", ["region", "bucket", "image"])
def test_what_the_settings_lack_is_named(service: Service, key: str, monkeypatch: Any) -> None:
    monkeypatch.setenv(f"DIGITLENS_VERTEX_{key.upper()}", "")
    infra_settings.settings.cache_clear()
    with pytest.raises(UsageError, match=rf"\[vertex\] {key}"):
        runner.offered()


def test_an_image_by_name_alone_is_refused(service: Service, monkeypatch: Any) -> None:
    monkeypatch.setenv("DIGITLENS_VERTEX_IMAGE", "train:latest")
    infra_settings.settings.cache_clear()
    with pytest.raises(UsageError, match="digest"):
        runner.offered()


def test_the_task_says_what_does_not_go_together(service: Service, here: Deployer) -> None:
    for key, value in (("REGION", REGION), ("IMAGE", IMAGE), ("BUCKET", f"gs://{BUCKET}/digits")):
        here.environment[f"DIGITLENS_VERTEX_{key}"] = value
    here.inv("train", "--on", "local", "--dry-run", code=2)
    assert "--dry-run needs --on vertex" in here.complaint
    here.inv("train", "--on", "vertex", "--workers", "2", code=2)
    assert "--workers doesn't go together with --on vertex" in here.complaint
    here.inv("train", "--on", "vertex", "--no-resume", code=2)
    assert "--no-resume" in here.complaint
    assert service.calls == []
