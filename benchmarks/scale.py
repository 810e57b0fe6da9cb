"""Checking and packing many photos, and reading a large file of labels: seconds and memory.

    .environments/train/bin/python -m benchmarks.scale --photos 100000 [--kind camera|scenes] [--step check,records]
    .environments/train/bin/python -m benchmarks.scale --coco 500

Photos are drawn for it: of one fixed camera before which something moves, or each of another scene; 100,000 take about
1 GB. Targets: below 1.5 GB of memory, time in proportion to the photos; COCO JSON in at most 1.5 times what json.load
takes. Measured with 100,000 photos of one camera: records 153 s of a processor, 752 MB (10,000: 14 s, 141 MB); with
511 MB of COCO JSON: 1.14 times.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from training.parallel import in_order

SIZE = 240, 180
CONFIG = """
name: scale
classes: ["1", "2", "3"]
input: {height: 192, width: 192}
"""
POLYGON = 24
"""Points of an object's outline."""


def draw_photos(folder: Path, count: int, kind: str) -> Path:
    """Photos and their labels; returns the labels."""
    (folder / "images").mkdir()
    rng = np.random.default_rng(1)
    yard = _scene(rng)

    def draw(number: int) -> list[str]:
        own = np.random.default_rng([1, number])
        image = (yard if kind == "camera" else _scene(own)).copy()
        rows = []
        for _ in range(2):
            left, top = (int(own.integers(0, side - 30)) for side in SIZE)
            image.paste(tuple(int(level) for level in own.integers(0, 256, 3)), (left, top, left + 20, top + 28))
            name = f"p{number}.jpg,{SIZE[0]},{SIZE[1]},{own.integers(1, 4)}"
            rows.append(f"{name},{left},{top},{left + 20},{top + 28}")
        image.save(folder / "images" / f"p{number}.jpg", quality=70)
        return rows

    rows = [row for some in in_order(draw, range(count)) for row in some]
    labels = folder / "labels.csv"
    labels.write_text("\n".join(["filename,width,height,class,xmin,ymin,xmax,ymax", *rows]) + "\n")
    return labels


def _scene(rng: np.random.Generator) -> Image.Image:
    return Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8)).resize(SIZE, Image.Resampling.BICUBIC)


def run_step(module: str, folder: Path, labels: Path) -> dict[str, float]:
    """Seconds, those of processors, and peak memory of a step in a process of its own."""
    config = folder / "config.yaml"
    config.write_text(CONFIG)
    given = {"config": config, "images": folder / "images", "annotations": labels, "out": folder / module}
    flags = [word for name, value in given.items() for word in (f"--{name}", str(value))]
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", module, *flags], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{module} failed")
    return {
        "seconds": round(time.perf_counter() - started, 1),
        "processor_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_bytes": used.ru_maxrss * 1024,
    }


def write_coco(path: Path, megabytes: float) -> None:
    """COCO JSON of about that size, with polygons."""
    rng = np.random.default_rng(2)
    photos = 0
    annotations: list[str] = []
    size = 0
    while size < megabytes * 1e6:
        photos += 1
        for _ in range(7):
            x, y, width, height = (
                round(float(value), 2) for value in (*rng.uniform(0, 400, 2), *rng.uniform(9, 99, 2))
            )
            outline = np.round(rng.uniform(0, 1, (POLYGON, 2)) * (width, height) + (x, y), 2).ravel().tolist()
            annotations.append(
                json.dumps(
                    {
                        "id": len(annotations) + 1,
                        "image_id": photos,
                        "category_id": int(rng.integers(1, 81)),
                        "bbox": [x, y, width, height],
                        "area": round(width * height, 2),
                        "segmentation": [outline],
                        "iscrowd": 0,
                    }
                )
            )
            size += len(annotations[-1]) + 1
    images = [{"id": n, "file_name": f"{n:012d}.jpg", "width": 640, "height": 640} for n in range(1, photos + 1)]
    categories = [{"id": n, "name": f"class {n}"} for n in range(1, 81)]
    with path.open("w") as file:
        file.write(f'{{"images": {json.dumps(images)}, "categories": {json.dumps(categories)}, "annotations": [')
        file.write(",".join(annotations))
        file.write("]}")


def read_coco(path: Path) -> dict[str, Any]:
    """Seconds of json.load and of this project's reader, each the better of two."""
    # Imported here: whoever measures photos needn't wait for it.
    from training.data import formats

    def plain() -> object:
        with path.open() as file:
            return json.load(file)

    known, ours = _seconds(plain), _seconds(lambda: formats.read(path))
    return {"bytes": path.stat().st_size, "json_load": known, "formats_read": ours, "ratio": round(ours / known, 2)}


def _seconds(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(2):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return round(best, 2)


def main() -> None:
    """Print what was measured as JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--photos", type=int, help="how many")
    what.add_argument("--coco", type=float, metavar="MB", help="size of a COCO JSON")
    parser.add_argument("--kind", choices=("camera", "scenes"), default="camera")
    parser.add_argument("--step", default="check,records", help="check, records or both")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if options.coco:
            write_coco(folder / "labels.json", options.coco)
            print(json.dumps(read_coco(folder / "labels.json")))
            return
        labels = draw_photos(folder, options.photos, options.kind)
        modules = {"check": "training.data.review.check", "records": "training.data.records"}
        for step in options.step.split(","):
            print(
                json.dumps(
                    {
                        "photos": options.photos,
                        "kind": options.kind,
                        "step": step,
                        **run_step(modules[step], folder, labels),
                    }
                )
            )


if __name__ == "__main__":
    main()
