"""No secret gets out: canary credentials go through every task, loudly, and are looked for everywhere."""

from __future__ import annotations

from pathlib import Path

from tests.hosting.conftest import Deployer
from tests.hosting.tokens import CANARY


def with_canary(folder: Path) -> list[str]:
    own = {"subject-token"}
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in own]
    return [str(path) for path in files if CANARY.encode() in path.read_bytes()]


def test_no_task_gives_a_secret_away(deployer: Deployer, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    # Everything a program may be told to say, also where it fails; and all that it leaves behind.
    deployer.environment |= {"TMPDIR": str(scratch), "DEBUG": "*"}
    for loudly in ((), ("--debug",)):
        deployer.inv(*loudly, "deploy.preview", "--channel", "pr-7")
        deployer.smoke("smoke_deployed", deployer.standin.channels["pr-7"]["url"])
        deployer.inv(*loudly, "deploy.live", "--from", "pr-7")
        deployer.inv(*loudly, "deploy.list", "--json")
        deployer.inv(*loudly, "deploy.diff", "--channel", "pr-7")
        deployer.inv(*loudly, "deploy.comment", "--channel", "pr-7", "--main", str(tmp_path))
        deployer.inv(*loudly, "deploy.rollback", "--to", deployer.standin.version_of("pr-7"))
        deployer.inv(*loudly, "deploy.rollback", "--to", "0123", code=1 if loudly else 2)
        deployer.inv(*loudly, "deploy.prune", "--channel", "pr-7", "--dry-run")
        deployer.inv(*loudly, "deploy.prune", "--channel", "pr-7")
    deployer.standin.fail("POST .*/versions$", 401, expires=True)
    deployer.inv("--debug", "deploy.preview", "--channel", "pr-7", code=1)
    deployer.standin.fail("POST /sts/", 401)
    deployer.inv("--debug", "deploy.diff", code=1)
    deployer.environment["DIGITLENS_HOSTING_PATIENCE"] = "2"
    deployer.standin.fail("POST .*/iam/", reset=True, times=100)
    deployer.inv("--debug", "deploy.prune", "--older-than", "1d", code=1)
    assert "Traceback" in deployer.complaint
    # `Deployer.inv` looks through what was said.
    assert any(CANARY in token for token in deployer.standin.tokens.access)
    assert with_canary(tmp_path) == []
    assert with_canary(Path(deployer.checkout, ".git")) == []
    assert [path.name for path in scratch.iterdir() if path.name.startswith("digitlens")] == []
