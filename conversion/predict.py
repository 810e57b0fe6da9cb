"""The step that writes down what a web model says of photos, in TensorFlow.js as on the page."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from conversion import contracts, photos, step
from conversion.errors import RuntimeFailure
from conversion.output import replacement
from conversion.web_runtime import WebRuntime

FILE = "predictions.jsonl"


def predict(web_model: Path, web_runtime: Path, images: Path, annotations: Path, min_score: float, out: Path) -> int:
    """Write ``out``/predictions.jsonl, one line per photo of ``annotations``; returns their number.

    Raises:
        PhotoError: annotations or a photo can't be read.
        RuntimeFailure: the web model can't be run.
        OutputError: ``out`` can't take the result.
    """
    total = photos.count(annotations)
    with (
        replacement(out, marker=FILE) as folder,
        WebRuntime(web_model, web_runtime) as runtime,
        (folder / FILE).open("w", encoding="utf-8") as file,
    ):
        stream = photos.decoded(photos.read(annotations, images))
        for photo, pixels in step.progress(stream, total, "photos through the web model"):
            try:
                found = runtime.recognize(pixels, min_score)
            except RuntimeFailure as error:
                raise RuntimeFailure(f"{photo.path}: {error}") from error
            prediction = {
                "filename": photo.filename,
                "width": photo.width,
                "height": photo.height,
                "milliseconds": found["milliseconds"],
                "detections": found["detections"],
            }
            contracts.hold("prediction", prediction)
            file.write(json.dumps(prediction, ensure_ascii=False) + "\n")
    return total


def main() -> None:
    """Run a web model on photos and write down its detections."""
    parser = argparse.ArgumentParser(prog="conversion.predict", description=main.__doc__)
    for name, metavar, words in (
        ("--web-model", "DIR", "what conversion.convert wrote"),
        ("--web-runtime", "FILE", "web_runtime.mjs of the recognizer"),
        ("--images", "DIR", "photos"),
        ("--annotations", "FILE", "their canonical CSV"),
        ("--out", "DIR", f"folder for {FILE}"),
    ):
        parser.add_argument(name, type=Path, required=True, metavar=metavar, help=words)
    parser.add_argument("--min-score", type=_part, default=0.01, help="detections below are left out; default: 0.01")
    options = parser.parse_args()
    done = predict(**vars(options))
    print(f"{options.out / FILE}: {done} photos")


def _part(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not a score from 0 to 1")
    return value


if __name__ == "__main__":
    sys.exit(step.run(main))
