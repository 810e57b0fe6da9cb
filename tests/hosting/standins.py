"""State for the stand-in that would take the client seconds to make."""

from __future__ import annotations

import gzip
import hashlib
import json
import secrets
from typing import Any

from infra.settings import ROOT
from tests.hosting.google import NAME, Google


def release(
    standin: Google, channel: str, files: dict[str, bytes], headers: dict[str, str] | None = None, label: str = ""
) -> str:
    """Put ``files`` on ``channel`` as a version of their own; returns its name.

    Its ``headers`` are by default those of firebase.json; ``label`` is what the client noted on it.
    """
    version = secrets.token_hex(8)
    standin.files[version] = {}
    for path, content in files.items():
        packed = gzip.compress(content, mtime=0)
        value = hashlib.sha256(packed).hexdigest()
        standin.blobs[value] = packed
        standin.files[version][path] = value
    name = f"{NAME}/versions/{version}"
    own = {"headers": [{"glob": "**", "headers": headers}]} if headers else config()
    standin.versions[version] = {"name": name, "status": "FINALIZED", "config": own, "createTime": standin.now()}
    standin.versions[version]["labels"] = {"deployment-tool": label}
    entry = {
        "name": f"{NAME}/channels/{channel}/releases/{len(standin.releases) + 1000}",
        "version": standin.versions[version],
        "type": "DEPLOY",
        "releaseTime": standin.now(),
        "releaseUser": {"email": "somebody@localhost"},
    }
    standin.releases.append(entry)
    standin.channels[channel]["release"] = entry
    return version


def channel(standin: Google, name: str, *, changed_days_ago: float = 0.0) -> None:
    """Make an empty channel."""
    standin.open_channel(name, 86400.0)["updateTime"] = standin.now(-86400 * changed_days_ago)


def config() -> dict[str, Any]:
    """The headers of firebase.json as the API has them."""
    rules = json.loads((ROOT / "firebase.json").read_text("utf-8"))["hosting"]["headers"]
    return {
        "headers": [
            {
                ("glob" if "source" in rule else "regex"): rule.get("source") or rule["regex"],
                "headers": {header["key"]: header["value"] for header in rule["headers"]},
            }
            for rule in rules
        ]
    }
