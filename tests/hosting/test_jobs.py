"""Each workflow's jobs, run as far as a machine without GitHub can: every task, in order, with its environment."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks.certificate import Certificate
from tests.conftest import ROOT, TINY, copy_tracked
from tests.hosting import gh, google, standins
from tests.hosting.conftest import Deployer, commit, git
from tests.hosting.jobs import FOLDER, Runner, read
from tests.hosting.test_chromium import browser
from tests.hosting.test_secrets import with_canary

REFERENCES = Path(__file__).with_name("references")
BORROWED = (".mypy_cache",)
ELSEWHERE = ("DIGITLENS_PATHS_", "GOOGLE_APPLICATION_CREDENTIALS", "DIGITLENS_HOSTING_PROJECT")
"""What a job's own checkout and environment say."""
VALUES = {
    "vars.FIREBASE_PROJECT": google.PROJECT,
    "github.token": gh.TOKEN,
    "github.repository": "o/r",
    "github.run_id": "9871",
    "github.event.number": "7",
    "github.event.pull_request.base.sha": "main",
    "github.event.pull_request.head.sha": "head",
    "github.event.head_commit.message": "Reads sevens\n\nand more",
    "github.event.repository.default_branch": "main",
    "vars.WORKLOAD_IDENTITY_PROVIDER": "provider",
    "vars.DEPLOY_ACCOUNT": "account",
    "vars.MODEL_ACCOUNT": "other-account",
    "steps.builder.outputs.name": "builder",
}
"""Of GitHub's expressions."""


def lend_packages(packages: Path, folder: Path) -> None:
    """Links to the packages; those of the workspace are the checkout's own."""
    folder.mkdir()
    for package in packages.iterdir():
        if package.name == "@digitlens":
            shutil.copytree(package, folder / package.name, symlinks=True)
        else:
            (folder / package.name).symlink_to(package)


@pytest.fixture
def runner(deployer: Deployer, certificate: Certificate, tmp_path: Path) -> Runner:
    """A checkout of its own, a branch on a remote, and a `gh` that keeps what it is told."""
    checkout = tmp_path / "work"
    subprocess.run(["git", "clone", "--quiet", str(deployer.checkout), str(checkout)], check=True)
    shutil.copy(deployer.checkout / ".git/info/exclude", checkout / ".git/info/exclude")
    for name in (".environments", "infra/hosting/client/node_modules", *BORROWED):
        (ROOT / name).mkdir(exist_ok=True)
        (checkout / name).symlink_to(ROOT / name)
    lend_packages(ROOT / "frontend/node_modules", checkout / "frontend/node_modules")
    with (checkout / ".git/info/exclude").open("a") as file:
        file.write("\n".join([*BORROWED, "frontend/node_modules"]))
    git(tmp_path, "init", "--quiet", "--bare", "remote")
    git(checkout, "remote", "set-url", "origin", str(tmp_path / "remote"))
    own = {name: value for name, value in deployer.environment.items() if not name.startswith(ELSEWHERE)}
    own |= {
        "DIGITLENS_TOOLS_CHROMIUM": browser(tmp_path, certificate),
        "DIGITLENS_EXECUTION_ON": "local",
        "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"),
    }
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    own |= gh.install(temporary / "bin")
    made = Runner(checkout, temporary, own, deployer.environment["GOOGLE_APPLICATION_CREDENTIALS"], dict(VALUES))
    made.standins["./inv bench"] = lambda *_: measured(checkout / "runs" / "bench")
    return made


@pytest.fixture
def light_runner(tmp_path: Path) -> Runner:
    """The same without a site and without Google."""
    checkout, temporary = tmp_path / "work", tmp_path / "temporary"
    copy_tracked(checkout)
    (checkout / ".environments").symlink_to(ROOT / ".environments")
    (checkout / ".git/info/exclude").write_text(".environments\n", "utf-8")
    git(tmp_path, "init", "--quiet", "--bare", "remote")
    git(checkout, "remote", "add", "origin", str(tmp_path / "remote"))
    temporary.mkdir()
    return Runner(checkout, temporary, gh.install(temporary / "bin"), "", dict(VALUES))


