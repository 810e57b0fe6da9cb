"""What isn't deployed, and the task that mends it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from infra.browser import frontend
from infra.errors import RefusedError, UsageError
from infra.hosting import admission, verification
from infra.page import identity, site
from infra.runs import catalogue
from infra.runs.run import Run
from tests.hosting import standins
from tests.hosting.conftest import Deployer, describe, git, write_origin

BUDGET = 12.0


def gate(deployer: Deployer, value: object) -> None:
    manifest = deployer.dist / site.MODEL / "manifest.json"
    content = json.loads(manifest.read_text("utf-8")) | {"gate": value}
    manifest.write_text(json.dumps({key: value for key, value in content.items() if value is not None}), "utf-8")
    describe(deployer.dist)


def damage_model(deployer: Deployer) -> None:
    (deployer.dist / site.MODEL / "weights-0123456789abcdef.bin").write_bytes(b"else")
    describe(deployer.dist)


def rebuild(deployer: Deployer) -> None:
    (deployer.dist / "index.html").write_text("new", "utf-8")
    describe(deployer.dist)


def truncate_manifest(deployer: Deployer) -> None:
    manifest = deployer.dist / site.MODEL / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8")[:-9], "utf-8")


def findings(deployer: Deployer, budget_mb: float = BUDGET) -> str:
    with pytest.raises(RefusedError) as caught:
        admission.require(admission.of_site(deployer.dist, run(), budget_mb))
    return str(caught.value)


def run() -> Run:
    return catalogue.find(catalogue.SYNTHETIC)


def test_a_whole_site_is_fine(here: Deployer) -> None:
    admission.require(admission.of_site(here.dist, run(), BUDGET))


@pytest.mark.parametrize(
    ("damage", "finding", "remedy"),
    [
        (lambda it: (it.dist / "index.html").write_text("x"), "index.html", "./inv frontend.build"),
        (lambda it: (it.dist / "more.js").write_text("x"), "more.js", "./inv frontend.build"),
        (lambda it: (it.dist / "model/manifest.json").write_text('{"name": "x"}'), "manifest", "./inv frontend.build"),
        (truncate_manifest, "model/manifest.json", "./inv frontend.build --run digits-synthetic"),
        (damage_model, "weights-0123456789abcdef.bin of the model", "./inv frontend.build"),
        (lambda it: gate(it, {"passed": False}), "failed its gate", "./inv convert"),
        (lambda it: gate(it, None), "no gate", "./inv convert"),
        (rebuild, "older than the build", "./inv smoke --run digits-synthetic"),
        (lambda it: it.smoke("smoke", "x", passed=False), "smoke test failed", "./inv smoke --run digits-synthetic"),
        (lambda it: (run().smoke / "smoke.json").unlink(), "wasn't smoke-tested", "./inv smoke --run digits-synthetic"),
    ],
    ids=["changed", "added", "manifest", "truncated", "weights", "gate", "no-gate", "older", "failed", "untested"],
)
def test_a_refusal_names_the_task_that_mends_it(
    here: Deployer, damage: Callable[[Deployer], object], finding: str, remedy: str
) -> None:
    damage(here)
    said = findings(here)
    assert finding in said
    assert remedy in said


def test_the_remedies_keep_the_model_that_the_site_has(here: Deployer) -> None:
    """Or the tasks that mend a run's site would put the released model into it."""
    for name, build in (("signs", "./inv frontend.build --run signs"), (catalogue.RELEASED, "./inv frontend.build")):
        (here.dist / "index.html").write_text("x", "utf-8")
        for damage in (lambda it: None, damage_model, lambda it: gate(it, None)):
            damage(here)
            with pytest.raises(RefusedError) as caught:
                admission.require(admission.of_site(here.dist, catalogue.find(name), 0.0001))
            found = [line for line in str(caught.value).splitlines() if line.startswith("  - ")]
            assert len(found) > 1
            assert all(line.endswith(build) for line in found)
            assert all(f"./inv convert --run {name}" in line for line in found if "no gate" in line and name == "signs")


def test_what_is_deployed_is_the_run_that_was_built(deployer: Deployer) -> None:
    write_origin(deployer.dist, "signs")
    deployer.inv("deploy.preview", "--channel", "pr-7", code=1)
    assert "./inv smoke --run signs" in deployer.complaint
    (deployer.dist / site.ORIGIN).unlink()
    deployer.inv("deploy.preview", "--channel", "pr-7", code=2)
    assert "isn't a site that says what it was built from: ./inv frontend.build" in deployer.complaint


