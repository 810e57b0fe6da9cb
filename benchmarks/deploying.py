"""What deploys cost, against the tests' stand-in for Google on loopback.

In the host environment:

    PYTHONPATH=. .environments/host/bin/python -m benchmarks.deploying
"""

from __future__ import annotations

import json
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.certificate import make
from infra.settings import ROOT
from tests.hosting import google
from tests.hosting.conftest import Deployer, describe, environment_of

REPEATS = 5
FILES = 200
BYTES = 100_000


def seconds(work: Callable[[], object], repeats: int) -> dict[str, float]:
    """How long ``work`` takes: the least, the median, and what of it a processor was needed for."""
    taken = []
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(repeats):
        start = time.monotonic()
        work()
        taken.append(time.monotonic() - start)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / repeats
    found = {"min": min(taken), "median": statistics.median(taken), "processor": processor}
    return {name: round(value, 2) for name, value in found.items()}


def main() -> None:
    """Measure, and print the figures as JSON."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certificate = make(folder)
        standin, close = google.start(certificate.chain)
        deployer = Deployer(standin, folder, ROOT, environment_of(standin, certificate, folder))
        deployer.environment["DIGITLENS_HOSTING_BUDGET_MB"] = "30"
        try:
            deployer.build()
            deployer.preview()
            figures: dict[str, object] = {
                "a deploy without changes, s": seconds(deployer.preview, REPEATS),
                "deploy.list, s": seconds(lambda: deployer.inv("deploy.list"), REPEATS),
            }
            noise = random.Random(1)
            for number in range(FILES):
                (deployer.dist / f"photo-{number}.bin").write_bytes(noise.randbytes(BYTES))
            describe(deployer.dist)
            deployer.smoke("smoke", str(deployer.dist))
            figures[f"a deploy of {FILES} new files, {FILES * BYTES / 1e6:.0f} MB, s"] = seconds(deployer.preview, 1)
            figures["calls under way at once, at most"] = standin.most_together
        finally:
            close()
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