def measured(folder: Path) -> None:
    """What a benchmark leaves, without taking its minutes."""
    size = {"name": "bytes | of the first visit", "value": 1_050_000.0, "unit": "B", "reach": 1_200_000}
    wait = {"name": "second visit, offline", "value": 0.484, "unit": "s", "reach": 1.0}
    score = {"name": "Lighthouse: performance", "value": None, "unit": "of 100", "reach": 95}
    rows = [{**row, "more_is_better": row is score} for row in (size, wait, score)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bench.json").write_text(json.dumps({"format_version": 1, "rows": rows}), "utf-8")


def comments(runner: Runner) -> list[str]:
    """What `gh` was given to write under the pull request, by comment."""
    return [one["body"] for one in json.loads(Path(runner.environment["GH_STATE"]).read_text("utf-8"))]


def pull_requests(runner: Runner) -> list[dict[str, str]]:
    """Those that `gh` was told to make."""
    found: list[dict[str, str]] = json.loads(Path(runner.environment["GH_PULLS"]).read_text("utf-8"))
    return found


def masked(comment: str) -> str:
    """Without what is another in each run."""
    for pattern, word in (
        (r"https://127\.0\.0\.1:\d+", "ADDRESS"),
        (r"`[0-9a-f]{16}`", "`VERSION`"),
        (r"`[0-9a-f]{12}(-dirty)?`", "`COMMIT`"),
        (r"20\d\d-\d\d-\d\dT[\d:.]+Z", "TIME"),
        (r"-?\d+\.\d%", "N%"),
        (r"\| 0\.\d{3} ", "| 0.N "),
        (r"\| \d[\d,]* (?=\|)", "| N "),
    ):
        comment = re.sub(pattern, word, comment)
    return comment


def test_a_change_is_built_shown_promoted_rolled_back_and_cleaned_up(deployer: Deployer, runner: Runner) -> None:
    standin = deployer.standin
    runner.job("preview", "build", matrix_side="change", matrix_ref="")
    # Without main's figures there is a preview all the same.
    runner.job("preview", "deploy")
    assert "| model | digits | - |" in comments(runner)[0]
    assert runner.address == standin.channels["pr-7"]["url"]
    assert runner.address in runner.summary
    # A fork's pull request has no preview, and its figures.
    signed_in = len(runner.used)
    runner.job("preview", "figures")
    assert runner.summary.startswith("### Figures of this change\n\n| | this pull request | main |")
    assert "google-github-actions/auth" not in runner.used[signed_in:]
    runner.job("preview", "build", matrix_side="main", matrix_ref="")
    runner.job("preview", "deploy")
    assert standin.serve("live") == {}
    assert [masked(text) for text in comments(runner)] == [(REFERENCES / "comment.md").read_text("utf-8")]
    runner.job("deploy", "preview")
    assert standin.serve("live") == {}
    # The next job begins with an empty checkout.
    for name in ("dist", "runs"):
        shutil.rmtree(runner.checkout / name)
    # Another deploy to its channel while it waits for approval: what was tested goes live.
    standins.release(standin, "preview-9871", {"/index.html": b"another"})
    runner.job("deploy", "promote")
    assert standin.serve("live") == standin.serve("pr-7")
    assert runner.address == standin.channels["live"]["url"]
    assert standin.channels["live"]["release"]["message"] == "Reads sevens"
    first, other = standin.version_of("live"), standin.version_of("pr-7")
    assert first != other
    runner.job("rollback", "rollback", inputs_version=other, inputs_message="7 is read as 1")
    assert standin.version_of("live") == other
    runner.job("rollback", "rollback", inputs_version="", inputs_message="")
    assert standin.version_of("live") == first
    runner.job("cleanup", "prune")
    assert sorted(standin.channels) == ["live"]
    assert with_canary(runner.temporary) == []
    # A job of continuous integration with the same steps, where all of it is current.
    runner.job("ci", "benchmark")


def test_every_job_of_continuous_integration_finds_what_it_calls(runner: Runner) -> None:
    """Its tests are collected only: this is one of them, and comes after the checks.

    Images and the benchmark, minutes each, are made for real in tests/images and tests/browser/benchmarks; the
    benchmark's job is run above.
    """
    collecting = {"PYTEST_ADDOPTS": "--collect-only"}
    runner.standins["./inv check"] = lambda *_: None
    runner.standins[".environments/host/bin/playwright install"] = lambda *_: None
    runner.standins["./inv images."] = lambda *_: None
    content = read(FOLDER / "workflows" / "ci.yml")["jobs"]
    runner.job("ci", "check")
    for suite in content["test"]["strategy"]["matrix"]["suite"]:
        # Vitest doesn't read pytest's options: it runs one test.
        one = {'--only "$SUITE"': '--only "$SUITE" -k "forgives what half precision loses"'}
        runner.elsewhere = one if suite == "frontend" else {}
        runner.job("ci", "test", collecting, matrix_suite=suite)
    for browser_engine in content["browser"]["strategy"]["matrix"]["engine"]:
        runner.job("ci", "browser", collecting, matrix_engine=browser_engine)
    runner.job("ci", "images", collecting)


def test_a_training_becomes_a_version_and_a_pull_request(runner: Runner, small_run: Path, tmp_path: Path) -> None:
    """As on a runner without GPUs; what was trained already is current."""
    runner.standins["./inv images.build --gpu"] = lambda *_: None
    runner.elsewhere = {" --on docker --gpus all": " --on local", " --on docker": " --on local"}
    runner.environment |= {"DIGITLENS_PIPELINE_CONFIG": str(TINY), "DIGITLENS_PIPELINE_GATE_PHOTOS": "20"}
    shutil.copytree(small_run, runner.checkout / "runs" / "v1")
    # So small a model isn't better than the released one.
    git(runner.checkout, "rm", "-r", "--quiet", "models/digits/web_model")
    commit(runner.checkout, "No model is released")
    images, annotations = (str(small_run / "photos" / name) for name in ("images", "annotations.csv"))
    given = {"inputs_version": "v1", "inputs_images": images, "inputs_annotations": annotations, "inputs_fetch": "svhn"}
    runner.standins["./inv data.fetch "] = lambda *_: None
    registry = tmp_path / "registry"
    runner.job("train", "train", **given)
    assert "google-github-actions/auth" not in runner.used
    # The next job is on another machine.
    shutil.rmtree(runner.checkout / "runs")
    runner.job("train", "keep", {"DIGITLENS_REGISTRY_LOCATION": str(registry)}, **given)
    assert (registry / "versions" / "v1.json").is_file()
    runner.job("train", "propose", **given)
    [pull_request] = pull_requests(runner)
    assert "there was no released model to compare it with" in pull_request["body"]
    proposed = json.loads(shown(tmp_path, "model/v1:models/digits/web_model/manifest.json"))
    made = json.loads((small_run / "web_model" / "manifest.json").read_text("utf-8"))
    # The job may convert again, at the commit that it is at: the same bytes, of the same training.
    for manifest in (proposed, made):
        del manifest["provenance"]["conversion_commit"]
    judged = json.loads(shown(tmp_path, "model/v1:models/digits/evaluation.json"))
    assert proposed.pop("evaluation")["converted"] == judged
    del made["evaluation"]
    # A release's terms stand beside it, in models/digits/terms.yaml.
    assert any(term["restricted"] for term in proposed.pop("terms"))
    assert proposed == made


def test_a_proposal_is_made_once_however_often_it_is_run(runner: Runner, tmp_path: Path) -> None:
    kept = runner.temporary / "artefacts" / "model"
    (kept / "models" / "digits").mkdir(parents=True)
    (kept / "models" / "digits" / "README.md").write_text("A better model", "utf-8")
    (kept / "runs" / "v1").mkdir(parents=True)
    (kept / "runs" / "v1" / "comparison.md").write_text("it reads more", "utf-8")
    start = subprocess.run(["git", "branch", "--show-current"], cwd=runner.checkout, capture_output=True, check=True)
    for day in (24, 25):
        runner.environment["GIT_COMMITTER_DATE"] = f"2026-11-{day}T00:00:00Z"
        runner.job("train", "propose", inputs_version="v1")
        [pull_request] = pull_requests(runner)
        assert pull_request == {"head": "model/v1", "base": "main", "title": "Model v1", "body": "it reads more"}
        assert shown(tmp_path, "model/v1:models/digits/README.md") == "A better model"
        # A job begins with a checkout that has no such branch.
        git(runner.checkout, "switch", "--quiet", start.stdout.decode().strip())
        git(runner.checkout, "branch", "--quiet", "-D", "model/v1")


def shown(folder: Path, name: str) -> str:
    """A file of a branch on the remote."""
    words = ["git", "--git-dir", str(folder / "remote"), "show", name]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def test_pins_of_last_year_become_a_pull_request_once_however_often_the_job_runs(
    light_runner: Runner, tmp_path: Path
) -> None:
    """On one lock of each kind; the host's would make the environment anew that this test runs in."""
    runner = light_runner
    runner.elsewhere = {"--raise-pins": "--raise-pins --only image,tests/browser/recognizer/bundlers"}
    pinned = runner.checkout / "requirements" / "image.in"
    now = pinned.read_text("utf-8")
    pinned.write_text(re.sub(r"uv==\S+", "uv==0.13.2", now), "utf-8")
    commit(runner.checkout, "As it was")
    for _ in range(2):
        runner.job("locks", "update")
        git(runner.checkout, "checkout", "--quiet", ".")
        runner.job("locks", "propose")
        [pull_request] = pull_requests(runner)
        assert re.search(r"- uv 0\.13\.2 -> \S+ \(image\.in\)", pull_request["body"])
        git(runner.checkout, "switch", "--quiet", "main")
        git(runner.checkout, "branch", "--quiet", "-D", "locks")
    proposed, locked = (shown(tmp_path, f"locks:requirements/image.{kind}") for kind in ("in", "txt"))
    [version] = re.findall(r"uv==(\S+)", proposed)
    assert version != "0.13.2"
    assert f"uv=={version} \\\n    --hash=sha256:" in locked
    assert "# installs the environment" in proposed
    assert "resolved" not in shown(tmp_path, "locks:tests/browser/recognizer/bundlers/package-lock.json")
    # Where nothing is to be raised, there is nothing to propose.
    git(runner.checkout, "fetch", "--quiet", "origin", "locks")
    git(runner.checkout, "merge", "--quiet", "--ff-only", "FETCH_HEAD")
    Path(runner.environment["GH_PULLS"]).write_text("[]", "utf-8")
    runner.job("locks", "update")
    runner.job("locks", "propose")
    assert pull_requests(runner) == []
