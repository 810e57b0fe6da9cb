"""The one comment under a pull request that is kept up to date, through GitHub's own client."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from infra.errors import CommandError
from infra.execution import processes
from infra.settings import ROOT

MARK = "<!-- digitlens: preview -->"
"""Begins the comment, unseen: what else the same account writes there is left alone, as is a stranger's copy of it."""
OURS = f'.comments[] | select(.viewerDidAuthor and (.body | startswith("{MARK}"))) | .url'
PATIENCE_SECONDS = 120.0


def post(number: str, text: str) -> str:
    """Write ``text`` under a pull request: into the comment that is ours, or into a new one. Returns its address.

    `gh` finds repository and token in its environment: GH_REPO and GH_TOKEN.

    Raises:
        CommandError: GitHub refused it. MissingPartError: there is no `gh`.
    """
    with tempfile.TemporaryDirectory() as folder:
        body = Path(folder, "comment.md")
        body.write_text(f"{MARK}\n{text}\n", "utf-8")
        found = _gh("pr", "view", number, "--json", "comments", "--jq", OURS).split()
        if not found:
            return _gh("pr", "comment", number, "--body-file", str(body))
        place = f"repos/{{owner}}/{{repo}}/issues/comments/{found[-1].rpartition('-')[2]}"
        return _gh("api", "--method", "PATCH", place, "--field", f"body=@{body}", "--jq", ".html_url")


def _gh(*words: str) -> str:
    command = ["gh", *words]
    try:
        done = processes.capture(command, cwd=ROOT, environment={}, seconds=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise CommandError("gh", command, 124, [f"no answer in {PATIENCE_SECONDS:.0f} s"]) from error
    if done.returncode:
        raise CommandError("gh", command, done.returncode, done.stdout.splitlines()[-processes.LAST_LINES :])
    return done.stdout.strip()
