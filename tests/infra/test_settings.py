from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from infra.errors import UsageError
from infra.settings import ROOT, Settings, load


def written(folder: Path, text: str) -> Path:
    file = folder / "digitlens.toml"
    file.write_text(text, "utf-8")
    return file


def test_the_file_in_the_repository_shows_the_defaults() -> None:
    assert load(ROOT / "digitlens.toml", {}) == Settings()


def test_no_file_means_defaults(tmp_path: Path) -> None:
    assert load(tmp_path / "digitlens.toml", {}) == Settings()


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, "[serve]\nport = 6000\n[synthetic]\nphotos = 77\n")
    found = load(file, {"DIGITLENS_SERVE_PORT": "6001", "HOME": "/"})
    assert (found.serve.port, found.synthetic.photos) == (6001, 77)


def test_relative_paths_are_relative_to_the_repository(tmp_path: Path) -> None:
    found = load(written(tmp_path, f'[paths]\nruns = "elsewhere"\nsite = "{tmp_path}"\n'), {})
    assert (found.paths.runs, found.paths.site) == (ROOT / "elsewhere", tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[serve]\nprot = 1\n", "digitlens.toml, [serve]: key prot is unknown; did you mean port?"),
        ("[server]\nport = 1\n", "section [server] is unknown; did you mean serve?"),
        ("[serve]\nport = 70000\n", "digitlens.toml, [serve] port: "),
        ('[pipeline]\nquantize = "int8"\n', "digitlens.toml, [pipeline] quantize: "),
        ("serve = 3\n", "digitlens.toml, [serve]"),
        ("[serve\n", "digitlens.toml isn't TOML"),
    ],
)
def test_a_wrong_key_or_value_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        load(written(tmp_path, text), {})
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("DIGITLENS_SERVE_PROT", "1", "did you mean DIGITLENS_SERVE_PORT?"),
        ("DIGITLENS_SERVE_PORT", "many", "environment variable DIGITLENS_SERVE_PORT: "),
    ],
)
def test_a_wrong_variable_is_named(tmp_path: Path, name: str, value: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        load(tmp_path / "digitlens.toml", {name: value})
    assert message in str(error.value)


def test_every_wrong_key_is_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        load(written(tmp_path, "[serve]\nprot = 1\n[paths]\nrun = 'x'\n"), {})
    assert len(str(error.value).splitlines()) == 2


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().serve.port = 1
