"""What the page costs a visitor: bytes and time."""

from __future__ import annotations

import json as notation

from invoke import Context, Exit, task

from infra.tasks import words


@task(
    help={
        "json": "print the figures as JSON",
        "strict": "end with code 1 if a figure is past its reach",
        "repeats": "how often a photo is read; other things are done a quarter as often (default: 20)",
    }
)
def bench(_: Context, json: bool = False, strict: bool = False, repeats: str | None = None) -> None:
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
