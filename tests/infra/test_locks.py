from __future__ import annotations

import json
from pathlib import Path

from infra.upkeep import locks


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
