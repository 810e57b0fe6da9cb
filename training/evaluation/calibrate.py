"""What scores of a web model are worth, by what it said of calibration photos: the fields of detector.json for that.

A training finds them by itself, see `loop.train`; this is for a model that was trained before it could.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from training import command
from training.data.formats import read_csv
from training.errors import ModelError
from training.evaluation.metrics import Judged
from training.evaluation.predictions import read_predictions
from training.evaluation.reliability import worth
from training.outputs import whole_folder

FILE = "scores.json"


def main() -> None:
    """Write scores.json: class_thresholds and score_calibration, where the photos are enough to say."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--web-model", type=Path, required=True)
    parser.add_argument("--predictions", type=Path, required=True, help="predictions.jsonl of the web model")
    parser.add_argument("--annotations", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    described = json.loads((options.web_model / "manifest.json").read_text("utf-8"))
    classes = described["classes"]
    photos = read_csv(options.annotations).photos
    judged = [Judged(photo, found) for photo, found, _ in read_predictions(options.predictions, photos, classes)]
    found = worth(judged, classes, described["reading"], described["score_threshold"])
    if "score_calibration" not in found:
        raise ModelError(
            f"{options.annotations}: {len(judged)} calibration photos are too few to say what scores are worth; "
            "give more of them"
        )
    with whole_folder(options.out) as folder:
        (folder / FILE).write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(f"{len(judged)} photos say what scores are worth", file=sys.stderr)


if __name__ == "__main__":
    command.run(main)
