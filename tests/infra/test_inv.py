from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.errors import RefusedError, ServiceError
from infra.page import smoke
from infra.runs.run import Run
from infra.settings import ROOT
from tests.infra.conftest import Inv
from tests.infra.test_environments import lock_of

TASKS = (
    "pipeline",
    "doctor",
    "check",
    "fix",
    "test",
    "train",
    "tensorboard",
    "evaluate",
    "export",
    "convert",
    "smoke",
    "serve",
    "data.synthesize",
    "data.records",
    "frontend.build",
    "model.push",
    "model.pull",
    "model.list",
    "model.release",
    "model.card",
    "deploy.preview",
    "deploy.live",
    "deploy.rollback",
    "deploy.list",
    "deploy.prune",
    "deploy.diff",
    "deploy.comment",
    "environments.install",
    "images.build",
    "images.list",
    "images.sbom",
    "images.push",
    "images.prune",
    "images.publish",
    "locks.update",
    "project.rename",
)


def test_the_list_has_every_task(inv: Inv) -> None:
    listed = inv("--list").stdout
    assert [task for task in TASKS if f"  {task} " not in listed] == []


def test_the_list_imports_nothing_slow() -> None:
    code = "import sys, tasks; print(*{'pydantic', 'rich', 'playwright', 'docker'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


@pytest.mark.parametrize("task", TASKS)
def test_every_task_explains_every_flag(inv: Inv, task: str) -> None:
    answer = inv("--help", task)
    assert answer.returncode == 0
    assert "none" not in answer.stdout.split("Options:")[0].split()[-1:]
    flags = [line for line in answer.stdout.splitlines() if line.lstrip().startswith("-")]
    explained = [line for line in flags if len(line.split("   ")) > 1 or "  " in line.strip()]
    assert len(explained) == len(flags)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("trian",), "No idea what 'trian' is! did you mean train? (./inv --list shows the tasks)"),
        (("xyzzy",), "No idea what 'xyzzy' is! (./inv --list shows the tasks)"),
        (("train", "--rnu", "x"), "No idea what '--rnu' is! did you mean --run? (./inv --help TASK lists its flags)"),
        (("train", "--run"), "--run needs a value"),
        (("train", "--run", "nothing"), "there is no run nothing"),
        (("data.synthesize", "--kind", "big"), "--kind: 'big' is none of street, page, close, large"),
        (("train", "--run", "../x"), "can't name a run"),
        (("evaluate",), "evaluate needs --model, --images (./inv --help evaluate)"),
        (("evaluate", "--model", "nowhere", "--images", "x"), "--model: there is no folder"),
        (("evaluate", "--model", "~nobody-at-all/x", "--images", "x"), "~nobody-at-all/x leads nowhere"),
        (("evaluate", "--model", "x", "--images", "x", "--crop", "face"), "--crop: 'face' is none of none, number"),
        (("convert", "--detector", "x"), "--detector needs --saved-model"),
        (("convert", "--saved-model", "/tmp"), "--saved-model needs --run, --images and --annotations"),
        (("model.release", "nothing"), "there is no run nothing"),
        (("model.blend", "nothing", "--with", "models/digits", "--name", "x"), "there is no run nothing"),
        (
            ("model.blend", "a", "--with", "b", "--name", "c", "--share", "1.5"),
            "--share: '1.5' is no number from 0 to 1",
        ),
        (("model.blend", "a", "--with", "b", "--name", "c", "--share", "half"), "'half' is no number from 0 to 1"),
        (("model.release", "nothing", "--groups", "x"), "--groups needs --images"),
        (("model.release", "nothing", "--because", " "), "--because: ' ' is no reason in one line"),
        (("data.records",), "say which photos: --images FOLDER (or ZIP)"),
        (("pipeline", "-i", "x"), "No idea what '-i' is"),
        (
            ("pipeline", "--images", "/nowhere", "--annotations", "x"),
            "--images: there is no folder",
        ),
        (("pipeline", "--images", "~nobody-at-all/x"), "~nobody-at-all/x leads nowhere"),
        (("pipeline", "--annotations", "x"), "--annotations needs --images"),
        (("pipeline", "--photos", "many"), "--photos: 'many' is no whole number"),
        (("pipeline", "--photos", "1"), "--photos: 1 is below 10"),
        (("pipeline", "--quantize", "int4"), "--quantize: 'int4' is none of none, float16"),
        (("pipeline", "--config", "nowhere.yaml"), "--config: there is no file"),
        (("smoke", "--run", "nothing"), "there is no run nothing"),
        (("serve",), "./inv frontend.build makes the site"),
        (("serve", "--port", "70000"), "--port: 70000 is above 65535"),
        (("serve", "--port", "0"), "--port: 0 is below 1"),
        (("test", "--only", "units"), "there is no suite units"),
        (("environments.install", "--name", "moon"), "there is no environment 'moon'"),
    ],
)
def test_bad_usage_is_one_message_and_exit_code_2(inv: Inv, arguments: tuple[str, ...], message: str) -> None:
    answer = inv(*arguments)
    assert answer.returncode == 2, answer.stderr
    assert message in answer.stderr
    assert answer.stderr.startswith("error: ")
    assert "Traceback" not in answer.stderr


