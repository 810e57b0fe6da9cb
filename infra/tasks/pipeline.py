"""The whole path in one task."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from invoke import Context, task

from infra.tasks import asking, words

if TYPE_CHECKING:
    from infra.execution.images import Name
    from infra.execution.steps import Step

NEEDS: tuple[Name, ...] = ("train", "convert")


@task(
    help={
        **words.PHOTOS,
        "images": f"{words.IMAGES}; without it, synthetic photos are made",
        "name": "what to call the run (default: as the folder of photos or the file of sources; else digits-synthetic)",
        **asking.TRAINING,
        "photos": "how many synthetic photos (default: see digitlens.toml)",
        "seed": "of the synthetic photos (default: see digitlens.toml)",
        "quantize": words.QUANTIZE,
        "skip-bad": words.SKIP_BAD,
        "on": words.ON,
        "gpus": words.GPUS,
        "replace": words.REPLACE,
        "serve": "--no-serve: end with the report instead of serving the page",
    }
)
def pipeline(
    _: Context,
    images: str | None = None,
    annotations: str | None = None,
    groups: str | None = None,
    data: str | None = None,
    name: str | None = None,
    config: str | None = None,
    from_: str | None = None,
    classes: str | None = None,
    minutes: str | None = None,
    steps: str | None = None,
    start: str | None = None,
    for_: str | None = None,
    photos: str | None = None,
    seed: str | None = None,
    quantize: str | None = None,
    skip_bad: bool = False,
    split_as_exported: bool = False,
    on: str | None = None,
    gpus: str | None = None,
    replace: bool = False,
    serve: bool = True,
) -> None:
    """From photos to a tested, served page; goes on where it was interrupted."""
    from infra import pipeline as whole
    from infra.execution import runners
    from infra.runs import catalogue, keeping
    from infra.tasks import data as tasks
    from infra.tasks import frontend

    before: Step | None
    if images is None and data is None:
        run = catalogue.find(name or catalogue.SYNTHETIC)
        words.only_with(
            "images", annotations=annotations, groups=groups, skip_bad=skip_bad, split_as_exported=split_as_exported
        )
        request, before = whole.synthetic(run, *tasks.synthesis(config, photos, seed), words.quantization(quantize))
    else:
        words.only_without("data" if data else "images", photos=photos, seed=seed)
        run, request, before = tasks.requested(
            images, annotations, groups, data, config, name, quantize, skip_bad, split_as_exported
        )
    request = asking.asked(request, None, from_, classes, minutes, steps, start, for_)
    runner = runners.choose(on, gpus, NEEDS)
    keeping.protect(run, request, replace)
    page = whole.build(run, request, runner, before)
    print(page)
    if serve and sys.stdout.isatty():
        frontend.serve_site(None)
