from __future__ import annotations

import threading
from pathlib import Path

import pytest

from infra.errors import BusyError
from infra.execution import locks


def test_a_second_maker_is_refused_and_later_admitted(tmp_path: Path) -> None:
    lock = tmp_path / ".out.lock"
    with (
        locks.refusing(lock, "out"),
        pytest.raises(BusyError, match="another process is making out"),
        locks.refusing(lock, "out"),
    ):
        pass
    with locks.refusing(lock, "out"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_waiting_maker_goes_on_when_the_first_is_done(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    order: list[str] = []

    def second() -> None:
        with locks.waiting(lock):
            order.append("second")

    with locks.waiting(lock):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]
