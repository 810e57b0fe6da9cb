"""The released detector in ``models/digits``: a run's takes its place only where it is better on the same photos.

Where it reads fewer, but that may be chance, a person may have a reason to release it all the same.

The folder is made anew beside the old one and takes its name at the end. What a release makes is `MADE`; everything
else in it (``notes.md``, the hand-written part of the card) is kept.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from infra import fingerprints, results
from infra.errors import RefusedError, UsageError
from infra.execution.steps import Runner, perform
from infra.models import card, comparison, judging, kinds, terms
from infra.models.kinds import Model, Photos
from infra.progress import say
from infra.runs import recipes
from infra.runs.run import Run
from infra.settings import RELEASED

CHECKPOINT = ("best.weights.h5", "config.yaml", "detector.json", "history.jsonl", "loss.png", "training.json")
MADE = (
    "checkpoint",
    "web_model",
    "charts",
    "evaluation.json",
    "evaluation.md",
    "evaluation_number.json",
    "release.json",
    "README.md",
)
SAME = ("classes", "reading")


def release(
    run: Run,
    asked: Photos | None,
    data: Path | None,
    runner: Runner,
    released: Path = RELEASED,
    because: str | None = None,
) -> str:
    """Make the detector of ``run`` the released one; returns what the comparison says.

    Both web models are judged on ``asked``, by default on the run's validation photos. Where these were merged from the
    sources that ``data`` lists (by default the run's own file), those of the first decide, unless the candidate is far
    worse on others. ``because`` says why it is released though it reads fewer, where that may be chance; nothing else
    is forgiven for it, and the card shows it.

    Raises:
        UsageError: the run has no finished training, or the card's notes are missing.
        RefusedError: the candidate isn't better, lost by conversion, or can't be compared.
        CommandError: a step failed; so does conversion where the gate refuses.
    """
    request = run.request()
    if not (run.checkpoints / "training.json").is_file():
        raise UsageError(f"{run.name} has no finished training: ./inv train --run {run.name}")
    card.notes(released)
    perform(recipes.export(run.checkpoints, run.saved_model), runner)
    kinds.convert(run, request, runner)
    candidate = kinds.find(run.web_model)
    current = kinds.find(released / "web_model") if (released / "web_model").exists() else None
    if current:
        _comparable(candidate, current)
    if asked:
        # The candidate's split counts for both: what it was not trained on.
        photos, others = Photos(asked.images, kinds.select(candidate, asked, runner)), []
        command = judging.command(asked)
    else:
        request = request.model_copy(update={"data": data or request.data})
        (_, photos), *others = judging.held_out(run, request)
        command = judging.repeated(request)
    evaluation = kinds.evaluate(candidate, photos, runner)
    trained = kinds.evaluate(kinds.find(run.checkpoints), photos, runner)
    compared, fault = None, comparison.fault_of_conversion(figures(trained), figures(evaluation))
    elsewhere = {
        name: [figures(kinds.evaluate(model, these, runner)) for model in (candidate, current) if model]
        for name, these in others
    }
    if current:
        compared = comparison.compare(evaluation, kinds.evaluate(current, photos, runner))
        faults = (comparison.fault_elsewhere(name, *pair) for name, pair in elsewhere.items())
        fault = compared.fault(doubted=bool(because)) or fault or next(filter(None, faults), None)
    if fault:
        said = f" {compared}." if compared else ""
        raise RefusedError(f"{run.name} isn't released: {fault}.{said} {released} is as it was")
    forgiven = because if compared and compared.may_be_chance else None
    if because and not forgiven:
        say("--because: no reason is needed, the candidate reads no fewer; the card has none")
    number = kinds.evaluate(candidate, replace(photos, crop="number"), runner)
    said = str(compared) if compared else "there was no released model to compare it with"
    if forgiven:
        said = f"{said}. That it reads fewer may be chance, and it was released because {forgiven}"
    document = {
        "run": run.name,
        "command": judging.made(run, request),
        "judged": command,
        "trained": figures(trained),
        "compared": _rounded(asdict(compared)) if compared else None,
        "comparison": said,
        "because": forgiven,
        "others": elsewhere,
    }
    _write(released, run, evaluation, number, document)
    say(f"released: {released}")
    return said


def _comparable(candidate: Model, current: Model) -> None:
    for key in SAME:
        if candidate.description[key] != current.description[key]:
            raise RefusedError(
                f"the candidate's {key} {candidate.description[key]} aren't those of the released model, "
                f"{current.description[key]}: they can't be compared. Serve it with ./inv frontend.build --run"
            )
    splits = [model.description["provenance"].get("split") for model in (candidate, current)]
    if all(splits) and splits[0] != splits[1]:
        raise RefusedError(
            f"the candidate was trained with the split {splits[0]}, the released model with {splits[1]}: "
            "one of them was trained on photos that the other is judged on. Train with the same split"
        )


def _write(released: Path, run: Run, evaluation: Path, number: Path, document: dict[str, Any]) -> None:
    new = released.with_name(f".{released.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(released, new, ignore=lambda folder, _: MADE if Path(folder) == released else ())
    try:
        (new / "checkpoint").mkdir()
        for name in CHECKPOINT:
            shutil.copyfile(run.checkpoints / name, new / "checkpoint" / name)
        shutil.copytree(run.web_model, new / "web_model", ignore=shutil.ignore_patterns(fingerprints.STAMP))
        for file, indent in ((new / "checkpoint" / "detector.json", 1), (new / "web_model" / "manifest.json", 2)):
            described = json.loads(file.read_text("utf-8"))
            terms.add(described, terms.read(released))
            if file.name == "manifest.json":
                # What it was judged by replaces what its run was: other photos, and one look at each.
                described["evaluation"] = {"trained": document["trained"]}
            dump(described, file, indent)
        put_evaluation(evaluation, new)
        dump(figures(number), new / "evaluation_number.json")
        dump(document, new / "release.json")
        card.write(new)
        results.replace(new, released)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def put_evaluation(evaluation: Path, folder: Path, **kept: float) -> None:
    """Make ``evaluation`` that of the web model of the release in ``folder``, but for figures that are ``kept``."""
    found = figures(evaluation) | kept
    manifest = folder / "web_model" / "manifest.json"
    described = json.loads(manifest.read_text("utf-8"))
    described["evaluation"]["converted"] = found
    dump(described, manifest, 2)
    shutil.rmtree(folder / "charts", ignore_errors=True)
    shutil.copytree(evaluation / "charts", folder / "charts")
    shutil.copyfile(evaluation / "evaluation.md", folder / "evaluation.md")
    dump(found, folder / "evaluation.json")


def figures(evaluation: Path) -> dict[str, Any]:
    """The content of evaluation.json, without paths of this machine."""
    found: dict[str, Any] = json.loads((evaluation / "evaluation.json").read_text("utf-8"))
    return {key: value for key, value in found.items() if key != "model"}


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {key: round(value, 4) for key, value in values.items()}


def dump(content: dict[str, Any], path: Path, indent: int = 1) -> None:
    """Write ``content`` as JSON to ``path``."""
    path.write_text(json.dumps(content, indent=indent) + "\n", "utf-8")
