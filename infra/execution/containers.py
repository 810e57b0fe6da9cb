"""Runs steps in containers of their images.

A container sees its inputs read-only and the folder of its output, under the paths they have here,
so that a step is called as it is locally. It has no network, and its files belong to the caller.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import queue
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from infra.errors import ERROR, BusyError, MissingPartError, UsageError
from infra.execution import engine, gpus, images, locks, processes
from infra.execution.output import read_lines
from infra.execution.steps import Step
from infra.progress import say
from infra.settings import settings

if TYPE_CHECKING:
    from docker.models.containers import Container
    from docker.types import Mount

PLACE = "digitlens.place"
"""Label: the folder of the output and the step's name; one container at a time has it."""
CALL = "digitlens.call"
"""Label: hash of image and arguments; who calls the same may go on with a container."""
HOST = "digitlens.host"
"""Label: the process that started it."""
SIGNALLED = 128
SCRATCH = "rw,nosuid,nodev,mode=1777"


class Containers:
    """A runner: each step in a container of its image, which is built first where it is absent."""

    def __init__(
        self,
        *,
        with_gpus: bool = False,
        must_have_gpus: bool = False,
        image_of: Callable[[Step], str] | None = None,
    ) -> None:
        """``image_of`` says which image a step runs in, by default the project's own."""
        self.with_gpus, self.variables = with_gpus, gpus.variables(must_have_gpus)
        self._image_of = image_of or self._own_image

    def run(self, step: Step) -> None:
        """Run ``step`` to its end, its lines on stderr."""
        tag = self._image_of(step)
        folder = step.output.parent
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise UsageError(f"{step.name} can't write to {folder}: choose another folder, or change its owner")
        with locks.refusing(step.lock, str(step.output)), engine.expected(step.name):
            container = _left_behind(step, tag) or self._create(step, tag)
            try:
                _start(container)
                ended = _follow(step, container)
            finally:
                end(container)
        processes.judge(step.name, ["docker", "run", tag, *step.arguments()], *ended)

    def _own_image(self, step: Step) -> str:
        names: dict[str, images.Name] = {"train": "train-gpu" if self.with_gpus else "train", "convert": "convert"}
        if step.environment not in names:
            raise UsageError(f"there is no image for {step.name}: --on local")
        return images.ensure(images.IMAGES[names[step.environment]])

    def _create(self, step: Step, tag: str) -> Container:
        from docker.errors import APIError
        from docker.types import DeviceRequest, LogConfig

        limits = settings().execution
        wants_gpus = self.with_gpus and step.environment == "train"
        name = _name(step)
        try:
            return engine.connect().containers.create(
                tag,
                step.arguments(),
                name=name,
                environment=self.variables,
                labels={
                    engine.OURS: tag,
                    PLACE: _place(step),
                    CALL: _call(step, tag),
                    HOST: str(os.getpid()),
                },
                user=_user(),
                # A rootless engine can't hand on the groups that its user has; remapped ids are switched off.
                group_add=[] if engine.is_rootless() else [str(group) for group in os.getgroups()],
                userns_mode="host" if engine.is_remapped() else None,
                platform=engine.platform(),
                mounts=mounts(step),
                read_only=True,
                tmpfs={"/tmp": SCRATCH},
                network_mode="none",
                cap_drop=["ALL"],
                # Root reads and writes what belongs to others, here as outside.
                cap_add=["DAC_OVERRIDE"] if os.getuid() == 0 else [],
                # What it may see is said by its mounts; no file of the caller's gets a label.
                security_opt=["no-new-privileges", *(["label=disable"] if engine.has_selinux() else [])],
                shm_size=limits.shared_memory,
                mem_limit=limits.memory or None,
                memswap_limit=limits.memory or None,
                nano_cpus=round(limits.cpus * 1e9) or None,
                device_requests=[DeviceRequest(count=-1, capabilities=[["gpu"]])] if wants_gpus else [],
                log_config=LogConfig(type="json-file"),
            )
        except APIError as error:
            if error.status_code == 409:
                raise BusyError(
                    f"there is a container {name} that isn't this project's: rename it "
                    f"(`docker rename {name} …`) or remove it, then repeat"
                ) from error
            raise


def mounts(step: Step) -> list[Mount]:
    """The inputs, read-only, and the folder in which the output takes its name."""
    from docker.types import Mount

    writable = step.output.parent
    readable = {path.parent if flag in step.companions else path for flag, path in step.inputs.items()}
    readable |= {*step.named, *(path for path in step.surroundings if path.exists())}
    if writable in readable:
        raise UsageError(f"{step.name} can't write to {writable}, all of which it reads: choose another output folder")
    found = [Mount(str(path), str(path.resolve()), type="bind", read_only=True) for path in sorted(readable)]
    return [*found, Mount(str(writable), str(writable.resolve()), type="bind")]


