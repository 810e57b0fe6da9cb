"""Photos and labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from invoke import Context, task

from infra.errors import UsageError
from infra.tasks import asking, words

if TYPE_CHECKING:
    from infra.execution.steps import Step
    from infra.runs.run import Request, Run

PHOTOS_MISSING = (
    "say which photos: --images FOLDER (or ZIP), with --annotations FILE where the labels lie elsewhere, "
    "or --data FILE for several sources"
)


@task(
    help={
        "photos": "how many (default: see digitlens.toml)",
        "seed": "equal seeds give equal photos (default: see digitlens.toml)",
        "kind": "street (default); page: print, with letters; close, or large for judging: one number fills the photo",
        "shard": "I/N: only each Nth of the photos from the Ith on, so that N machines draw them all (default: all)",
        "config": words.CONFIG,
        "out": "folder to make (default: runs/digits-synthetic/photos)",
        "on": words.ON,
    }
)
def synthesize(
    _: Context,
    photos: str | None = None,
    seed: str | None = None,
    kind: str = "street",
    shard: str | None = None,
    config: str | None = None,
    out: str | None = None,
    on: str | None = None,
) -> None:
    """Make labelled photos of digits from fonts, backgrounds and distortions."""
    from infra.execution import runners
    from infra.execution.steps import perform
    from infra.runs import catalogue, recipes

    words.one_of(kind, "kind", recipes.KINDS)
    output = words.output(out) if out else catalogue.find(catalogue.SYNTHETIC).photos
    perform(recipes.synthesize(output, *synthesis(config, photos, seed), kind, shard), runners.choose(on, None))
    print(output)


@task(
    help={
        **words.PHOTOS,
        **asking.TRAINING,
        "run": "the run to make (default: named like the folder of the photos, or the file of sources)",
        "skip-bad": words.SKIP_BAD,
        "replace": words.REPLACE,
        "on": words.ON,
    },
)
def records(
    _: Context,
    images: str | None = None,
    annotations: str | None = None,
    groups: str | None = None,
    data: str | None = None,
    config: str | None = None,
    from_: str | None = None,
    classes: str | None = None,
    minutes: str | None = None,
    steps: str | None = None,
    start: str | None = None,
    for_: str | None = None,
    run: str | None = None,
    skip_bad: bool = False,
    split_as_exported: bool = False,
    replace: bool = False,
    on: str | None = None,
) -> None:
    """Check labelled photos, split them and pack them for training; begins a run."""
    from infra.execution import runners
    from infra.execution.steps import perform
    from infra.runs import keeping, planning, recipes

    chosen, asked, merging = requested(
        images, annotations, groups, data, config, run, None, skip_bad, split_as_exported, "run"
    )
    asked = asking.asked(asked, None, from_, classes, minutes, steps, start, for_)
    runner = runners.choose(on, None)
    keeping.protect(chosen, asked, replace, flag="run")
    if merging:
        perform(merging, runner)
    if recipes.is_planned(asked):
        planning.plan(chosen, asked, runner)
    perform(recipes.records(chosen, asked), runner)
    print(chosen.records)


@task(
    help={
        "images": words.IMAGES,
        "annotations": words.ANNOTATIONS,
        "groups": words.GROUPS,
        "to": "csv, voc, coco, yolo, cvat, labelme or labelstudio",
        "out": "folder to make",
        "skip-bad": words.SKIP_BAD,
        "on": words.ON,
    },
)
def convert(
    _: Context,
    images: str,
    to: str,
    out: str,
    annotations: str | None = None,
    groups: str | None = None,
    skip_bad: bool = False,
    on: str | None = None,
) -> None:
    """Check labels and write them in another format; what it can't hold is said."""
    from infra.execution import runners
    from infra.execution.steps import perform
    from infra.runs import recipes

    if to not in recipes.FORMATS:
        raise UsageError(f"--to: {to!r} is none of {', '.join(recipes.FORMATS)}")
    photos, labels, grouping = words.labelled(images, annotations, groups)
    output = words.output(out, photos, *([labels] if labels else []))
    perform(recipes.relabel(photos, labels, grouping, to, skip_bad, output), runners.choose(on, None))
    print(output)


