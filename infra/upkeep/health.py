"""What the container engine has and lacks, each finding with its remedy; nothing here is needed for --on local."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime

from infra.errors import DigitlensError
from infra.execution import engine, gpus, images
from infra.upkeep.doctor import Finding

CLOCK_SECONDS = 60
PROXY_KEYS = {"HTTP_PROXY": "HttpProxy", "HTTPS_PROXY": "HttpsProxy"}
LOOPBACK = re.compile(r"//(?:[^@/]*@)?(?:localhost|127\.|\[?::1)")


def findings() -> list[Finding]:
    """All findings; where no engine answers, only that."""
    found = [reachable()]
    if engine.answers():
        found += [client(), *(room(image) for image in images.IMAGES.values()), clock(), proxies()]
    return [*found, nvidia(engine.answers()), *([driver()] if gpus.found() else [])]


def reachable() -> Finding:
    """Whether an engine answers."""
    try:
        version = engine.connect().version()["Version"]
    except DigitlensError as error:
        return Finding("container engine", "none answers", str(error), needed=False)
    found = f"{version} at {engine.address()[1]}"
    if platform := engine.platform():
        emulated = f"images are built and run for {platform}, emulated: several times slower than --on local elsewhere"
        return Finding("container engine", found, emulated, needed=False)
    return Finding("container engine", found)


def client() -> Finding:
    """Whether there is a client that can build images."""
    try:
        return Finding("docker client", engine.builder())
    except DigitlensError as error:
        return Finding("docker client", "none with BuildKit", str(error), needed=False)


def room(image: images.Image) -> Finding:
    """Whether ``image`` is there, or can be built."""
    subject = f"image {image.name}"
    if images.has_environment(image):
        return Finding(subject, "there, or seconds away")
    free = images.free_gibibytes()
    if free is None:
        return Finding(subject, "not built; the engine's disk is not this machine's")
    found = f"not built; needs {image.gibibytes} GiB while it is, {free:.1f} are free"
    return Finding(subject, found, "" if free >= image.gibibytes else "free some: ./inv images.prune", needed=False)


def clock() -> Finding:
    """Whether the engine's clock is ours: certificates and the order of files depend on it."""
    said = re.sub(r"(\.\d{6})\d*", r"\1", engine.facts()["SystemTime"]).replace("Z", "+00:00")
    away = abs((datetime.fromisoformat(said) - datetime.now(UTC)).total_seconds())
    remedy = "" if away < CLOCK_SECONDS else "set both clocks by network time, for example `timedatectl set-ntp true`"
    return Finding("engine's clock", f"{away:.0f} s from this one", remedy, needed=False)


def proxies() -> Finding:
    """Whether a build finds the way out that this machine uses."""
    facts = engine.facts()
    own = {name: os.environ.get(name) or os.environ.get(name.lower(), "") for name in PROXY_KEYS}
    remedies = []
    for name, key in PROXY_KEYS.items():
        if own[name] and LOOPBACK.search(own[name]):
            remedies.append(
                f"{name} is this machine's loopback, which no container reaches: name the machine's address"
            )
        elif own[name] and not facts.get(key):
            remedies.append(f"the engine has no {name}: it needs one in its service's environment to fetch base images")
    used = [name for name, value in own.items() if value]
    return Finding("proxies", ", ".join(used) or "none", "; ".join(remedies), needed=False)


def driver() -> Finding:
    """Whether NVIDIA's driver runs the CUDA that the lock for GPUs has."""
    version, cuda = gpus.driver(), gpus.cuda()
    least = gpus.LEAST.get(int(cuda.partition(".")[0]), "") if cuda[:1].isdecimal() else ""
    found = f"{version or 'none answers'}; requirements/train-gpu.txt has CUDA {cuda}"
    if version and gpus.fits(version, cuda):
        return Finding("NVIDIA driver", found)
    return Finding("NVIDIA driver", found, f"install {least} or newer, or train with --gpus none", needed=False)


def nvidia(has_engine: bool) -> Finding:
    """Whether containers can use GPUs."""
    there = gpus.found()
    if not there:
        return Finding("GPUs", "none: training runs on the processor")
    if has_engine and not gpus.toolkit():
        return Finding("GPUs", f"{len(there)}, not for containers", gpus.REMEDY, needed=False)
    return Finding("GPUs", "; ".join(re.sub(r" \(UUID:.*", "", line) for line in there))
