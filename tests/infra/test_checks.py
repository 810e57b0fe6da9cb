from __future__ import annotations

from pathlib import Path

import pytest

from infra.errors import RefusedError, UsageError
from infra.upkeep import checks, suites
from infra.upkeep.checks import Check


def test_every_check_runs_although_one_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    these = [
        Check("first", ("false",)),
        Check("second", ("touch", str(tmp_path / "second"))),
        Check("third", ("no-such-program",)),
    ]
    with pytest.raises(RefusedError, match="2 of 3 failed: first, third"):
        checks.run_all(these)
    assert (tmp_path / "second").exists()
    assert "ok: second" in capsys.readouterr().err


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    file = tmp_path / "test_mixed.py"
    lines = [
        "import pytest",
        "def test_good(): pass",
        "def test_bad(): assert False",
        "@pytest.mark.skip",
        "def test_left(): pass",
        "def test_also_good(): pass",
    ]
    file.write_text("\n".join(lines), "utf-8")
    return file


def test_suites_are_summed_in_a_closing_line(mixed: Path) -> None:
    both = [suites.Suite(name, "host", (str(mixed),)) for name in ("mixed", "again")]
    tally = suites.run_all(both, None)
    assert str(tally) == "4 passed, 2 failed, 2 skipped"
    assert sorted(tally.broken) == ["again", "mixed"]


def test_an_expression_may_leave_a_suite_without_tests(mixed: Path) -> None:
    suite = suites.Suite("mixed", "host", (str(mixed),))
    assert suites.run_all([suite], "nothing").broken == []
    assert str(suites.run_all([suite], "good")) == "2 passed, 0 failed, 0 skipped"


def test_a_suite_that_cannot_be_read_is_broken(tmp_path: Path) -> None:
    wrong = tmp_path / "test_wrong.py"
    wrong.write_text("import nothing_of_that_name\n", "utf-8")
    tally = suites.run_all([suites.Suite("wrong", "host", (str(wrong),))], None)
    assert tally.broken == ["wrong"]


def test_only_takes_suites_that_exist() -> None:
    assert [suite.name for suite in suites.choose("browser,unit")] == ["browser", "unit"]
    with pytest.raises(UsageError, match="there is no suite moon"):
        suites.choose("unit,moon")


def test_a_tool_without_a_wheel_for_this_machine_is_left_out_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "shellcheck" in {check.name for check in checks.checks()}
    monkeypatch.setattr(checks, "_host", lambda program: str(tmp_path / program))
    monkeypatch.setenv("PATH", str(tmp_path))
    found = {check.name: check.command for check in checks.checks()}
    assert "left out: shellcheck, which has no wheel for this machine" in capsys.readouterr().err
    assert "shellcheck" not in found
    assert found["actionlint"][1:3] == ("-shellcheck", "")
