"""Says of a published image who made it, from what, and what it contains: signature, provenance, bill of materials."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.errors import UsageError
from infra.execution import processes, published
from infra.settings import ROOT

BUILD_TYPE = "https://actions.github.io/buildtypes/workflow/v1"
"""What the fields of `provenance` mean."""
NEEDED = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_REF", "GITHUB_SHA", "GITHUB_WORKFLOW_REF", "GITHUB_RUN_ID")


def sign(reference: str, bill: Path, environment: Mapping[str, str]) -> None:
    """Sign the image ``reference`` as the workflow of ``environment``, and attest its provenance and ``bill``.

    Keyless: the workflow's own token is what is believed, and no key is kept.
    """
    said = provenance(environment)
    with tempfile.TemporaryDirectory() as folder:
        predicate = Path(folder, "provenance.json")
        predicate.write_text(json.dumps(said), "utf-8")
        for words in (
            ["sign", "--yes", reference],
            ["attest", "--yes", "--type", "cyclonedx", "--predicate", str(bill), reference],
            ["attest", "--yes", "--type", "slsaprovenance1", "--predicate", str(predicate), reference],
        ):
            processes.run(f"cosign {words[0]}", [published.cosign(), *words], cwd=ROOT)


def provenance(environment: Mapping[str, str]) -> dict[str, Any]:
    """SLSA's provenance, version 1, of a build by the workflow of ``environment``.

    Raises:
        UsageError: this is no workflow of GitHub.
    """
    if missing := [name for name in NEEDED if not environment.get(name)]:
        raise UsageError(f"--sign works in a workflow of GitHub, whose token signs: there is no {missing[0]} here")
    server, repository, ref, commit, workflow, number = (environment[name] for name in NEEDED)
    source = f"{server}/{repository}"
    path = workflow.removeprefix(f"{repository}/").partition("@")[0]
    return {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {"workflow": {"ref": ref, "repository": source, "path": path}},
            "resolvedDependencies": [{"uri": f"git+{source}@{ref}", "digest": {"gitCommit": commit}}],
        },
        "runDetails": {
            "builder": {"id": f"{server}/{workflow}"},
            "metadata": {"invocationId": f"{source}/actions/runs/{number}"},
        },
    }
