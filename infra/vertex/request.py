"""What Vertex AI is asked for a training: a custom job of our image, its files in a bucket.

https://cloud.google.com/vertex-ai/docs/reference/rest/v1/CustomJobSpec. Vertex mounts buckets below /gcs and tells the
workers of each other by TF_CONFIG: the first pool's is called chief there, those of the second workers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from infra.errors import UsageError
from infra.execution.steps import Step
from infra.models.stores import SCHEME
from infra.settings import Settings

MOUNT = "/gcs"
BY_DIGEST = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}")
DAYS = 7
"""After which Vertex ends a job that still runs."""


@dataclass(frozen=True)
class Offer:
    """Where trainings run, and on what."""

    project: str
    region: str
    bucket: str
    """gs://BUCKET/PREFIX"""
    image: str
    machine: str
    accelerator: str
    workers: int


def offer(found: Settings) -> Offer:
    """What the settings say. Raises UsageError for what is missing or can't be used."""
    wanted = {
        "[hosting] project": found.hosting.project,
        "[vertex] region": found.vertex.region,
        "[vertex] bucket": found.vertex.bucket,
        "[vertex] image": found.vertex.image,
    }
    if missing := [name for name, value in wanted.items() if not value]:
        raise UsageError(f"--on vertex needs {', '.join(missing)} in digitlens.toml; see docs/scaling.md")
    if not BY_DIGEST.fullmatch(found.vertex.image):
        raise UsageError(
            f"[vertex] image: {found.vertex.image}: name it by its digest, REPOSITORY@sha256:…, so that all workers "
            "run the same; ./inv images.publish says it"
        )
    one = found.vertex
    return Offer(found.hosting.project, one.region, one.bucket, one.image, one.machine, one.accelerator, one.workers)


def name(step: Step) -> str:
    """What the job is called, and its folder in the bucket: of the run, and of all that decides what comes out."""
    run = re.sub("[^a-z0-9]+", "-", step.output.parent.name.lower()).strip("-")
    return f"digitlens-{run}-{step.fingerprint()[:16]}"


def files(step: Step) -> dict[str, Path]:
    """The files that the step reads, by their names below its folder in the bucket."""
    found = {}
    for number, path in enumerate(_carried(step)):
        every = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
        for file in every:
            inside = file.name if path.is_file() else file.relative_to(path).as_posix()
            found[f"inputs/{number}/{inside}"] = file
    return found


def _carried(step: Step) -> list[Path]:
    """What is sent: inputs, and folders of those that are read with what lies beside them."""
    chosen = [path.parent if flag in step.companions else path for flag, path in step.inputs.items()]
    return list(dict.fromkeys(chosen))


def body(step: Step, given: Offer) -> dict[str, Any]:
    """The custom job."""
    place = PurePosixPath(MOUNT) / given.bucket.removeprefix(SCHEME) / name(step)
    carried = _carried(step)
    words = ["-m", step.module]
    for flag, path in step.inputs.items():
        whole = path.parent if flag in step.companions else path
        inside = place / "inputs" / str(carried.index(whole))
        words.append(f"--{flag}={inside if path.is_dir() else inside / path.name}")
    args = [*words, *step.words(), f"--out={place / 'out'}"]
    container: dict[str, Any] = {"imageUri": given.image, "args": args}
    machine: dict[str, Any] = {"machineType": given.machine}
    if given.accelerator:
        machine |= {"acceleratorType": given.accelerator, "acceleratorCount": 1}
        container["env"] = [{"name": "TRAINING_GPUS", "value": "all"}]
    # The first worker judges and writes: Vertex wants it in a pool of its own.
    counts = [1, given.workers - 1] if given.workers > 1 else [1]
    return {
        "displayName": name(step),
        "labels": {"made-by": "digitlens"},
        "jobSpec": {
            "workerPoolSpecs": [
                {"machineSpec": machine, "replicaCount": str(count), "containerSpec": container} for count in counts
            ],
            "scheduling": {"timeout": f"{DAYS * 86400}s", "restartJobOnWorkerRestart": True},
        },
    }
