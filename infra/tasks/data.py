"""Photos and labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from invoke import Context, task

from infra.errors import UsageError
from infra.tasks import words

if TYPE_CHECKING:
    from infra.runs import Request


@task(
    help={
        "photos": "how many (default: see digitlens.toml)",
        "seed": "equal seeds give equal photos (default: see digitlens.toml)",
        "config": words.CONFIG,
        "out": "folder to make (default: runs/digits-synthetic/photos)",
        "on": words.ON,
    }
)
def synthesize(
    _: Context,
    photos: str | None = None,
    seed: str | None = None,
    config: str | None = None,
    out: str | None = None,
    on: str | None = None,
) -> None:
    """Make labelled photos of digits from fonts, backgrounds and distortions."""
    from infra import recipes, runs
    from infra.execution import runners
    from infra.execution.steps import perform

    output = Path(out).expanduser().resolve() if out else runs.find(runs.SYNTHETIC).photos
    perform(recipes.synthesize(output, *synthesis(config, photos, seed)), runners.choose(on, None))
    print(output)


@task(
    help={
        "images": words.IMAGES,
        "annotations": words.ANNOTATIONS,
        "groups": words.GROUPS,
        "config": words.CONFIG,
        "run": "the run to make (default: named like the folder of the photos)",
        "skip-bad": words.SKIP_BAD,
        "on": words.ON,
    },
)
def records(
    _: Context,
    images: str,
    annotations: str,
    groups: str | None = None,
    config: str | None = None,
    run: str | None = None,
    skip_bad: bool = False,
    on: str | None = None,
) -> None:
    """Check labelled photos, split them and pack them for training; begins a run."""
    from infra import recipes, runs
    from infra.execution import runners
    from infra.execution.steps import perform

    asked = request(images, annotations, groups, config, None, skip_bad)
    chosen = runs.find(run or runs.name_of(asked.images))
    chosen.save(asked)
    perform(recipes.records(chosen, asked), runners.choose(on, None))
    print(chosen.records)


def synthesis(config: str | None, photos: str | None, seed: str | None) -> tuple[Path, int, int]:
    """Configuration, number and seed of synthetic photos from flags and settings."""
    from infra.settings import settings

    default = settings().synthetic
    return (
        words.file(config, "config") if config else default.config,
        words.number(photos, "photos", 10) if photos else default.photos,
        words.number(seed, "seed", 0) if seed else default.seed,
    )


def request(
    images: str,
    annotations: str | None,
    groups: str | None,
    config: str | None,
    quantize: str | None,
    skip_bad: bool,
) -> Request:
    """What a run is made from, from flags and settings."""
    from infra.runs import Request
    from infra.settings import settings

    if annotations is None:
        raise UsageError("--images needs --annotations, the CSV of their labels")
    return Request(
        config=words.file(config, "config") if config else settings().pipeline.config,
        images=words.folder(images, "images"),
        annotations=words.file(annotations, "annotations"),
        groups=words.file(groups, "groups") if groups else None,
        skip_bad=skip_bad,
        quantize=words.quantization(quantize),
    )
