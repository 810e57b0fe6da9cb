r"""What else reads numbers, on the very photos that the released detector was judged on, in one table.

    python3.11 -m venv .environments/peers
    .environments/peers/bin/pip install --require-hashes -r requirements/peers.txt
    ./inv evaluate --model models/digits/web_model --images DIR --annotations FILE    # says where it left photos.csv
    .environments/peers/bin/python -m benchmarks.peers --photos NAME DIR .cache/evaluations/.../evaluation/photos.csv

`--photos` may be given several times. The peers are PP-OCRv4 (by RapidOCR) and Tesseract (Debian's `tesseract-ocr`),
each as a careful user would call it: photos are enlarged to `SIDE` pixels, without which small ones are hardly found,
and only digits of what they say count. A photo is right if all its digits are, in order.
Milliseconds are of one photo on one thread; those of Tesseract include the start of its program.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import io
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

SIDE = 640
"""Photos are enlarged until their longer side has so many pixels."""
MOST = 300
"""Photos of a set that are judged, the first by name: hundreds take the peers minutes."""

Reader = Callable[[bytes], str]


@dataclass(frozen=True)
class Reading:
    """How one reader did on one set."""

    right: int
    total: int
    milliseconds: float
    """median"""

    def __str__(self) -> str:
        """Share with its 95 % interval (Wilson 1927), and time."""
        z, share = 1.959964, self.right / self.total
        scale = 1 + z**2 / self.total
        middle = (share + z**2 / (2 * self.total)) / scale
        reach = z * math.sqrt(share * (1 - share) / self.total + z**2 / (4 * self.total**2)) / scale
        interval = f"{100 * (middle - reach):.1f} to {100 * (middle + reach):.1f}"
        return f"{100 * share:.1f} % ({interval}), {self.milliseconds:.0f} ms"


def digits(words: str) -> str:
    """Only the digits of what was read."""
    return "".join(letter for letter in words if letter in "0123456789")


def pp_ocr(detect: bool) -> Reader:
    """PP-OCRv4, one thread; without detection the whole photo is taken for one line."""
    engine = importlib.import_module("rapidocr_onnxruntime").RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1)

    def read(photo: bytes) -> str:
        lines = engine(photo, use_det=detect, use_cls=detect)[0] or ()
        # Box, words, score; without detection words and score.
        return digits("".join(line[-2] for line in lines))

    return read


def tesseract(mode: int) -> Reader:
    """Tesseract, one thread, in a page segmentation mode: 7 one line of text, 11 text anywhere."""
    command = ["tesseract", "stdin", "stdout", "--psm", str(mode), "-c", "tessedit_char_whitelist=0123456789"]

    def read(photo: bytes) -> str:
        environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
        # It dies of some photos (version 5.3 divides by zero): of these it has read nothing.
        done = subprocess.run(command, input=photo, capture_output=True, check=False, env=environment)
        return digits(done.stdout.decode())

    return read


def enlarged(path: Path) -> bytes:
    """A photo whose longer side has at least `SIDE` pixels, as a PNG file."""
    photo = Image.open(path).convert("RGB")
    scale = max(1.0, SIDE / max(photo.size))
    file = io.BytesIO()
    size = round(photo.width * scale), round(photo.height * scale)
    photo.resize(size, Image.Resampling.BICUBIC).save(file, "PNG")
    return file.getvalue()


def judge(read: Reader, images: Path, rows: Sequence[dict[str, str]]) -> Reading:
    """What ``read`` makes of the photos of ``rows`` (filename, label)."""
    right, times = 0, []
    for number, row in enumerate(rows):
        photo = enlarged(images / row["filename"])
        started = time.perf_counter()
        right += read(photo) == row["label"]
        times.append(1000 * (time.perf_counter() - started))
        if (number + 1) % 50 == 0:
            print(f"{number + 1} of {len(rows)}", file=sys.stderr)
    return Reading(right, len(rows), statistics.median(times))


def ours(evaluation: Path, rows: Sequence[dict[str, str]]) -> Reading:
    """What the evaluation says of the same photos."""
    times = {}
    for line in (evaluation.parent.parent / "predictions" / "predictions.jsonl").read_text("utf-8").splitlines():
        said = json.loads(line)
        times[said["filename"]] = said["milliseconds"]
    right = sum(row["right"] == "1" for row in rows)
    return Reading(right, len(rows), statistics.median(times[row["filename"]] for row in rows))


def main() -> None:
    """Print the table, in Markdown."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--photos", nargs=3, action="append", required=True, metavar=("NAME", "DIR", "PHOTOS_CSV"))
    options = parser.parse_args()
    readers = {
        "PP-OCRv4": pp_ocr(detect=True),
        "PP-OCRv4, recognition alone": pp_ocr(detect=False),
        "Tesseract, one line": tesseract(7),
        "Tesseract, text anywhere": tesseract(11),
    }
    table: dict[str, list[Reading]] = {"digitlens (web model, wasm)": [], **{name: [] for name in readers}}
    for name, images, evaluation in options.photos:
        with Path(evaluation).open(newline="", encoding="utf-8") as file:
            rows = sorted(csv.DictReader(file), key=lambda row: row["filename"])[:MOST]
        table["digitlens (web model, wasm)"].append(ours(Path(evaluation), rows))
        for reader, read in readers.items():
            print(f"{reader} on {name} ...", file=sys.stderr)
            table[reader].append(judge(read, Path(images), rows))
            print(f"{reader} on {name}: {table[reader][-1]}", file=sys.stderr)
    print(f"| full numbers right, median time | {' | '.join(name for name, _, _ in options.photos)} |")
    print("|---" * (1 + len(options.photos)) + "|")
    for reader, found in table.items():
        print(f"| {reader} | {' | '.join(map(str, found))} |")


if __name__ == "__main__":
    main()
