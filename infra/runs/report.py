"""The report of a run: figures for programs, and a page with pictures for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.runs.run import Run

PICTURES = 8
COUNTS = ("photos", "objects")
FIGURES = ("map", "map50")
READ = ("full_number_accuracy", "full_number_accuracy_interval")
"""Figures of objects that are read as numbers."""


def write(run: Run, seconds: Mapping[str, float], this_time: float) -> Path:
    """Write ``report.json`` and ``report.md`` of a finished run; returns the latter.

    ``seconds`` are those of each step when it really ran, ``this_time`` those of the whole run now.
    """
    report = collect(run, seconds, this_time)
    _replace(run.folder / "report.json", json.dumps(report, indent=2) + "\n")
    page = run.folder / "report.md"
    _replace(page, render(run, report))
    return page


def collect(run: Run, seconds: Mapping[str, float], this_time: float) -> dict[str, Any]:
    """The figures: of the web model on the validation photos, the trained one's beside them."""
    web = _read(run.evaluation_web / "evaluation.json")
    trained = _read(run.evaluation_trained / "evaluation.json")
    manifest = _read(run.web_model / "manifest.json")
    records = _read(run.records / "manifest.json")
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
        "web_model_bytes": sum(sizes) + (run.web_model / "manifest.json").stat().st_size,
        "seconds": {
            **seconds,
            "total": round(sum(seconds.values()), 1),
            "this_time": round(this_time, 1),
        },
    }


def render(run: Run, report: Mapping[str, Any]) -> str:
    """The page: figures, pictures, costs."""
    sections = {
        "Detections on validation photos": _pictures(
            run, sorted((run.evaluation_web / "pictures").glob("*.jpg"))[:PICTURES]
        ),
        "Loss": _pictures(run, [run.checkpoints / "loss.png"]),
        "The page": _pictures(run, [run.smoke / "page.png"]),
        "Per class": _per_class(report["per_class"]),
        "Seconds": [
            "Of each step when it really ran; environments were installed beside other steps.",
            "",
            *_table(
                ("step", "seconds"),
                [(name.replace("_", " "), f"{value:.1f}") for name, value in report["seconds"].items()],
            ),
        ],
    }
    lines = [f"# {report['name']}", "", *_summary(report), ""]
    for title, content in sections.items():
        lines += [f"## {title}", "", *content, ""]
    return "\n".join(lines)


def _summary(report: Mapping[str, Any]) -> list[str]:
    data, gate, trained = report["data"], report["gate"], report["trained"]
    splits = ", ".join(f"{name} {split['photos']}" for name, split in data["splits"].items())
    differences = ", ".join(f"{name} {value:.1e}" for name, value in gate["max_abs_difference"].items())
    read = []
    if "full_number_accuracy" in report:
        read.append(("full numbers right", _accuracy(report, " to "), f"{trained['full_number_accuracy']:.1%}"))
    return [
        f"{data['photos']} photos with {data['objects']} labelled objects ({splits}).",
        f"Figures are of {report['photos']} validation photos with {report['objects']} {report['noun']}.",
        "",
        *_table(
            ("", "web model", "trained model"),
            [
                ("mAP at IoU 0.50", _with_interval(report, "map50", " to "), f"{trained['map50']:.3f}"),
                ("mAP (IoU 0.50 to 0.95)", _with_interval(report, "map", " to "), f"{trained['map']:.3f}"),
                *read,
                ("milliseconds per photo", f"{report['milliseconds_per_photo']:.1f}", ""),
            ],
        ),
        "",
        f"- Web model: {report['web_model_bytes'] / 1e6:.2f} MB, weights {report['quantization']}.",
        f"- Gate on {gate['photos']} photos: {_verdict(gate)}; largest difference {differences}.",
        f"- Photos less that are right after conversion: {gate['accuracy_drop']:.4f}.",
        f"- Smoke test in Chromium: {_verdict(report['smoke'])}.",
        "- Curves, confusions, errors by height, calibration: [evaluation](evaluation/web/evaluation.md).",
    ]


def _verdict(finding: Mapping[str, Any]) -> str:
    return "passed" if finding["passed"] else "failed"


def _per_class(classes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    measures = ("precision", "recall", "average_precision")
    return _table(
        ("class", "objects", *(name.replace("_", " ") for name in measures)),
        [
            (name, str(found["objects"]), *(_number(found[measure]) for measure in measures))
            for name, found in classes.items()
        ],
    )


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


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    lines = [head, tuple("---" for _ in head), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def _pictures(run: Run, files: list[Path]) -> list[str]:
    return [f"![{file.stem}]({file.relative_to(run.folder).as_posix()})" for file in files if file.exists()]


def _read(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return content


def _replace(file: Path, text: str) -> None:
    new = file.with_name(f".{file.name}.new")
    new.write_text(text, "utf-8")
    new.replace(file)
