"""Google's own audit of the page: Lighthouse, as a phone with a slow line, in the same Chromium."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.page import visits
from benchmarks.page.front import Front
from benchmarks.page.link import HOST
from benchmarks.page.rows import LIGHTHOUSE
from infra.browser import chromium
from infra.errors import CommandError
from infra.execution import environments, processes

SECONDS = 240.0
ATTEMPTS = 3
"""On a busy machine, Chromium's record of a visit may lack its begin: Lighthouse asks to be run again, then."""
AGAIN = "Please run Lighthouse again"


def lighthouse(front: Front) -> dict[str, Any]:
    """One report: ``scores`` 0–100 by category, and ``failed``, the titles of audits that cost points.

    Raises:
        CommandError: Lighthouse came to no result.
    """
    program = environments.ensure("lighthouse").folder / "node_modules" / ".bin" / "lighthouse"
    flags = ["--headless=new", *visits.flags(front)]
    with tempfile.TemporaryDirectory(prefix="digitlens-lighthouse-") as scratch:
        report = Path(scratch) / "report.json"
        command = [
            str(program),
            f"https://{HOST}:{front.port}/",
            "--quiet",
            "--no-enable-error-reporting",
            "--output=json",
            f"--output-path={report}",
            f"--only-categories={','.join(LIGHTHOUSE)}",
            f"--chrome-flags={' '.join(flags)}",
        ]
        for _ in range(ATTEMPTS):
            done = processes.capture(
                command, cwd=Path(scratch), environment={"CHROME_PATH": str(chromium.require())}, seconds=SECONDS
            )
            if AGAIN not in done.stdout:
                break
        if done.returncode or not report.exists():
            lines = done.stdout.splitlines()[-processes.LAST_LINES :]
            raise CommandError("lighthouse", command, done.returncode or 1, lines)
        return _summary(json.loads(report.read_text("utf-8")))


def _summary(report: dict[str, Any]) -> dict[str, Any]:
    scores, failed = {}, []
    for name in LIGHTHOUSE:
        category = report["categories"][name]
        scores[name] = round(100 * (category["score"] or 0.0))
        for reference in category["auditRefs"]:
            found = report["audits"][reference["id"]]
            if reference["weight"] and found["score"] is not None and found["score"] < 1:
                failed.append(f"{name}: {found['title']} ({found.get('displayValue') or found['score']})")
    return {"version": report["lighthouseVersion"], "scores": scores, "failed": failed}
