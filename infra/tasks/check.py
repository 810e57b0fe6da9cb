"""Whether the repository is in order."""

from __future__ import annotations

from invoke import Context, Exit, task

from infra.tasks import words


@task
def check(_: Context) -> None:
    """Lint and strict types, of everything; writes nothing."""
    from infra.upkeep import checks

    checks.run_all(checks.checks())


@task
def fix(_: Context) -> None:
    """Mend what a machine can: format and simple findings."""
    from infra.upkeep import checks

    checks.run_all(checks.fixes())


@task(
    help={
        "only": "suites, with commas: browser, hosting, training, steps, unit, conversion, pipeline, recognizer, "
        "images, frontend",
        "changed": "only what differs from main can reach, by what tests import and run; says what is left out",
        "k": "only tests whose names match (pytest's -k, vitest's -t)",
        "browser": "engine of the browser tests: chromium (default), firefox or webkit",
        "gpu-image": "build and look at the training image for GPUs, too (about 7 GB)",
    }
)
def test(
    _: Context,
    only: str | None = None,
    changed: bool = False,
    k: str | None = None,
    browser: str | None = None,
    gpu_image: bool = False,
) -> None:
    """Every test that can run here; ends with `N passed, N failed, N skipped`."""
    from infra.progress import say
    from infra.upkeep import suites

    engine = ["--browser", words.one_of(browser, "browser", suites.ENGINES)] if browser else []
    options = {
        **dict.fromkeys(("browser", "recognizer"), engine),
        "images": ["--gpu-image"] if gpu_image else [],
    }
    chosen = suites.choose(only)
    if changed:
        chosen = suites.reached(chosen)
    tally = suites.run_all(chosen, k, options)
    for line in (*tally.slowest(), *tally.why()):
        say(line)
    if tally.broken:
        say(f"error: failing suites: {', '.join(tally.broken)}")
    print(tally)
    if tally.broken:
        raise Exit(code=1)
