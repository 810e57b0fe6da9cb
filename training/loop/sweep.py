"""Draws the trainings of a sweep: the calibration figure of each with its interval, best on top."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from training import command
from training.evaluation import charts
from training.outputs import whole_folder


def main() -> None:
    """Draw a sweep as DIR/sweep.png."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--sweep", type=Path, required=True, help="sweep.json")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    rows = json.loads(options.sweep.read_text("utf-8"))["trainings"]
    with whole_folder(options.out) as folder:
        bars = [charts.Bar(row["name"], row["calibration"], *row["calibration_interval"]) for row in rows]
        charts.sweep(bars, folder / "sweep.png")


if __name__ == "__main__":
    command.run(main)
