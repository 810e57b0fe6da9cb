"""Manifests for Kubernetes are what the published schemas of Job and JobSet take, nothing passed over."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.errors import UsageError
from infra.execution import environments
from infra.execution.steps import Step
from infra.kubernetes import manifest
from infra.kubernetes.manifest import Pods
from infra.settings import ROOT

IMAGE = f"registry.example/digitlens/train@sha256:{'0' * 64}"
CHECK = """
import json, sys
from kubeflow_trainer_api import models
for name, document in json.load(sys.stdin):
    # What a model doesn't know it passes over: what comes back has to be what went in.
    found = json.loads(getattr(models, name).from_dict(document).to_json())
    assert found == document, (found, document)
"""
POD = "IoK8sApiCoreV1PodTemplateSpec"
RAY_JOB = {
    "entrypoint",
    "shutdownAfterJobFinishes",
    "ttlSecondsAfterFinished",
    "backoffLimit",
    "rayClusterSpec",
}
"""Fields of a RayJob's spec that are used, from KubeRay's definition; it has no models in the package index."""


def step(**more: Any) -> Step:
    """A step of a run."""
    run = ROOT / "runs" / "mine"
    inputs = {"config": run / "plan" / "config.yaml", "images": Path("/photos of mine/images")}
    return Step("records", "train", "training.data.records", run / "records", inputs, {"skip-bad": True}, **more)


@pytest.fixture
def pieces() -> Step:
    """A step that can be divided."""
    return step(shards=8)


@pytest.fixture
def gang() -> Step:
    """A training."""
    return step(gang=1)


def documents(text: str) -> list[Any]:
    """The manifests of a file."""
    return list(yaml.safe_load_all(text))


def hold(*named: tuple[str, Any]) -> None:
    """Hold documents to the models of their names."""
    overlay = environments.ensure("kubernetes").folder
    done = subprocess.run(
        [sys.executable, "-c", CHECK],
        input=json.dumps(named),
        env={**os.environ, "PYTHONPATH": str(overlay)},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def run_shell(pod: Mapping[str, Any], index: int, python: str) -> str:
    """What a container's command does, with ``python`` in the place of Python."""
    (container,) = pod["spec"]["containers"]
    script = container["args"][0].replace("exec python", python)
    done = subprocess.run(
        ["sh", "-c", script],
        env={**os.environ, "JOB_COMPLETION_INDEX": str(index)},
        text=True,
        capture_output=True,
        check=True,
    )
    return done.stdout


def test_a_job_makes_pieces_and_another_their_joint(pieces: Step) -> None:
    job, joint = documents(manifest.make("job", pieces, 3, Pods(IMAGE, "photos", cpus=4)))
    hold(("IoK8sApiBatchV1Job", job), ("IoK8sApiBatchV1Job", joint))
    assert (job["spec"]["completions"], job["spec"]["parallelism"]) == (8, 3)
    said = shlex.split(run_shell(job["spec"]["template"], 7, "printf '%s\\n'"))
    assert said[1] == "training.data.records"
    assert {"--shard=8/8", "/work/runs/mine/records.pieces/8-of-8", "--skip-bad"} <= set(said)
    assert "--config=/work/runs/mine/plan/config.yaml" in said
    assert "--parts=/work/runs/mine/records.pieces" in joint["spec"]["template"]["spec"]["containers"][0]["args"][0]


def test_a_job_set_tells_each_worker_of_the_others(gang: Step) -> None:
    (job_set,) = documents(manifest.make("jobset", gang, 2, Pods(IMAGE, "photos", gpus=1)))
    hold(("JobsetV1alpha2JobSet", job_set))
    pod = job_set["spec"]["replicatedJobs"][0]["template"]["spec"]["template"]
    config = json.loads(run_shell(pod, 1, "echo $TF_CONFIG; :"))
    # JobSet names pods so: job set, replicated job, its number, index; and the subdomain.
    hosts = [f"digitlens-records-worker-0-{index}.digitlens-records:7000" for index in range(2)]
    assert config == {"cluster": {"worker": hosts}, "task": {"type": "worker", "index": 1}}
    assert pod["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == 1


@pytest.mark.parametrize("shape", ["pieces", "gang"])
def test_a_ray_job_brings_its_requests(shape: str, request: pytest.FixtureRequest) -> None:
    chosen: Step = request.getfixturevalue(shape)
    settings, job = documents(manifest.make("rayjob", chosen, 2, Pods(IMAGE, "photos")))
    assert set(job["spec"]) <= RAY_JOB
    cluster = job["spec"]["rayClusterSpec"]
    assert f"ray=={cluster['rayVersion']}" in (ROOT / "requirements" / "ray.txt").read_text()
    hold((POD, cluster["headGroupSpec"]["template"]), (POD, cluster["workerGroupSpecs"][0]["template"]))
    asked = [json.loads(line) for line in settings["data"]["requests.jsonl"].splitlines()]
    assert [one["kind"] for one in asked] == (["pieces", "gang"] if shape == "pieces" else ["gang"])
    assert asked[-1]["out"] == "/work/runs/mine/records"


def test_what_can_not_be_is_refused(pieces: Step, gang: Step) -> None:
    pods = Pods(IMAGE, "photos")
    with pytest.raises(UsageError, match="can't be made in pieces: --kind jobset"):
        manifest.make("job", gang, 2, pods)
    with pytest.raises(UsageError, match="is made in pieces: --kind job"):
        manifest.make("jobset", pieces, 2, pods)
    with pytest.raises(UsageError, match="name it by its digest"):
        manifest.make("job", pieces, 2, Pods("digitlens/train:latest", "photos"))
