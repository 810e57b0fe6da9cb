"""How fast photos are packed, and in how much memory.

    .environments/train/bin/python -m benchmarks.records --images DIR --annotations FILE

Targets: the 11,751 SVHN photos in at most 30 s, start of TensorFlow included, below 1 GB.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONFIG = Path("training/configs/digits.yaml")


def main() -> None:
    """Print photos, seconds and peak memory as JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--annotations", type=Path, required=True)
    parser.add_argument("--config", type=Path, default=CONFIG)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "records"
        arguments = {
            "config": options.config,
            "images": options.images,
            "annotations": options.annotations,
            "out": out,
        }
        flags = [word for name, value in arguments.items() for word in (f"--{name}", str(value))]
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "training.data.records", *flags], check=True, capture_output=True)
        seconds = time.perf_counter() - started
        photos = json.loads((out / "manifest.json").read_text())["photos"]
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    print(json.dumps({"photos": photos, "seconds": seconds, "peak_bytes": peak}, indent=1))


if __name__ == "__main__":
    main()