def test_a_smoke_test_with_other_headers_vouches_for_nothing(deployer: Deployer) -> None:
    rules = deployer.checkout / "firebase.json"
    tested = rules.read_text("utf-8")
    rules.write_text(tested.replace("'wasm-unsafe-eval'", ""), "utf-8")
    try:
        deployer.inv("deploy.preview", "--channel", "pr-7", code=1)
    finally:
        rules.write_text(tested, "utf-8")
    assert "the smoke test is older than firebase.json" in deployer.complaint
    assert "./inv smoke --run digits-synthetic" in deployer.complaint
    assert deployer.standin.calls == []


def test_a_site_over_its_budget_is_refused(here: Deployer) -> None:
    said = findings(here, 0.0001)
    assert "more than [hosting] budget_mb = 0.0001" in said
    assert "./inv convert --quantize uint8" in said


def test_without_a_site_there_is_nothing_to_deploy(here: Deployer) -> None:
    (here.dist / site.BUILD).unlink()
    with pytest.raises(UsageError, match=r"no readable build\.json: \./inv frontend\.build makes the site"):
        verification.hashes(here.dist)


def test_nothing_is_called_for_a_site_that_is_refused(deployer: Deployer) -> None:
    rebuild(deployer)
    deployer.inv("deploy.preview", "--channel", "pr-7", code=1)
    assert "not deployed:" in deployer.complaint
    assert deployer.standin.calls == []


def test_live_wants_a_clean_tree(deployer: Deployer) -> None:
    stray = deployer.checkout / "stray.txt"
    stray.write_text("x", "utf-8")
    try:
        deployer.inv("deploy.live", "--from", "pr-7", code=1)
    finally:
        stray.unlink()
    assert "the working tree has changes that no commit has" in deployer.complaint
    assert deployer.standin.calls == []


def test_live_wants_a_smoke_test_at_the_preview_and_its_very_files(deployer: Deployer) -> None:
    address = deployer.inv("deploy.preview", "--channel", "pr-7")
    deployer.inv("deploy.live", "--from", "pr-7", code=1)
    assert f"./inv smoke --run digits-synthetic --site {address}" in deployer.complaint
    deployer.smoke("smoke_deployed", address)
    standins.release(deployer.standin, "pr-7", {"/index.html": b"somebody else's"})
    deployer.inv("deploy.live", "--from", "pr-7", code=1, DIGITLENS_HOSTING_PATIENCE="8")
    assert "./inv deploy.preview --channel pr-7 puts it there" in deployer.complaint
    assert deployer.standin.serve("live") == {}


def test_what_was_built_in_a_dirty_tree_does_not_go_live(here: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the changes are put away in the meantime."""
    app = here.folder / "app"
    app.mkdir()
    (app / "index.html").write_text("<body></body>", "utf-8")
    web_model = here.folder / "web_model"
    (here.dist / site.MODEL).rename(web_model)
    monkeypatch.setattr(frontend, "app_folder", lambda: app)
    monkeypatch.setattr(frontend, "worker_scripts", list)
    monkeypatch.setattr("infra.git.ROOT", here.checkout)
    who = identity.Identity("en", "Digits", "Finds digits.", {"kind": "letter"}, "Starting", "Late", "No script")
    monkeypatch.setattr(identity, "of", lambda *_: who)
    monkeypatch.setattr("infra.page.icons.draw", lambda *_: None)
    monkeypatch.setattr("infra.page.shell.furnish", lambda *_: None)
    manifest = web_model / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text("utf-8")), "reading": "lines"}), "utf-8")
    readme = here.checkout / "README.md"
    readme.write_text("edited", "utf-8")
    try:
        site.assemble(web_model, here.dist, "digits-synthetic")
    finally:
        git(here.checkout, "checkout", "README.md")
    here.smoke("smoke", str(here.dist))
    here.preview()
    here.inv("deploy.live", "--from", "pr-7", code=1)
    assert "was built in a tree with changes that no commit has: ./inv frontend.build --run" in here.complaint
    assert "-dirty-" in here.standin.channels["pr-7"]["release"]["version"]["labels"]["deployment-tool"]
    # The same bytes, and yet another origin.
    site.assemble(web_model, here.dist, "digits-synthetic")
    here.preview()
    here.inv("deploy.live", "--from", "pr-7")
    assert here.standin.serve("live") == here.standin.serve("pr-7")


def test_a_preview_from_a_dirty_tree_does_not_go_live(deployer: Deployer) -> None:
    stray = deployer.checkout / "stray.txt"
    stray.write_text("x", "utf-8")
    try:
        deployer.preview()
    finally:
        stray.unlink()
    deployer.inv("deploy.live", "--from", "pr-7", code=1)
    assert "the preview was deployed from a tree with changes that no commit has" in deployer.complaint
    assert deployer.standin.serve("live") == {}
