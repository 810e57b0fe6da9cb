"""Locks of the environments."""

from __future__ import annotations

from invoke import Context, task


@task(help={"upgrade": "take the newest versions that the inputs allow"})
def update(_: Context, upgrade: bool = False) -> None:
    """Make the hashed locks from requirements/*.in and package.json."""
    from infra.upkeep import locks

    locks.update(upgrade=upgrade)
