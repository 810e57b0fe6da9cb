"""The real page, deployed to a preview, smoke-tested there in Chromium, and promoted."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from benchmarks.certificate import Certificate
from infra.browser import chromium
from tests.conftest import Place
from tests.hosting.conftest import Deployer, write_origin

SHARED = ("photos", "records", "predictions", "web_model")


def browser(folder: Path, certificate: Certificate) -> str:
    """A Chromium that trusts the stand-in's key, and no other that it wouldn't."""
    script = folder / "chromium"
    flag = f"--ignore-certificate-errors-spki-list={certificate.pin}"
    script.write_text(f'#!/bin/sh\nexec "{chromium.require()}" "{flag}" "$@"\n', "utf-8")
    script.chmod(0o755)
    return str(script)


def test_the_page_is_tested_at_its_preview_and_goes_live(
    deployer: Deployer, certificate: Certificate, small_run: Path, small_place: Place
) -> None:
    run = deployer.folder / "runs" / "small"
    run.mkdir()
    for name in SHARED:
        (run / name).symlink_to(small_run / name)
    shutil.copy(small_run / "run.json", run)
    shutil.rmtree(deployer.dist)
    shutil.copytree(small_place.site, deployer.dist)
    write_origin(deployer.dist, "small")
    deployer.environment["DIGITLENS_TOOLS_CHROMIUM"] = browser(deployer.folder, certificate)
    shutil.copytree(small_run / "smoke", run / "smoke")
    address = json.loads(deployer.inv("deploy.preview", "--channel", "pr-7", "--json"))["url"]
    deployer.inv("deploy.live", "--from", "pr-7", code=1)
    deployer.inv("smoke", "--site", address, timeout=300)
    found = json.loads((run / "smoke_deployed" / "smoke.json").read_text("utf-8"))
    assert found["passed"]
    assert found["site"] == address
    deployer.inv("deploy.live", "--from", "pr-7")
    assert deployer.standin.serve("live") == deployer.standin.serve("pr-7")
    assert "/model/model.json" in deployer.standin.serve("live")
