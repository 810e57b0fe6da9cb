"""Other people's objects: what the one command without any other flag makes of sets that nobody here made.

    PYTHONPATH=. .environments/host/bin/python -m benchmarks.objects ../shared/data/objects [SET …] [--scratch]

Each set is trained in a fresh run, with ``--scratch`` once more from nothing. Figures are the web model's on validation
photos; the table is Markdown, for the README. A set is a folder with photos below ``images`` or ``JPEGImages`` and its
labels beside them: a CSV or JSON file, or a folder ``Annotations``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PHOTOS = ("images", "JPEGImages", "photos")
LABELS = ("*.csv", "*.json", "Annotations", "annotations", "*.yaml")
HEAD = ("set", "start", "photos", "minutes: all", "training", "mAP50", "mAP", "MB", "ms")
FLAGS = ("--skip-bad", "--no-serve")
"""So that a wrong label doesn't end a benchmark, and a page doesn't hold it up."""


@dataclass(frozen=True)
class Set:
    """Labelled photos."""

    name: str
    images: Path
    annotations: Path


def find(folder: Path) -> list[Set]:
    """The sets in the folders of ``folder``, by name."""
    found = []
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        images = next((place / name for name in PHOTOS if (place / name).is_dir()), place)
        labels = next((path for pattern in LABELS for path in sorted(place.glob(pattern))), None)
        if labels:
            found.append(Set(place.name, images, labels))
    return found


def train(one: Set, runs: Path, *flags: str) -> dict[str, Any]:
    """Run the pipeline; its report, with minutes of all and of training, and the start that was chosen.

    Raises:
        CalledProcessError: it failed
    """
    began = time.monotonic()
    words = ["pipeline", "--images", str(one.images), "--annotations", str(one.annotations), *FLAGS, *flags]
    surroundings = {**os.environ, "DIGITLENS_PATHS_RUNS": str(runs), "DIGITLENS_PATHS_SITE": str(runs / "site")}
    done = subprocess.run(
        [str(ROOT / "inv"), *words], cwd=ROOT, env=surroundings, check=True, stdout=subprocess.PIPE, text=True
    )
    run = Path(done.stdout.split()[-1]).parent
    report: dict[str, Any] = json.loads((run / "report.json").read_text("utf-8"))
    chosen = json.loads((run / "race" / "race.json").read_text("utf-8"))["chosen"]
    training = report["seconds"]["race"] + report["seconds"]["train"]
    return report | {"all": (time.monotonic() - began) / 60, "training_minutes": training / 60, "start": chosen}


def row(name: str, report: dict[str, Any]) -> tuple[str, ...]:
    """A line of the table."""
    return (
        name,
        report["start"] or "nothing",
        f"{report['data']['photos']:,} ({report['photos']:,} judged on)",
        f"{report['all']:.0f}",
        f"{report['training_minutes']:.1f}",
        _figure(report, "map50"),
        _figure(report, "map"),
        f"{report['web_model_bytes'] / 1e6:.2f}",
        f"{report['milliseconds_per_photo']:.0f}",
    )


def _figure(report: dict[str, Any], name: str) -> str:
    interval = report.get(f"{name}_interval")
    return f"{report[name]:.3f}" + (f" [{interval[0]:.2f}, {interval[1]:.2f}]" if interval else "")


def table(rows: list[tuple[str, ...]]) -> str:
    """Rows as Markdown."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (HEAD, tuple("---" for _ in HEAD), *rows))


def main() -> None:
    """Print a table in Markdown, row by row on stderr as they come."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path, help="of the sets")
    parser.add_argument("sets", nargs="*", help="names of those to run (default: all)")
    parser.add_argument("--scratch", action="store_true", help="once more from nothing")
    options = parser.parse_args()
    sets = [one for one in find(options.folder) if not options.sets or one.name in options.sets]
    if not sets:
        parser.error(f"{options.folder}: no such set; there are {', '.join(one.name for one in find(options.folder))}")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for one in sets:
            for flags in ((), ("--start", "nothing", "--name", f"{one.name}-scratch")) if options.scratch else ((),):
                rows.append(row(one.name, train(one, Path(folder), *flags)))
                print(" | ".join(rows[-1]), file=sys.stderr)
    print(table(rows))


if __name__ == "__main__":
    main()
