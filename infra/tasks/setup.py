"""What keyless deploys need, at Google and GitHub: made, examined, taken away."""

from __future__ import annotations

from invoke import Context, Exit, task

PLACE = {
    "project": "the project at Google (default: [hosting] project in digitlens.toml)",
    "repository": "OWNER/NAME at GitHub (default: where this one was cloned from)",
    "models": "with a bucket and an account for model versions, which need a billing account",
}


@task(
    help={
        **PLACE,
        "dry-run": "print the commands and change nothing; all of them where gcloud or gh can't be asked",
        "remove": "take away exactly what this made",
    }
)
def setup(
    _: Context,
    project: str | None = None,
    repository: str | None = None,
    models: bool = False,
    dry_run: bool = False,
    remove: bool = False,
) -> None:
    """Make all that keyless deploys need, at Google and GitHub; what is there already stays."""
    from infra.errors import MissingPartError
    from infra.hosting.setup import conditions, installation, place, programs
    from infra.progress import say

    chosen = place.chosen(project, repository, models=models)
    reader = programs.Reader(chosen.target, chosen.repository)
    say("looking at what is there ...")
    try:
        known = conditions.known(reader, chosen)
        if remove:
            lines = installation.remove(reader, known, dry_run=dry_run)
        elif dry_run:
            lines = installation.plan(reader, known)
        else:
            lines = installation.make(reader, known)
    except MissingPartError as error:
        if remove or not dry_run:
            raise
        say(f"note: {error}\n  Nobody could be asked: these are the commands where nothing is there yet")
        lines = installation.plan(programs.Reader(chosen.target, chosen.repository, is_blind=True), chosen)
    print("\n".join(lines) or f"nothing {'to do' if dry_run else 'is left to do by hand'}")


@task(help=PLACE)
def doctor(_: Context, project: str | None = None, repository: str | None = None, models: bool = False) -> None:
    """Say what keyless deploys lack, and what may more than it has to, each with the command that mends it."""
    from infra.hosting.setup import conditions, installation, place, programs
    from infra.progress import say

    chosen = place.chosen(project, repository, models=models)
    reader = programs.Reader(chosen.target, chosen.repository)
    say("looking at what is there ...")
    found = installation.survey(reader, conditions.known(reader, chosen))
    width = max(len(resource.what) for resource, _ in found)
    for resource, faults in found:
        for fault in faults:
            print(f"{fault.kind:<8}  {resource.what:<{width}}  {fault.says}")
            for words in resource.commands(fault):
                print(programs.command(words, chosen.target, indent=10))
            if fault.remedy:
                print(f"{'':<10}{fault.remedy}")
        if not faults:
            print(f"{'ok':<8}  {resource.what}")
    if any(faults for _, faults in found):
        raise Exit(code=1)
