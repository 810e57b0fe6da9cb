"""Locks of the environments."""

from __future__ import annotations

from invoke import Context, task


@task(
    help={
        "upgrade": "take the newest versions that the inputs allow and that are a week old",
        "raise-pins": "the same, and raise the inputs' own pins within their major version, and the base image's",
        "only": "some of them, with commas: host, test, train, ..., frontend, infra/hosting/client, ..., base",
    }
)
def update(_: Context, upgrade: bool = False, raise_pins: bool = False, only: str | None = None) -> None:
    """Make the hashed locks from requirements/*.in and package.json; prints the pins that were raised."""
    from infra.upkeep import locks

    for line in locks.update(upgrade=upgrade, raised=raise_pins, only=only):
        print(f"- {line}")
