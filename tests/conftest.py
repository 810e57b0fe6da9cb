"""Options and fixtures of more than one suite.

Loaded in every environment: nothing but the standard library and pytest.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TINY = ROOT / "tests" / "pipeline" / "tiny.yaml"
LIMIT_SECONDS = 600.0


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("smoke", "the smoke test of a built site")
    group.addoption("--site", help="built site, a folder or an address (default: a small run's)")
    group.addoption("--photos", type=Path, help="folder of validation photos")
    group.addoption("--predictions", type=Path, help="what the web model says of them, JSON lines")
    group.addoption("--picture", type=Path, help="where to leave a picture of the page")
    images = parser.getgroup("images", "the images that steps run in")
    images.addoption("--gpu-image", action="store_true", help="build the training image for GPUs, too (about 7 GB)")
    group.addoption("--photo-count", type=int, default=6, help="how many the page is asked to read")


def copy_tracked(root: Path) -> None:
    """Make ``root`` a repository of its own with all that is tracked here, or will be, but the released weights."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", ":!models/*/web_model/*.bin"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
    own = ["-c", "user.name=Test", "-c", "user.email=test@localhost"]
    for words in (
        ["init", "--quiet", "--initial-branch", "main"],
        ["add", "--all"],
        ["commit", "--quiet", "-m", "Copy"],
    ):
        subprocess.run(["git", *own, *words], cwd=root, check=True)


@dataclass(frozen=True)
class Place:
    """Runs and a site apart from the user's."""

    folder: Path

    @property
    def site(self) -> Path:
        return self.folder / "site"

    def run(self, name: str) -> Path:
        return self.folder / "runs" / name

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DIGITLENS_PATHS_RUNS": str(self.folder / "runs"),
            "DIGITLENS_PATHS_SITE": str(self.site),
            "DIGITLENS_EXECUTION_ON": "local",
            "DIGITLENS_PIPELINE_GATE_PHOTOS": "20",
        }

    def inv(self, *arguments: str, timeout: float = LIMIT_SECONDS) -> subprocess.CompletedProcess[str]:
        """Run `./inv` with ``arguments``, whatever becomes of it."""
        return subprocess.run(
            [str(ROOT / "inv"), *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def inv_until(
        self, words: Sequence[str], text: str, end: Callable[[subprocess.Popen[str]], object]
    ) -> tuple[int, str]:
        """Run `./inv` with ``words`` and call ``end`` once it has said ``text``; its exit code and all it said."""
        task = subprocess.Popen(
            [str(ROOT / "inv"), *words],
            cwd=ROOT,
            env=self.environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        assert task.stderr is not None
        said = ""
        # One that doesn't end fails its test instead of holding up all others.
        limit = threading.Timer(LIMIT_SECONDS, os.killpg, (task.pid, signal.SIGKILL))
        limit.start()
        with task.stderr:
            for line in task.stderr:
                # Once: the message of a failed step repeats its last lines.
                if text in line and text not in said:
                    end(task)
                said += line
        limit.cancel()
        return task.wait(60), said


@pytest.fixture(scope="session")
def small_place() -> Place:
    """Kept between sessions: what is current isn't made again."""
    return Place(ROOT / ".cache" / "tests" / "place")


@pytest.fixture(scope="session")
def small_run(small_place: Place) -> Path:
    """A finished run on a few synthetic photos, made once in a call of `./inv test`, whose suites run side by side."""
    session, made = os.environ.get("ONE_TEST_CALL"), small_place.folder / "session"
    small_place.folder.mkdir(parents=True, exist_ok=True)
    with (small_place.folder / "session.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if session is None or not made.exists() or made.read_text("utf-8") != session:
            words = ["pipeline", "--no-serve", "--name", "small", "--photos", "400", "--config", str(TINY)]
            done = small_place.inv(*words)
            assert done.returncode == 0, done.stderr
            made.write_text(session or "", "utf-8")
    return small_place.run("small")
