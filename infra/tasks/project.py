"""A project of one's own, made of this repository."""

from __future__ import annotations

from invoke import Context, task


@task(
    help={
        "name": "what packages and images are called: small letters, digits and dashes",
        "repository": "OWNER/NAME of it on GitHub",
        "project": "its Firebase project, written into digitlens.toml",
    }
)
def rename(_: Context, name: str, repository: str | None = None, project: str | None = None) -> None:
    """Call the packages and images otherwise; then `./inv fix` and `./inv check`."""
    from infra.progress import say
    from infra.upkeep import renaming

    changed = renaming.rename(name, repository, project)
    for path in changed:
        print(path)
    say(
        f"{len(changed)} files changed; `./inv fix` mends their format, `./inv check` and `./inv test` look at the rest"
    )
