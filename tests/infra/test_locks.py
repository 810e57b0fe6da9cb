from __future__ import annotations

import json
from pathlib import Path

import pytest
from packaging.version import Version

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
        ("tensorflow==0; sys_platform == 'never'",) * 2 + ("2.0",) + ("tensorflow==0; sys_platform == 'never'",),
        ("-r test.in", "-r test.in", "1.0", "-r test.in"),
        ("pillow", "pillow", "13.0", "pillow"),
    ],
)
def test_pins_are_loosened_within_a_major_version_and_raised_never_lowered(
    line: str, loose: str, newest: str, pinned: str
) -> None:
    assert pins.loosened(line) == loose
    name = line.split("=")[0].split("[")[0]
    assert pins.pinned(line, {pins.normal(name): Version(newest)})[0] == pinned


def test_every_pin_of_the_inputs_is_understood() -> None:
    for file in [*locks.FOLDER.glob("*.in"), *locks.FOLDER.glob("*.overrides")]:
        for line in file.read_text("utf-8").splitlines():
            assert "==" not in line.split("#")[0].split(";")[0] or ";" in line or pins.loosened(line) != line, line


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
