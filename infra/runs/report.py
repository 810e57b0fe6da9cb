"""The report of a run: figures for programs, and a page with pictures for people, made by ``report.md.j2``."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra import pages
from infra.runs.advice import advice
from infra.runs.run import Run
from infra.settings import ROOT

TEMPLATE = Path(__file__).with_name("report.md.j2")
PICTURES = 8
WORST = 10
CONFUSIONS = 12
PHONE = 192
"""Sides of the input that a plan for phones has at most; time goes with its pixels."""
COUNTS = ("photos", "objects")
FIGURES = ("map", "map50")
READ = ("full_number_accuracy", "full_number_accuracy_interval")
"""Figures of objects that are read as numbers."""


def write(run: Run, seconds: Mapping[str, float], this_time: float) -> Path:
    """Write ``report.json`` and ``report.md`` of a finished run; returns the latter.

    ``seconds`` are those of each step when it really ran, ``this_time`` those of the whole run now.
    """
    report = collect(run, seconds, this_time)
    _replace(run.folder / "report.json", json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    page = run.folder / "report.md"
    _replace(page, render(run, report))
    return page


def collect(run: Run, seconds: Mapping[str, float], this_time: float) -> dict[str, Any]:
    """The figures: of the web model on the validation photos, the trained one's beside them."""
    web = _read(run.evaluation_web / "evaluation.json")
    trained = _read(run.evaluation_trained / "evaluation.json")
    manifest = _read(run.web_model / "manifest.json")
    records = _read(run.records / "manifest.json")
    weaknesses = _read(run.evaluation_web / "weaknesses.json")
    sizes = [entry["bytes"] for entry in manifest["files"]]
    return {
        "name": run.name,
        **{key: value for key, value in web.items() if key != "model"},
        "trained": {key: trained[key] for key in (*FIGURES, *READ) if key in trained},
        "data": {
            **{key: records[key] for key in COUNTS},
            "splits": {name: {key: split[key] for key in COUNTS} for name, split in records["splits"].items()},
        },
        "training": _read(run.checkpoints / "training.json"),
        "gate": manifest["gate"],
        "smoke": _read(run.smoke / "smoke.json"),
        "quantization": manifest["quantization"],
        "input": {key: manifest["input"][key] for key in ("width", "height")},
        "looks": manifest.get("looks", 1),
        "terms": manifest.get("terms", []),
        "web_model_bytes": sum(sizes) + (run.web_model / "manifest.json").stat().st_size,
        "weaknesses": {
            **weaknesses,
            "worst": weaknesses["worst"][:WORST],
            "confusions": weaknesses["confusions"][:CONFUSIONS],
        },
        "advice": advice(weaknesses, web, records),
        "seconds": {
            **seconds,
            "total": round(sum(seconds.values()), 1),
            "this_time": round(this_time, 1),
        },
    }


def render(run: Run, report: Mapping[str, Any]) -> str:
    """The page: figures, what it costs, what fails, pictures."""
    weaknesses = report["weaknesses"]
    evaluation = run.evaluation_web.relative_to(run.folder).as_posix()
    return pages.fill(
        TEMPLATE,
        **{key: value for key, value in report.items() if key != "weaknesses"},
        with_interval=lambda name: _with_interval(report, name, " to "),
        accuracy=_accuracy(report, " to ") if "full_number_accuracy" in report else None,
        lighter=_lighter(report),
        plan=_text(run.folder / "plan" / "plan.txt"),
        race=_race(run.folder / "race" / "race.json"),
        command=_command(run),
        worst=[{**one, "picture": f"{evaluation}/{one['picture']}"} for one in weaknesses["worst"]],
        confusions=weaknesses["confusions"],
        heights=weaknesses["heights"],
        kinds=weaknesses["kinds"],
        pictures={
            "photos": _pictures(run, sorted((run.evaluation_web / "pictures").glob("*.jpg"))[:PICTURES]),
            "loss": _pictures(run, [run.checkpoints / "loss.png"]),
            "page": _pictures(run, [run.smoke / "page.png"]),
        },
    )


