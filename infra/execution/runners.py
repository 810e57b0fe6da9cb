"""Which runner a task gets: ``--on docker|local|ray|auto`` and ``--gpus all|none|auto``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, get_args

from infra.errors import UsageError
from infra.execution import engine, gpus, images
from infra.execution.cluster import Cluster
from infra.execution.containers import Containers
from infra.execution.local import Local
from infra.execution.steps import Runner
from infra.progress import say
from infra.settings import Gpus, Place, settings

PLACES: tuple[Place, ...] = get_args(Place)
GPUS: tuple[Gpus, ...] = get_args(Gpus)
Word = TypeVar("Word", bound=str)


def choose(on: str | None, asked_gpus: str | None, needs: tuple[images.Name, ...] = ("train",)) -> Runner:
    """The runner that the flags ask for, by default the settings.

    ``auto`` is docker where an engine answers and has an image of the present lock for each of
    ``needs``: what it never does by itself is a long build. Containers get their images now, so
    that a build which fails does so before any work.

    Raises:
        UsageError: a flag that can't be used; GPUs that were asked for and aren't there.
        MissingPartError: docker was asked for and there is none.
    """
    place = _one_of("on", on or settings().execution.on, PLACES)
    wish = _one_of("gpus", asked_gpus or settings().execution.gpus, GPUS)
    if place == "ray":
        if wish == "all":
            raise UsageError(
                "--gpus all needs --on local or docker: on a cluster trainings take the GPUs that nodes have"
            )
        return Cluster(settings().execution.cluster, sent=settings().execution.folders == "sent")
    if place == "local" or (place == "auto" and not engine.answers()):
        return locally(wish)
    with_gpus = gpus.wanted(wish)
    chosen = [images.IMAGES["train-gpu" if with_gpus and name == "train" else name] for name in needs]
    if place == "auto" and wish != "all" and not all(map(images.has_environment, chosen)):
        return locally(wish)
    tags = [images.ensure(image) for image in chosen]
    say(f"steps run in containers of {', '.join(tags)}")
    return Containers(with_gpus=with_gpus, must_have_gpus=wish == "all")


def locally(wish: Gpus, more: Mapping[str, str] | None = None) -> Local:
    """Local environments, for GPUs where they are wished for and there; ``more`` are environment variables of steps.

    Raises:
        UsageError: all were asked for, and there are none.
    """
    return Local(with_gpus=gpus.here(wish), must_have_gpus=wish == "all", more=more)


def by_hand(on: str | None, asked_gpus: str | None, more: Mapping[str, str]) -> Local:
    """The runner of one worker among those of several machines, with the environment variables that say which.

    Raises:
        UsageError: it would be a container, which has no network.
    """
    if _one_of("on", on or "local", PLACES) not in ("local", "auto"):
        raise UsageError(f"--worker needs --on local, not {on}: a container has no network to reach the others by")
    return locally(_one_of("gpus", asked_gpus or settings().execution.gpus, GPUS), more)


def _one_of(flag: str, word: str, known: tuple[Word, ...]) -> Word:
    for one in known:
        if one == word:
            return one
    raise UsageError(f"--{flag}: {word!r} is none of {', '.join(known)}")