def end(container: Container) -> None:
    """End ``container``, politely first, and remove it."""
    from docker.errors import APIError
    from requests.exceptions import RequestException

    for signal, seconds in (("SIGINT", processes.GRACE_SECONDS), ("SIGTERM", 5.0), ("SIGKILL", 5.0)):
        try:
            container.kill(signal)
            container.wait(timeout=seconds)
        except (RequestException, KeyboardInterrupt):
            # Too slow, or a second Ctrl-C, which means: now.
            continue
        except APIError:
            break  # it has ended
    with contextlib.suppress(APIError, RequestException):
        container.remove(force=True, v=True)


def _start(container: Container) -> None:
    from docker.errors import APIError

    if container.status != "created":
        return
    try:
        container.start()
    except APIError as error:
        if "device driver" in str(error) or "nvidia" in str(error):
            raise MissingPartError(
                f"the engine hands out no GPU: {error.explanation}\n{gpus.explanation()}\n  remedy: {gpus.REMEDY}"
            ) from error
        raise


def _follow(step: Step, container: Container) -> tuple[int, list[str], list[str]]:
    """Say what ``container`` says until it ends; its exit code, negative for a signal, and what `relay` returns."""
    lines: queue.Queue[str | None] = queue.Queue()
    chunks = container.logs(stream=True, follow=True)
    threading.Thread(target=read_lines, args=(chunks, lines), daemon=True).start()
    last, held = processes.relay(step.name, lines, is_step=True)
    status = int(container.wait()["StatusCode"])
    container.reload()
    state: dict[str, Any] = container.attrs["State"]
    if status and not held:
        # Engines have been seen to drop the end of what is followed: an error's last lines are asked for again.
        said = bytes(container.logs(tail=processes.LAST_LINES)).decode("utf-8", "replace")
        last = [line.rstrip() for line in said.replace("\r", "\n").splitlines() if line.strip()][
            -processes.LAST_LINES :
        ]
        first = next((place for place, line in enumerate(last) if line.startswith(ERROR)), len(last))
        last, held = last[:first], last[first:]
    if state.get("OOMKilled"):
        limit = settings().execution.memory or "all of this machine's"
        last.append(f"killed, out of memory ({limit}): raise [execution] memory, or lower the batch size")
    return (SIGNALLED - status if status > SIGNALLED else status), last, held


def _left_behind(step: Step, tag: str) -> Container | None:
    """A container of a killed ./inv to go on with; None where there is none, or it was removed.

    Raises:
        BusyError: its ./inv lives, or nobody said what to do with it.
    """
    for container in engine.connect().containers.list(all=True, filters={"label": f"{PLACE}={_place(step)}"}):
        host = int(container.labels.get(HOST, 0))
        if host != os.getpid() and _lives(host):
            raise BusyError(f"{container.name} is making {step.output} for process {host}: wait for it, or end it")
        same = container.labels.get(CALL) == _call(step, tag)
        match _decision(step, container, same=same):
            case "attach" if same:
                say(f"{step.name}: goes on with {container.name} ({container.status})")
                return container
            case "remove":
                say(f"{step.name}: removes {container.name}")
                end(container)
            case _:
                ways = [*(["attach"] if same else []), "remove"]
                raise BusyError(
                    f"{container.name} ({container.status}) was left by a killed ./inv; say what to do with it: "
                    + " or ".join(f"DIGITLENS_EXECUTION_LEFTOVER={way}" for way in ways)
                )
    return None


def _decision(step: Step, container: Container, *, same: bool) -> str:
    decided = settings().execution.leftover
    if decided != "ask" or not sys.stdin.isatty():
        return decided
    say(f"{step.name}: {container.name} ({container.status}) was left by a killed ./inv")
    # Not as input()'s prompt, which goes to stdout: that may be redirected, and is for results.
    print("[a]ttach to it, [r]emove it, or stop? " if same else "[r]emove it, or stop? ", file=sys.stderr, flush=True)
    return {"a": "attach", "r": "remove"}.get(input().strip().lower()[:1], "ask")


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _user() -> str:
    return "0:0" if engine.is_rootless() else f"{os.getuid()}:{os.getgid()}"


def _place(step: Step) -> str:
    return f"{step.output.parent.resolve()}:{step.name}"


def _name(step: Step) -> str:
    return f"digitlens-{step.name.replace(' ', '-')}-{_hash(_place(step))[:8]}"


def _call(step: Step, tag: str) -> str:
    return _hash("\0".join([tag, *step.arguments()]))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
