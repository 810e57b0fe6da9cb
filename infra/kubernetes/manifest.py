"""Steps as manifests for Kubernetes: an Indexed Job for pieces, a JobSet for trainings, a RayJob for either.

What a step reads and writes is on one volume that all pods mount, below `PLACE` as it is below the repository here.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from infra import pages
from infra.errors import UsageError
from infra.execution.steps import Step
from infra.settings import ROOT

Kind = Literal["job", "jobset", "rayjob"]
KINDS: tuple[Kind, ...] = get_args(Kind)
TEMPLATES = Path(__file__).parent
PLACE = "/work"
PORT = 7000
RAY = re.compile(r"^ray==(\S+)", re.MULTILINE)
BY_DIGEST = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Pods:
    """What each pod is given."""

    image: str
    claim: str
    cpus: int = 2
    memory: str = "4Gi"
    gpus: int = 0


def make(kind: Kind, step: Step, count: int, pods: Pods) -> str:
    """The manifest of ``step``, by ``count`` pods at once.

    Raises:
        UsageError: the step hasn't that shape, or the image isn't named by its digest.
    """
    if not BY_DIGEST.fullmatch(pods.image):
        raise UsageError(
            f"--image {pods.image}: name it by its digest, REPOSITORY@sha256:…, so that all pods run the same"
        )
    if kind == "job" and not step.shards:
        raise UsageError(f"{step.name} can't be made in pieces: --kind jobset, or another --step")
    if kind == "jobset" and not step.gang:
        raise UsageError(f"{step.name} is made in pieces: --kind job, or --step train")
    places = {path: _place(path) for path in {*step.inputs.values(), *step.named}}
    inputs = {flag: places[path] for flag, path in step.inputs.items()}
    words = ["-m", step.module, *(f"--{flag}={path}" for flag, path in inputs.items()), *step.words()]
    name = f"digitlens-{re.sub('[^a-z0-9]+', '-', step.name.lower())}"
    out = _place(step.output)
    return pages.fill(
        TEMPLATES / f"manifest.{kind}.yaml.j2",
        name=name,
        step=step.name,
        count=step.shards if kind == "job" else count,
        parallelism=min(count, step.shards),
        claim=pods.claim,
        copied=sorted((str(path), place) for path, place in places.items()),
        pod=_lines(
            {"volumes": [{"name": "work", "persistentVolumeClaim": {"claimName": pods.claim}}]},
            6,
            {"securityContext": {"fsGroup": 10001}},
        ),
        container=_lines({"image": pods.image, "resources": _resources(pods), "volumeMounts": _MOUNTS}, 10),
        words=shlex.join(words),
        parts=f"{out}.pieces",
        out=out,
        port=PORT,
        addresses=", ".join(rf"\"{name}-worker-0-{index}.{name}:{PORT}\"" for index in range(count)),
        ray=_ray(),
        requests=[json.dumps(request) for request in _requests(step, inputs, out, count)],
    )


_MOUNTS = [{"name": "work", "mountPath": PLACE}]


def _resources(pods: Pods) -> dict[str, Any]:
    """What a pod may use; the same is asked for, so that it isn't moved on."""
    what = {"cpu": str(pods.cpus), "memory": pods.memory, **({"nvidia.com/gpu": pods.gpus} if pods.gpus else {})}
    return {"requests": what, "limits": what}


def _lines(values: Mapping[str, Any], indent: int, first: Mapping[str, Any] | None = None) -> str:
    """Values as YAML in ``indent``; the last key's list goes on where a template adds to it."""
    every = {**(first or {}), **values}
    return "\n".join(f"{' ' * indent}{line}" for line in _yaml(every))


def _yaml(values: Any) -> list[str]:
    """Mappings and lists as lines; what is in them in JSON, which YAML holds."""
    lines = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            lines += [f"{key}:", *(f"  {line}" for line in _yaml(value))]
        elif isinstance(value, list):
            lines.append(f"{key}:")
            for item in value:
                first, *rest = _yaml(item)
                lines += [f"  - {first}", *(f"    {line}" for line in rest)]
        else:
            lines.append(f"{key}: {json.dumps(value)}")
    return lines


def _place(path: Path) -> str:
    """Where a file of this machine is in the pods."""
    inside = path.relative_to(ROOT) if path.is_relative_to(ROOT) else Path("inputs") / path.relative_to("/")
    return f"{PLACE}/{inside.as_posix()}"


def _requests(step: Step, inputs: Mapping[str, str], out: str, count: int) -> list[dict[str, Any]]:
    """What the driver is asked in the cluster: the pieces and their joint, or a gang."""
    common: dict[str, Any] = {
        "module": step.module,
        "environment": step.environment,
        "words": step.words(),
        "code": None,
        "lock": None,
    }
    common |= {"inputs": dict(inputs), "carried": dict.fromkeys(inputs.values(), ""), "name": step.name}
    if step.gang:
        return [{"id": 1, "kind": "gang", "workers": count, "out": out, **common}]
    pieces = {"kind": "pieces", "pieces": step.shards, "todo": [*range(1, step.shards + 1)], "out": f"{out}.pieces"}
    joining = {**common, "inputs": {**inputs, "parts": f"{out}.pieces"}}
    joining["carried"] = dict.fromkeys(joining["inputs"].values(), "")
    return [{"id": 1, **common, **pieces}, {"id": 2, "kind": "gang", "workers": 1, "out": out, **joining}]


def _ray() -> str:
    found = RAY.search((ROOT / "requirements" / "ray.txt").read_text("utf-8"))
    assert found
    return found[1]
