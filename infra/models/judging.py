"""What a candidate for release is judged on, and the commands that repeat it."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

from infra.errors import UsageError
from infra.models.kinds import Photos
from infra.runs import sources
from infra.runs.run import Request, Run
from infra.settings import ROOT


def held_out(run: Run, request: Request) -> list[tuple[str, Photos]]:
    """The validation photos of ``run`` by source, in the order of its file of sources; all of them where it has none.

    Raises:
        UsageError: none of them is of the sources.
    """
    if request.data is None:
        return [(run.name, Photos(request.images, run.validation))]
    names = [source["name"] for source in sources.entries(request.data)]
    # A source that is alone has no prefix, see training.data.sources.
    prefixes = {name: f"{name}/" for name in names} if len(names) > 1 else {names[0]: ""}
    with run.validation.open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    found = []
    for name, prefix in prefixes.items():
        chosen = [row for row in rows if row[0].startswith(prefix)]
        if not chosen:
            continue
        path = run.folder / "judged" / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([head, *chosen])
        found.append((name, Photos(request.images, path)))
    if not found:
        raise UsageError(f"{run.validation}: none of its photos is of the sources of {request.data}")
    return found


def made(run: Run, request: Request) -> str:
    """The commands that repeat a run, a line each; the configuration is the one that is released with it."""
    photos = f"--data {_shown(request.data)}" if request.data else _flags(_own(request))
    start = f" --from {_shown(request.start)}" if request.start else ""
    provenance = json.loads((run.checkpoints / "detector.json").read_text("utf-8"))["provenance"]
    blends = provenance.get("blended_with", [])
    names = [*(f"step{number}" for number in range(1, len(blends) + 1)), run.name]
    flags = f"{photos}{' --skip-bad' if request.skip_bad else ''}{start} --quantize {request.quantize}"
    # Served, the page would hold up what follows.
    unserved = " --no-serve" if blends else ""
    commands = [f"./inv pipeline {flags} --config models/digits/checkpoint/config.yaml --name {names[0]}{unserved}"]
    for blend, name, result in zip(blends, names, names[1:], strict=False):
        other = _blended(blend, provenance, request)
        commands.append(f"./inv model.blend {name} --with {other} --share {blend['share']:g} --name {result}")
    return "\n".join(commands)


def _blended(blend: dict[str, Any], provenance: dict[str, Any], request: Request) -> str:
    """The folder of the weights that were blended with; their hash where they aren't what the training began with."""
    started = provenance.get("started_from", {}).get("weights_sha256")
    if request.start and blend["weights_sha256"] == started:
        return _shown(request.start)
    return f"THE_WEIGHTS_{blend['weights_sha256'][:12]}"


def repeated(request: Request) -> str:
    """The command that judges the released model on the photos of `held_out` that decide."""
    if request.data is None:
        return command(_own(request))
    first = sources.entries(request.data)[0]
    images, labels, groups = (first.get(key) for key in ("images", "annotations", "groups"))
    folder = request.data.parent
    return command(
        Photos(
            (folder / str(images)).resolve(),
            (folder / str(labels)).resolve(),
            (folder / groups).resolve() if groups else None,
        )
    )


def command(photos: Photos) -> str:
    """The command that judges the released model on the validation split of ``photos``."""
    return f"./inv evaluate --model models/digits/web_model {_flags(photos)} --split validation"


def calibrated(photos: Photos) -> str:
    """The command that measures what the released model's scores are worth on ``photos``."""
    return f"./inv model.calibrate {_flags(photos)}"


def _own(request: Request) -> Photos:
    return Photos(request.images, request.annotations, request.groups)


def _flags(photos: Photos) -> str:
    groups = f" --groups {_shown(photos.groups)}" if photos.groups else ""
    return f"--images {_shown(photos.images)} --annotations {_shown(photos.annotations)}{groups}"


def _shown(path: Path) -> str:
    """``path`` as somebody types it who has the same folders: no home of this machine's owner in a card."""
    return os.path.relpath(path, ROOT) if path.is_relative_to(ROOT.parent) else path.name
