"""A finished training is never lost: what a run was asked for is remembered, and another request is refused.

One rule for every task that makes something of photos: where a run holds a finished training, it is replaced only by
somebody who says so. What was asked for is compared by what it means (the content of photos, labels, configuration and
start), not by how it was written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from infra import fingerprints
from infra.errors import UsageError
from infra.runs import sources
from infra.runs.run import Request, Run

LABELS = frozenset({".xml", ".txt", ".json", ".csv", ".yaml", ".yml", ".mat"})
"""Files of a folder of labels that are compared by content; of the others, photos, name and size count."""
MADE = ("number of drawn photos", "seed")
"""What is asked for only where photos are drawn."""
UNLIKE_PHOTOS = frozenset({"configuration", "start", "classes", "minutes", "steps", "starts", "purpose"})
"""What is asked for of the training itself."""
WAY_OUT = "choose another name with --{flag}, or --replace to have it trained anew in its place"


def protect(run: Run, request: Request, replace: bool, flag: str = "name") -> None:
    """Remember what ``run`` is asked for from now on.

    ``flag`` is what the task calls the run's name.

    Raises:
        UsageError: the run holds a finished training of something else, and ``replace`` isn't set; or it would begin
            with itself.
    """
    if request.start and request.start.resolve().is_relative_to(run.folder.resolve()):
        raise UsageError(
            f"--from names the run {run.name} itself, whose training would take the place of what it begins with; "
            f"choose another name for the new one with --{flag}"
        )
    if not replace and (other := differing(run, request)):
        raise UsageError(
            f"the run {run.name} holds a finished training of another request: {', '.join(other)} differ"
            f"{'s' * (len(other) == 1)}. Nothing was changed; {WAY_OUT.format(flag=flag)}"
        )
    run.save(request, meaning(request))


def protect_from_changes(run: Run, request: Request, replace: bool) -> None:
    """The same for a request that was remembered, whose configuration or start may have been changed since.

    Photos may be gone, or others: what was packed of them counts.
    """
    other = [name for name in differing(run, request) if name in {"configuration", "start"}]
    if other and not replace:
        raise UsageError(
            f"the run {run.name} holds a finished training; its {' and '.join(other)} changed since. Nothing was "
            f"changed; {WAY_OUT.format(flag='run')}"
        )


def protect_photos(run: Run, request: Request) -> None:
    """The same for somebody who only looks, where the photos of ``run`` would be made anew for that.

    Raises:
        UsageError: the run holds a finished training of other photos or labels.
    """
    if other := [name for name in differing(run, request) if name not in UNLIKE_PHOTOS]:
        raise UsageError(
            f"the run {run.name} holds a finished training of other photos or labels: {', '.join(other)} "
            f"differ{'s' * (len(other) == 1)}. Nothing was changed; choose another name with --run"
        )


def differing(run: Run, request: Request) -> list[str]:
    """What is asked for otherwise than the finished training of ``run`` was; nothing where it holds none."""
    if not is_finished(run):
        return []
    try:
        held = run.meaning()
    except UsageError:
        return ["everything (it isn't known what it was made of)"]
    if held is None:
        return _by_path(run.request(), request)
    now = meaning(request)
    if _are_made(run.request()) and not _are_made(request):
        # The same photos, named by where they are instead of by what they were made of.
        held = held | _given(run.photos / "images", run.photos / "annotations.csv", None) | dict.fromkeys(MADE)
    return [name for name in now if now[name] != held.get(name)]


def _are_made(request: Request) -> bool:
    """Whether the photos were drawn, merged or taken in, into the folder of the run."""
    return any(value is not None for value in (request.photos, request.data, request.origin))


def is_finished(run: Run) -> bool:
    """Whether the run holds what would be lost: a finished training, or somebody else's model."""
    return (run.checkpoints / "detector.json").is_file() or (run.web_model.exists() and not run.checkpoints.exists())


def _by_path(held: Request, request: Request) -> list[str]:
    """The same for a run from before meanings were remembered."""
    names = {"images": "photos", "annotations": "labels", "groups": "groups", "data": "sources"}
    names |= {"config": "configuration", "start": "start"}
    return [word for key, word in names.items() if getattr(held, key) != getattr(request, key)]


def meaning(request: Request) -> dict[str, str | None]:
    """What decides the training that a request leads to, each by a word for messages."""
    asked: Mapping[str, object] = {
        "classes": request.classes,
        "minutes": request.minutes,
        "steps": request.steps,
        "starts": request.starts,
        "purpose": request.purpose,
        "number of drawn photos": request.photos,
        "seed": request.seed,
    }
    return {
        **_photos(request),
        "configuration": _content(request.config),
        "start": _content(request.start),
        **{name: None if value is None else json.dumps(value) for name, value in asked.items()},
    }


def _photos(request: Request) -> dict[str, str | None]:
    if request.photos is not None:
        return {"photos": None, "labels": None, "groups": None}  # Number and seed say it.
    if origin := request.origin:
        return {
            "photos": _content(origin.photos),
            "labels": _labels(origin.labels),
            "groups": _content(origin.groups),
            "split as exported": json.dumps(origin.as_exported),
        }
    if request.data:
        read = [_labels(path) for path in sources.paths(request.data)]
        return {"photos": fingerprints.of_values({"read": read}), "labels": _content(request.data), "groups": None}
    return _given(request.images, request.annotations, request.groups)


def _given(images: Path, annotations: Path, groups: Path | None) -> dict[str, str | None]:
    return {"photos": _content(images), "labels": _labels(annotations), "groups": _content(groups)}


def _labels(path: Path | None) -> str | None:
    """The same as `_content`, with what is read beside a YAML file of labels."""
    beside = sources.beside(path) if path else ()
    if not beside:
        return _content(path)
    return fingerprints.of_values({"names": _content(path), "labels": [_content(one) for one in beside]})


def _content(path: Path | None) -> str | None:
    """Hash of a file's content, or of a folder's names, sizes, and contents of labels; touched is the same."""
    if path is None:
        return None
    if path.is_file():
        return fingerprints.of_file(path)
    return fingerprints.of_values(dict(_listing(path, "", frozenset())))


def _listing(folder: Path, prefix: str, above: frozenset[tuple[int, int]]) -> Iterator[tuple[str, str | int]]:
    """Names below ``folder``; a link back to one of the folders ``above`` isn't followed."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        status = folder.stat()
    except OSError:
        return
    identity = (status.st_dev, status.st_ino)
    if identity in above:
        return
    for entry in entries:
        name = f"{prefix}{entry.name}"
        if entry.name.startswith("."):
            continue
        try:
            if entry.is_dir():
                yield from _listing(Path(entry.path), f"{name}/", above | {identity})
            elif Path(entry.name).suffix.lower() in LABELS:
                yield name, fingerprints.of_file(Path(entry.path))
            else:
                yield name, entry.stat().st_size
        except OSError:
            continue  # What can't be read is the steps' to name.