def _lighter(report: Mapping[str, Any]) -> str:
    width, height = report["input"]["width"], report["input"]["height"]
    share = PHONE**2 / (width * height)
    if share >= 1:
        return "Its input is as small as that of a plan for phones."
    milliseconds = report["milliseconds_per_photo"] * share
    return (
        f"A plan for phones (`--for phone`) has an input of {PHONE} × {PHONE} at most: by its pixels about "
        f"{milliseconds:.1f} milliseconds, and small objects are missed sooner."
    )


def _command(run: Run) -> str | None:
    """What trains on from this run, once more photos are labelled."""
    if not (run.folder / "run.json").exists():
        return None
    request = run.request()
    if request.data:
        photos = ["--data", _typed(request.data)]
    elif request.images.is_relative_to(run.folder):
        return None
    else:
        photos = ["--images", _typed(request.images), "--annotations", _typed(request.annotations)]
    if request.groups and not request.data:
        photos += ["--groups", _typed(request.groups)]
    return shlex.join(["./inv", "pipeline", *photos, "--from", _typed(run.folder), "--name", f"{run.name}-2"])


def _typed(path: Path) -> str:
    """``path`` as somebody types it in the repository's folder."""
    return os.path.relpath(path, ROOT) if path.is_relative_to(ROOT.parent) else str(path)


def _text(file: Path) -> str:
    return file.read_text("utf-8").rstrip() if file.exists() else ""


def _race(file: Path) -> str:
    """Why the training began with what it began with."""
    return str(_read(file).get("why", "")) if file.exists() else ""


def figures_table(figures: Mapping[str, Any]) -> str:
    """The figures of one evaluation as a table for a terminal."""
    rows = [
        ("photos", str(figures["photos"])),
        (figures["noun"], str(figures["objects"])),
        ("mAP at IoU 0.50", _with_interval(figures, "map50")),
        ("mAP (IoU 0.50-0.95)", _with_interval(figures, "map")),
    ]
    if "full_number_accuracy" in figures:
        rows.append(("full numbers right", _accuracy(figures)))
    rows.append(("false alarms", f"{figures['false_alarms_per_100_photos']:.1f} in 100 photos"))
    if "empty_photos" in figures:
        alarms = f"{figures['false_alarms_per_100_empty_photos']:.1f} in 100 photos"
        rows.append(("… where nothing is", f"{alarms} (of {figures['empty_photos']})"))
    rows += [
        ("score threshold", f"{figures['score_threshold']:.3f}"),
        ("calibration error", f"{figures.get('calibration_error_shown', figures['calibration_error']):.3f}"),
        ("milliseconds per photo", f"{figures['milliseconds_per_photo']:.1f}"),
    ]
    return "\n".join(f"{name:<24}{value}" for name, value in rows)


def _with_interval(figures: Mapping[str, Any], name: str, to: str = "-") -> str:
    interval = figures[f"{name}_interval"]
    return f"{figures[name]:.3f}" + (f" ({interval[0]:.3f}{to}{interval[1]:.3f})" if interval else "")


def _accuracy(figures: Mapping[str, Any], to: str = "-") -> str:
    low, high = figures["full_number_accuracy_interval"]
    return f"{figures['full_number_accuracy']:.1%} ({low:.1%}{to}{high:.1%})"


def _pictures(run: Run, files: list[Path]) -> list[dict[str, str]]:
    return [
        {"stem": file.stem, "path": file.relative_to(run.folder).as_posix()} for file in files if file.exists()
    ]


def _read(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return content


def _replace(file: Path, text: str) -> None:
    new = file.with_name(f".{file.name}.new")
    new.write_text(text, "utf-8")
    new.replace(file)