def test_what_the_system_refuses_is_one_message_with_a_remedy(inv: Inv, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    answer = inv("data.synthesize", "--photos", "10", DIGITLENS_PATHS_RUNS=str(tmp_path / "file" / "runs"))
    assert answer.returncode == 1
    assert "a file is where a folder should be" in answer.stderr
    assert "Errno" not in answer.stderr


def test_an_address_that_does_not_answer_is_one_message_with_a_remedy(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.predictions.mkdir(parents=True)
    (run.predictions / "predictions.jsonl").write_text("", "utf-8")
    with pytest.raises(ServiceError, match=r"http://127.0.0.1:9 doesn't answer.*\./inv deploy.list"):
        smoke.perform(run, tmp_path, "http://127.0.0.1:9")


def test_a_site_of_another_model_is_not_smoke_tested(tmp_path: Path) -> None:
    run, site = Run(tmp_path / "house"), tmp_path / "site"
    for file, name in ((run.web_model / "manifest.json", "a.bin"), (site / "model" / "manifest.json", "b.bin")):
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps({"files": [{"path": name}]}), "utf-8")
    run.predictions.mkdir(parents=True)
    (run.predictions / "predictions.jsonl").write_text("", "utf-8")
    with pytest.raises(RefusedError, match=r"another model than .*web_model: \./inv frontend\.build --run house"):
        smoke.perform(run, tmp_path, str(site))


def test_no_task_costs_what_it_did_not_make(inv: Inv, tmp_path: Path) -> None:
    kept = tmp_path / "photos"
    kept.mkdir()
    (kept / "thesis.txt").write_text("mine", "utf-8")
    answer = inv("data.synthesize", "--photos", "10", "--out", str(kept))
    assert answer.returncode == 2
    assert "exists and wasn't made by this task" in answer.stderr
    assert (kept / "thesis.txt").read_text("utf-8") == "mine"


def test_debug_shows_the_traceback(inv: Inv) -> None:
    assert "Traceback" in inv("train", "--run", "nothing", "--debug").stderr


def test_an_unknown_setting_is_said_before_anything_is_done(inv: Inv) -> None:
    answer = inv("train", DIGITLENS_SERVE_PROT="1")
    assert answer.returncode == 2
    assert "did you mean DIGITLENS_SERVE_PORT?" in answer.stderr


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A repository that is the wrapper, a small lock and a program that prints its arguments."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "infra").mkdir()
    shutil.copy(ROOT / "inv", tmp_path / "inv")
    (tmp_path / "requirements" / "host.txt").write_text(lock_of("iniconfig") + lock_of("uv", "host"), "utf-8")
    program = "import sys, iniconfig\nprint(*sys.argv[1:])\n"
    # A package of its own: an outer ./inv has put this repository on PYTHONPATH.
    (tmp_path / "infra" / "__init__.py").touch()
    (tmp_path / "infra" / "program.py").write_text(program, "utf-8")
    return tmp_path


def call(machine: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(machine / "inv"), "task"],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def path_with(folder: Path, *programs: str) -> str:
    """A PATH with nothing but ``programs``."""
    folder.mkdir()
    for program in programs:
        found = shutil.which(program)
        assert found, program
        (folder / program).symlink_to(found)
    return str(folder)


SHELL = ("bash", "env", "dirname", "cmp", "mkdir", "rm", "cp", "uname", "flock", "sed", "readlink")


def test_the_wrapper_makes_the_host_environment_once_per_lock(machine: Path) -> None:
    first = call(machine)
    assert first.stdout.split()[-1] == "task", first.stderr
    assert "making .environments/host" in first.stderr
    assert call(machine).stderr == ""
    with (machine / "requirements" / "host.txt").open("a", encoding="utf-8") as lock:
        lock.write("# new\n")
    assert "making .environments/host" in call(machine).stderr


def test_the_wrapper_needs_no_uv(machine: Path, tmp_path: Path) -> None:
    path = path_with(tmp_path / "bin", *SHELL)
    (tmp_path / "bin" / "python3").symlink_to(Path(sys.base_prefix) / "bin" / "python3")
    answer = call(machine, PATH=path)
    assert answer.stdout.split()[-1] == "task", answer.stderr


def test_without_python_there_is_one_message_with_a_remedy(machine: Path, tmp_path: Path) -> None:
    answer = call(machine, PATH=path_with(tmp_path / "bin", *SHELL))
    assert answer.returncode == 1
    assert answer.stderr.startswith("error: digitlens needs Python 3.11, 3.12 or 3.13, and there is none on PATH")
    assert "install" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


@pytest.mark.parametrize("version", ["3.9.2", "3.10.12", "3.14.0", "3.15.0"])
def test_another_python_is_refused_at_once(machine: Path, tmp_path: Path, version: str) -> None:
    path = path_with(tmp_path / "bin", *SHELL)
    python = tmp_path / "bin" / "python3"
    whole = tuple(map(int, version.split(".")))
    python.write_text(
        f"#!{sys.executable}\nimport sys\nif sys.argv[1] == '-V': sys.exit(print('Python {version}'))\n"
        f"sys.version_info = {whole}\nexec(sys.argv[2])\n",
        "utf-8",
    )
    python.chmod(0o755)
    answer = call(machine, PATH=path)
    assert answer.returncode == 1
    assert f"there is none on PATH (Python {version})" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
    assert not (machine / ".environments").joinpath("host").exists()


def pretend(folder: Path, machine_name: str) -> str:
    """A PATH on which the machine is another."""
    path = path_with(folder, *(program for program in SHELL if program != "uname"))
    uname = folder / "uname"
    uname.write_text(f'#!/usr/bin/env bash\n[ "$1" = -m ] && echo {machine_name} || echo Linux\n', "utf-8")
    uname.chmod(0o755)
    return path


@pytest.mark.parametrize("machine_name", ["aarch64", "arm64"])
def test_arm64_has_a_lock_of_its_own(machine: Path, tmp_path: Path, machine_name: str) -> None:
    lock = machine / "requirements" / "host.txt"
    lock.rename(lock.with_name("host.arm64.txt"))
    answer = call(machine, PATH=pretend(tmp_path / "bin", machine_name) + ":" + os.environ["PATH"])
    assert answer.returncode == 0, answer.stderr
    assert "from requirements/host.arm64.txt" in answer.stderr


def test_a_machine_without_locks_is_refused_at_once(machine: Path, tmp_path: Path) -> None:
    answer = call(machine, PATH=pretend(tmp_path / "bin", "armv7l"))
    assert answer.returncode == 1
    assert "this machine is armv7l" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


@pytest.mark.parametrize("relative", [False, True])
def test_the_wrapper_is_found_through_a_link(machine: Path, tmp_path: Path, relative: bool) -> None:
    (tmp_path / "bin").mkdir()
    link = tmp_path / "bin" / "inv"
    link.symlink_to("../inv" if relative else machine / "inv")
    (tmp_path / "second").symlink_to(link)
    answer = subprocess.run(
        [str(tmp_path / "second"), "task"], capture_output=True, text=True, check=False, timeout=120
    )
    assert answer.stdout.split()[-1] == "task", answer.stderr
    assert not (tmp_path / "bin" / ".environments").exists()


def test_an_install_that_fails_is_tried_again(machine: Path) -> None:
    lock = machine / "requirements" / "host.txt"
    good = lock.read_text("utf-8")
    lock.write_text(good.replace("sha256:", "sha256:0000"), "utf-8")
    assert call(machine).returncode != 0
    lock.write_text(good, "utf-8")
    assert call(machine).returncode == 0
