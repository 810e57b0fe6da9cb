"""The step from a SavedModel to a web model that was compared with it.

The candidate is built beside the result and takes its place only when the gate lets it through.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from conversion import manifest, photos, step
from conversion.errors import ConversionError, GateFailed
from conversion.output import replacement


def convert(options: argparse.Namespace) -> dict[str, Any]:
    """Convert, gate and put the web model in place; returns its manifest.

    Raises:
        GateFailed: the graph model differs from the SavedModel.
        ConversionError: another member of the family, for input or output that can't be used.
    """
    evaluation = _evaluation(options.evaluation)
    chosen = photos.spread(options.annotations, options.images, options.photos)
    step.say(f"loading TensorFlow and {options.saved_model}")
    # TensorFlow takes seconds to import: wrong words on the command line are answered without it.
    from conversion import gate, graph, trial
    from conversion.saved_model import BOXES, INPUT, SCORES, SavedDetector
    from conversion.web_runtime import WebRuntime

    saved = SavedDetector(options.saved_model, options.detector, any_columns=True)
    step.say(trial.hold(saved, chosen))
    saved.check_columns()
    with replacement(options.out, marker=manifest.FILE) as candidate:
        step.say(f"converting, weights quantised to {options.quantize}")
        kernels = graph.convert(saved, options.quantize, candidate)
        names = (INPUT, BOXES, SCORES)
        described = manifest.describe(saved.detector, candidate, names, options.quantize, kernels, options.commit)
        manifest.write(described, candidate)
        with WebRuntime(candidate, options.web_runtime) as runtime:
            verdict = gate.judge(saved, runtime, chosen, options.quantize)
        if not verdict["passed"]:
            raise GateFailed(verdict["findings"])
        figures = {
            side: {"photos": verdict["photos"], "photos_right": share}
            for side, share in verdict["photos_right"].items()
        }
        described |= {"gate": verdict, "evaluation": figures | evaluation}
        manifest.write(described, candidate)
    return described


def main() -> None:
    """Convert a SavedModel to a web model and compare both on photos."""
    options = _parser().parse_args()
    made = convert(options)
    verdict = made["gate"]
    size = sum(file["bytes"] for file in made["files"])
    differences = ", ".join(
        f"{name} {value:.2g} (limit {verdict['limits']['max_abs_difference'][name]:g})"
        for name, value in verdict["max_abs_difference"].items()
    )
    print(
        f"{options.out}: {size / 1000:.0f} kB, gate passed on {verdict['photos']} photos: "
        f"{differences}; {verdict['photos_right']['trained']:.4f} of them right trained, "
        f"{verdict['photos_right']['converted']:.4f} converted"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="conversion.convert", description=main.__doc__)
    for name, metavar, required, words in (
        ("--saved-model", "DIR", True, "what training.export wrote, or somebody else's"),
        ("--detector", "FILE", False, "what its tensors mean; default: its own detector.json"),
        ("--web-runtime", "FILE", True, "web_runtime.mjs of the recognizer"),
        ("--images", "DIR", True, "photos for the gate"),
        ("--annotations", "FILE", True, "their canonical CSV"),
        ("--evaluation", "FILE", False, "evaluation.json of the trained model"),
        ("--out", "DIR", True, "the web model's folder"),
    ):
        parser.add_argument(name, type=Path, required=required, metavar=metavar, help=words)
    parser.add_argument(
        "--quantize",
        choices=("none", "float16", "uint16", "uint8"),
        default="uint8",
        help="how weights are stored; default: uint8",
    )
    parser.add_argument("--photos", type=_positive, default=200, help="for the gate; default: 200")
    parser.add_argument("--commit", metavar="SHA", help="of this code, for the manifest")
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number of photos above 0")
    return int(text)


def _evaluation(path: Path | None) -> dict[str, Any]:
    """The trained model's figures as the manifest carries them, without paths of this machine."""
    if path is None:
        return {}
    try:
        figures = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConversionError(f"{path}: can't be read as an evaluation ({error})") from error
    if not isinstance(figures, dict):
        raise ConversionError(f"{path}: is no evaluation.json")
    return {"trained": {name: value for name, value in figures.items() if name != "model"}}


if __name__ == "__main__":
    sys.exit(step.run(main))
