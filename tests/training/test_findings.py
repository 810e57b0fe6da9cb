"""Findings are told in short, kept in full, and no two texts in them look alike."""

from __future__ import annotations

import csv
import unicodedata
from pathlib import Path

import pytest

from training.data import reports
from training.errors import AnnotationError
from training.findings import FILE, FIRST, Finding, Kind, Where, lines, shown, write


def many(count: int, *kinds: Kind) -> list[Finding]:
    return [Finding(kind, Where("a.csv", f"row {row}"), "class", "x") for kind in kinds for row in range(count)]


@pytest.mark.parametrize("kinds", [(Kind.MISSING,), (Kind.MISSING, Kind.CLASS), tuple(Kind)])
def test_fifty_thousand_findings_are_less_than_a_hundred_lines(kinds: tuple[Kind, ...]) -> None:
    found = many(50_000 // len(kinds), *kinds)
    told = lines(found)
    assert len(told) < 100
    for kind in kinds:
        assert f"{kind}: {50_000 // len(kinds):,}" in told
    assert sum(": x" in line for line in told) <= FIRST * len(kinds)


def test_the_most_frequent_kind_comes_first() -> None:
    told = lines([*many(1, Kind.CLASS), *many(3, Kind.MISSING)])
    assert told[0] == "photos that are missing: 3"


def test_a_failed_step_leaves_all_findings_beside_its_output(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError) as caught, reports.kept(tmp_path / "records"):
        raise AnnotationError("many", many(300, Kind.CLASS))
    assert str(caught.value).splitlines()[-1] == f"all of them: {tmp_path / FILE}"
    with (tmp_path / FILE).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 300
    assert {(row["file"], row["field"], row["fault"]) for row in rows} == {("a.csv", "class", "x")}
    assert rows[7]["element"] == "row 7"
    assert all(row["remedy"] for row in rows)
    with reports.kept(tmp_path / "records"):
        pass
    assert not (tmp_path / FILE).exists()


def test_somebody_elses_findings_stay(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("mine\n")
    with pytest.raises(AnnotationError), reports.kept(tmp_path / "records"):
        raise AnnotationError("many", many(3, Kind.CLASS))
    with reports.kept(tmp_path / "records"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert (tmp_path / FILE).read_text() == "mine\n"


ALIKE = ("1", "1 ", " 1", "1\u00a0", "1\u200b", "1\t", "\ufeff1", "1\u2003", "1\u00ad")
ACCENTS = [unicodedata.normalize(form, "é a") for form in ("NFC", "NFD")]
BLANKS = ["é a", "é  a", "é\u00a0a", "é\u2009a"]
DASHES = ["black-bishop", "black\u2013bishop", "black\u2010bishop", "black\u2212bishop"]
LETTERS = ["cop", "\u0441op", "\u0441\u043e\u0440", "c\u03bfp"]


@pytest.mark.parametrize("texts", [ALIKE, ACCENTS, BLANKS, DASHES, LETTERS])
def test_texts_that_look_alike_are_shown_differently(texts: list[str]) -> None:
    found = [shown(text) for text in texts]
    assert len(set(found)) == len(texts)
    # What is odd is visible: nothing but printable signs of their own, quoted where blanks stand at the ends.
    for text in found:
        assert text.isprintable()
        assert text == text.strip()
        assert not any(unicodedata.combining(sign) or (sign.isspace() and sign != " ") for sign in text)


@pytest.mark.parametrize("name", ["кошка", "γάτα", "猫", "Bär", "naïve", "d’Arc", "🦊", "Москва 2", "α"])
def test_a_name_of_any_script_is_shown_as_it_is(name: str) -> None:
    assert shown(name) == name


def test_findings_run_nothing_in_a_spreadsheet(tmp_path: Path) -> None:
    write([Finding(Kind.CLASS, Where("=A1.jpg"), "class", "=cmd is not one of 1")], tmp_path / FILE)
    [row] = csv.DictReader((tmp_path / FILE).read_text("utf-8").splitlines())
    assert row["file"] == "'=A1.jpg"
    assert row["fault"] == "'=cmd is not one of 1"


def test_a_name_that_is_not_utf8_can_be_shown() -> None:
    assert shown("caf\udce9.jpg") == "'caf\\udce9.jpg'"
    shown("caf\udce9.jpg").encode()
