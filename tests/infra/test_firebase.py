"""How the official client is started, and when it is ended."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from infra.execution import environments
from infra.hosting import firebase

UPLOAD = "[apiv2][status] POST https://host/upload/sites/s/versions/v/files"


def loaded(script: str, *, lean: bool) -> Any:
    """What ``script``, which prints JSON, says with the client's deploys as ``deploys``."""
    folder = environments.ensure("hosting").folder
    begin = f"const deploys = require({json.dumps(str(folder / 'node_modules/firebase-tools/lib/deploy'))});"
    words = ["node", *(["--require", str(firebase.LEAN)] if lean else []), "--eval", begin + script]
    return json.loads(subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout)


def test_the_client_starts_with_a_third_of_its_modules_and_misses_none() -> None:
    count = "console.log(Object.keys(require.cache).length)"
    assert loaded(count, lean=True) < 0.5 * loaded(count, lean=False)
    actions = (
        "console.log(JSON.stringify(Object.values(deploys.TARGETS)"
        ".map((target) => ['prepare', 'deploy', 'release'].map((name) => typeof target[name]))))"
    )
    assert loaded(actions, lean=True) == loaded(actions, lean=False)


def test_the_client_is_ended_once_it_repeats_what_it_was_refused() -> None:
    for status in (401, 403, 404, 409):
        assert not firebase.asks_in_vain(f"{UPLOAD}/1 {status}\n{UPLOAD}/2 {status}\n")
        assert firebase.asks_in_vain(f"{UPLOAD}/1 {status}\n{UPLOAD}/2 {status}\n{UPLOAD}/1 {status}\n")
    for status in (200, 400, 429, 503):
        assert not firebase.asks_in_vain(f"{UPLOAD}/1 {status}\n" * 5)
