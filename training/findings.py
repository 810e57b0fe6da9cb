"""What is wrong with photos and labels: one finding for each fault, and how they are told.

On a terminal findings are grouped by kind, each with its count, its first places and what to do; a file of findings
has every one of them.
"""

from __future__ import annotations

import csv
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from training.cells import guarded

FILE = "findings.csv"
HEADER = ("kind", "file", "element", "field", "fault", "remedy", "photo")
FIRST = 10
"""Findings of each kind that are listed; fewer where there are many kinds."""
MOST_LINES = 70


class Kind(StrEnum):
    """Kinds of faults, named as their headings."""

    FORMAT = "entries that can't be read"
    TWICE = "what stands twice"
    UNTIED = "labels of no photo"
    UNLABELLED = "photos without a label of their own, beside labels of no photo"
    NAME = "names that can't be a photo's"
    MISSING = "photos that are missing"
    SEVERAL = "names that several photos fit"
    UNREADABLE = "files that can't be read"
    SIZE = "sizes that differ"
    CLASS = "classes that aren't known"
    NUMBER = "values that aren't numbers"
    OUTSIDE = "boxes outside of their photo"
    AREA = "boxes without area"
    SHARES = "boxes in shares of their photo, among others in pixels"
    CROWD = "crowds"
    SPLIT = "splits without a photo"


REMEDIES = {
    Kind.FORMAT: "write the entry again as its format wants it",
    Kind.TWICE: "remove or rename one of the two",
    Kind.UNTIED: "add the photo that the label belongs to, or remove the label",
    Kind.UNLABELLED: "tie the labels to their photos: some may belong to these",
    Kind.NAME: "write the name of a file below the folder of photos",
    Kind.MISSING: "put the photo into the folder, or correct the name",
    Kind.SEVERAL: "write the name with its folder and ending",
    Kind.UNREADABLE: "open the photo and save it again, or replace it",
    Kind.SIZE: "label the photo as it is, or replace it by the one that was labelled",
    Kind.CLASS: "correct the name, or add it to the configuration's classes",
    Kind.NUMBER: "write a number of pixels",
    Kind.OUTSIDE: "move the box into its photo; it may have been drawn on a larger one",
    Kind.AREA: "draw the box anew, or remove it",
    Kind.SHARES: "write all boxes in one unit",
    Kind.CROWD: "label the objects one by one, or remove it",
    Kind.SPLIT: "label more photos",
}


class Where(NamedTuple):
    """The place of a fault: a file, and the row or element in it."""

    file: str
    element: str = ""

    def at(self, element: str) -> Where:
        """Another element of the same file."""
        return Where(self.file, element)

    def __str__(self) -> str:
        """As messages have it."""
        return shown(self.file) + (f" {self.element}" if self.element else "")


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault; ``photo`` is the photo that it spoils, where it can be tied to one."""

    kind: Kind
    where: Where
    field: str
    fault: str
    photo: str = ""
    own_remedy: str = ""
    value: str = ""
    """what stands there, where that tells why many are at fault"""

    @property
    def remedy(self) -> str:
        """What to do next."""
        return self.own_remedy or REMEDIES[self.kind]

    def of(self, source: str) -> Finding:
        """The same, as found in one of several sources."""
        where = Where(f"{source}: {self.where.file}", self.where.element)
        return replace(self, where=where, photo=f"{source}/{self.photo}" if self.photo else "")

    def __str__(self) -> str:
        """One line."""
        return f"{self.where}, {self.field}: {self.fault}" if self.field else f"{self.where}: {self.fault}"


def counted(count: int, noun: str) -> str:
    """A number of things: 1 photo, 2 photos."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


MINUS = "\u2212"
LATIN_LOOKS = frozenset(
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0405\u0406\u0408"
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0458"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bd\u03bf"
)
"""Cyrillic and Greek letters that are drawn as Latin ones are: of Unicode's confusables.txt, in everyday fonts."""


def shown(text: str) -> str:
    """A name as messages have it: as it is where nothing about it can be overlooked, else quoted, odd signs as escapes.

    What can be overlooked: blanks at the ends or twice, blanks that aren't U+0020, accents that stand alone (NFD), what
    has no picture, dashes that aren't the keyboard's, and letters that pass for Latin ones.
    """
    plain = text.isprintable() and text == " ".join(text.split(" ")).strip() and "  " not in text
    odd = {sign for sign in text if _odd(sign)} | _passing(text)
    if plain and text and not odd:
        return text
    return "'" + "".join(_escaped(sign) if sign in odd else sign for sign in text) + "'"


def _passing(text: str) -> set[str]:
    """Signs of a name that pass for others: Greek and Cyrillic among Latin letters, or where all of them look Latin."""
    letters = {sign for sign in text if sign.isalpha()}
    foreign = {sign for sign in letters if unicodedata.name(sign, "").startswith(("GREEK", "CYRILLIC"))}
    dashes = {sign for sign in text if unicodedata.category(sign) == "Pd" or sign == MINUS} - {"-"}
    mixed = any(unicodedata.name(sign, "").startswith("LATIN") for sign in letters)
    return dashes | (foreign if mixed or (letters == foreign and foreign <= LATIN_LOOKS) else set())


def _odd(sign: str) -> bool:
    return not sign.isprintable() or (sign != " " and sign.isspace()) or bool(unicodedata.combining(sign))


def _escaped(sign: str) -> str:
    code = ord(sign)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def grouped(findings: Iterable[Finding]) -> dict[Kind, list[Finding]]:
    """Findings by kind, the most frequent first."""
    groups: dict[Kind, list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[finding.kind].append(finding)
    return dict(sorted(groups.items(), key=lambda item: -len(item[1])))


def lines(findings: Sequence[Finding]) -> list[str]:
    """What a terminal shows of findings: never more than about `MOST_LINES`."""
    groups = grouped(findings)
    first = min(FIRST, max(1, MOST_LINES // max(1, len(groups)) - 3))
    told = []
    for kind, found in groups.items():
        told.append(f"{kind}: {len(found):,}")
        told += [f"  {finding}" for finding in found[:first]]
        if len(found) > first:
            told.append(f"  and {len(found) - first:,} more")
        told += [f"  what to do: {remedy}" for remedy in dict.fromkeys(one.remedy for one in found[:first])][:2]
    return told


def write(findings: Iterable[Finding], path: Path) -> None:
    """Write every finding as a row of CSV."""
    with path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for one in findings:
            cells = [one.kind, *one.where, one.field, one.fault, one.remedy, one.photo]
            writer.writerow([guarded(str(cell)) if cell is not None else cell for cell in cells])


def is_ours(path: Path) -> bool:
    """Whether a file is one of findings, which may be replaced."""
    try:
        with path.open(encoding="utf-8") as file:
            return file.readline().rstrip("\n") == ",".join(HEADER)
    except (OSError, UnicodeDecodeError):
        return False
