"""What steps run in."""

from __future__ import annotations

from typing import get_args

from invoke import Context, task

from infra.errors import UsageError


@task(
    help={
        "name": "host, train, train-gpu, convert, test, sbom, frontend, hosting, lighthouse, readers or bundlers "
        "(default: all but readers and train-gpu)"
    }
)
def install(_: Context, name: str | None = None) -> None:
    """Make environments from their locks; tasks do so by themselves when they need one."""
    from infra.execution import environments

    known: tuple[environments.Name, ...] = get_args(environments.Name)
    if name is not None and name not in known:
        raise UsageError(f"there is no environment {name!r}; there are {', '.join(known)}")
    # What others' readers weigh, only ./inv bench.readers is worth; what CUDA weighs, only a machine with a GPU.
    for one in known:
        if name == one or (name is None and one not in ("readers", "train-gpu")):
            environments.ensure(one)
