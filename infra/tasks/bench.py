"""What the page costs a visitor, and what others offer instead."""

from __future__ import annotations

import json as notation
import os
from typing import TYPE_CHECKING

from invoke import Context, Exit, task

from infra.errors import DigitlensError, MissingPartError
from infra.tasks import words

if TYPE_CHECKING:
    from google.auth.transport.requests import AuthorizedSession

    from benchmarks.readers.photos import Photo
    from benchmarks.readers.vision import Vision


@task(
    default=True,
    help={
        "json": "print the figures as JSON",
        "strict": "end with code 1 if a figure is past its reach",
        "repeats": "how often a photo is read; other things are done a quarter as often (default: 20)",
    },
)
def page(_: Context, json: bool = False, strict: bool = False, repeats: str | None = None) -> None:
    """Measure the built page in Chromium, as Firebase would serve it, against its budget."""
    from benchmarks.page import report
    from benchmarks.page.measure import Effort, measure
    from infra.settings import settings

    effort = Effort.of(words.number(repeats, "repeats", 1)) if repeats else Effort()
    result = measure(settings().paths.site, effort)
    folder = settings().paths.runs / "bench"
    report.write(result, folder)
    print(notation.dumps(result.words, indent=1, ensure_ascii=False) if json else report.table(result))
    if not json:
        print(folder / "bench.svg")
    if strict and any(row.is_within_reach is False for row in result.rows):
        raise Exit(code=1)


@task(
    help={
        "photos": "a folder or ZIP of photos of numbers (default: some that are drawn, which say nothing of real ones)",
        "annotations": words.ANNOTATIONS,
        "split": "which of them: validation (default: what the released model was never trained on), all, …",
        "limit": "how many photos, the first by name (default: 20)",
        "readers": "which, with commas between: page, tesseract, paddle, vision (default: all; vision within --budget)",
        "link": "the visitor's line: 4g, slow4g or wifi (default: nothing is slowed down)",
        "budget": "US dollars that Cloud Vision may cost at most; without, nothing is sent",
        "yes": "send photos to Cloud Vision without asking once more",
        "dry-run": "only say what would be read, sent and paid",
        "json": "print the figures as JSON",
        "out": "folder for the table, the figures as JSON and the chart (default: runs/readers)",
        "on": words.ON,
    }
)
def readers(
    _: Context,
    photos: str | None = None,
    annotations: str | None = None,
    split: str | None = None,
    limit: str = "20",
    readers: str | None = None,
    link: str | None = None,
    budget: str | None = None,
    yes: bool = False,
    dry_run: bool = False,
    json: bool = False,
    out: str | None = None,
    on: str | None = None,
) -> None:
    """Compare the built page with tesseract.js, PaddleOCR and Cloud Vision on the same photos."""
    from benchmarks.readers import report
    from benchmarks.readers.comparison import LINKS, READERS, Comparison
    from infra.settings import settings

    wanted = (
        tuple(words.one_of(name, "readers", READERS) for name in words.names(readers, "readers")) if readers else ()
    )
    shape = LINKS[words.one_of(link, "link", tuple(LINKS)) if link else "loopback"]
    allowed = words.amount(budget, "budget") if budget else None
    folder = words.located(out) if out else settings().paths.runs / "readers"
    report.require_room(folder)
    chosen, source = _photos(photos, annotations, split, words.number(limit, "limit", 1), on)
    vision = _vision(allowed or 0.0)
    comparison = Comparison(settings().paths.site, chosen, wanted or READERS, shape, vision, about={"source": source})
    if dry_run:
        print(comparison.plan())
        return
    if "vision" in comparison.readers:
        comparison.not_asked = _not_asked(vision, chosen, allowed, yes=yes, is_named="vision" in wanted)
    result = comparison.measure()
    report.write(result, folder)
    print(notation.dumps(result, indent=1, ensure_ascii=False) if json else report.table(result))
    if not json:
        print(folder / "readers.svg")


def _photos(
    images: str | None, annotations: str | None, split: str | None, limit: int, on: str | None
) -> tuple[list[Photo], str]:
    """The photos, and where they come from."""
    from dataclasses import replace

    from benchmarks.readers import photos
    from infra.execution import runners
    from infra.execution.steps import perform
    from infra.models import kinds, showcase
    from infra.runs import catalogue
    from infra.settings import RELEASED

    runner = runners.choose(on, None)
    if images is None:
        words.only_with("photos", annotations=annotations, split=split)
        run = catalogue.find(catalogue.RELEASED)
        perform(showcase.photos(run), runner)
        return photos.chosen(run.photos / "images", run.photos / "annotations.csv", limit), "drawn"
    part = words.one_of(split or "validation", "split", kinds.SPLITS)
    place = words.located(images)
    if not place.is_file():
        words.folder(images, "photos")
    labels = words.existing(annotations, "annotations") if annotations else None
    given = replace(kinds.unpacked(place, labels, None, runner), split=part)
    selected = kinds.select(kinds.find(RELEASED), given, runner)
    return photos.chosen(given.images, selected, limit), f"{place.parent.name}/{place.name}, {part}"


def _vision(dollars: float) -> Vision:
    from benchmarks.readers.vision import Budget, Vision
    from infra.hosting import credentials
    from infra.settings import settings

    def connect() -> AuthorizedSession:
        project = settings().hosting.project or os.environ.get("GOOGLE_CLOUD_PROJECT")
        if not project:
            raise MissingPartError("no project pays: set [hosting] project in digitlens.toml, or GOOGLE_CLOUD_PROJECT")
        return credentials.session(project)

    return Vision(settings().paths.cache / "readers", Budget(dollars), connect)


def _not_asked(vision: Vision, photos: list[Photo], budget: float | None, *, yes: bool, is_named: bool) -> str:
    """Why Cloud Vision isn't asked; empty where it may be, and can."""
    from benchmarks.readers import billing

    bill = billing.bill(vision, photos)
    if not bill.questions:
        return ""
    try:
        # Before anybody is asked for a yes that would be of no use.
        if budget is not None:
            vision.open()
    except DigitlensError as error:
        return f"not asked: {str(error).splitlines()[0]}"
    return billing.allow(bill, budget, yes=yes, is_named=is_named)