@task(
    help={
        **words.PHOTOS,
        "config": f"{words.CONFIG}; classes, splits and input size are looked at",
        "run": "where to put the report (default: the run named like the folder of the photos)",
        "skip-bad": "don't fail for wrong labels: they are only reported",
        "json": "print nothing but the findings, as JSON",
        "on": words.ON,
    },
)
def check(
    _: Context,
    images: str | None = None,
    annotations: str | None = None,
    groups: str | None = None,
    data: str | None = None,
    config: str | None = None,
    run: str | None = None,
    skip_bad: bool = False,
    split_as_exported: bool = False,
    json: bool = False,
    on: str | None = None,
) -> None:
    """Report balance, sizes, overlaps, near-duplicates and odd labels, with a picture; fails if there are errors."""
    from json import dumps, loads

    from infra.errors import RefusedError, StepError
    from infra.execution import runners
    from infra.execution.steps import perform
    from infra.runs import keeping, planning, recipes

    # What is wrong in one of several sources doesn't end it either.
    chosen, asked, merging = requested(
        images, annotations, groups, data, config, run, None, True, split_as_exported, "run"
    )
    runner = runners.choose(on, None)
    found = config_file = unplanned = None
    try:
        if merging:
            keeping.protect_photos(chosen, asked)
            perform(merging, runner)
            found = merging.output / "findings.json"
        config_file = planning.looked_at(chosen, asked, runner)
    except StepError as error:
        # What can't be planned is looked at all the same; what can't be unpacked or merged can't.
        unplanned = error
        if error.name != "plan":
            if json:
                print(dumps({"photos": 0, "errors": str(error).splitlines()}, indent=1))
            raise
    perform(recipes.check(asked.images, asked.annotations, asked.groups, config_file, chosen.check, found), runner)
    findings = (chosen.check / "check.json").read_text("utf-8")
    print(findings if json else (chosen.check / "check.txt").read_text("utf-8"), end="")
    if not json:
        print(chosen.check / "contact_sheet.jpg")
    errors = loads(findings)["errors"]
    if errors and not skip_bad:
        number = f"{len(errors):,} errors in labels or files, first" if len(errors) > 1 else "in labels or files"
        raise RefusedError(f"{number}: {errors[0]}; see {chosen.check}")
    if unplanned:
        raise unplanned


@task(
    help={
        "name": "svhn",
        "parts": "train, test, extra, with commas between (default: train,test; extra is 2 GB)",
        "out": "where to put them (default: .cache/svhn)",
        "sha256": "hashes of archives to compare with: train=HASH,test=HASH",
    },
)
def fetch(_: Context, name: str, parts: str = "train,test", out: str | None = None, sha256: str | None = None) -> None:
    """Download SVHN's official archives of full numbers, check and unpack them; goes on where it was interrupted."""
    from infra.datasets import svhn
    from infra.settings import settings

    if name != "svhn":
        raise UsageError(f"{name!r} can't be fetched; known is svhn")
    folder = words.located(out) if out else settings().paths.cache / "svhn"
    for place in svhn.fetch(parts.split(","), folder, words.hashes(sha256)):
        print(f"--images {place} --annotations {place / svhn.LABELS}")


def synthesis(config: str | None, photos: str | None, seed: str | None) -> tuple[Path, int, int]:
    """Configuration, number and seed of synthetic photos from flags and settings."""
    from infra.settings import settings

    default = settings().synthetic
    return (
        words.file(config, "config") if config else default.config,
        words.number(photos, "photos", 10) if photos else default.photos,
        words.number(seed, "seed", 0) if seed else default.seed,
    )


def requested(
    images: str | None,
    annotations: str | None,
    groups: str | None,
    data: str | None,
    config: str | None,
    name: str | None,
    quantize: str | None,
    skip_bad: bool,
    as_exported: bool = False,
    flag: str = "name",
) -> tuple[Run, Request, Step | None]:
    """A run, what it is made from, and the step that merges its sources where there are several; from flags.

    ``flag`` is what the task calls the run's name.
    """
    from infra.runs import catalogue, recipes
    from infra.runs.run import Origin, Request
    from infra.settings import settings

    merging = file = origin = None
    if data is not None:
        words.only_without(
            "data", images=images, annotations=annotations, groups=groups, split_as_exported=as_exported or None
        )
        file = words.file(data, "data")
        run = catalogue.find(name) if name else catalogue.free(file, file, flag)
        merging = recipes.merge(run.photos, file, skip_bad)
        photos, labels, grouping = run.photos / "images", run.photos / "annotations.csv", None
    else:
        if images is None:
            raise UsageError(PHOTOS_MISSING)
        photos, given, grouping = words.labelled(images, annotations, groups)
        run = catalogue.find(name) if name else catalogue.free(photos, photos, flag)
        if photos.is_file() or as_exported:
            merging = recipes.take_in(run.photos, photos, given, grouping, as_exported, skip_bad)
            origin = Origin(photos=photos, labels=given, groups=grouping, as_exported=as_exported)
            photos, given, grouping = run.photos / "images", run.photos / "annotations.csv", None
        labels = given or photos
    request = Request(
        config=words.file(config, "config") if config else settings().pipeline.config,
        images=photos,
        annotations=labels,
        groups=grouping,
        data=file,
        origin=origin,
        skip_bad=skip_bad,
        quantize=words.quantization(quantize),
    )
    return run, request, merging
