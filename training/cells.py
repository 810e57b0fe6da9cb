"""Cells of CSV files that people open in spreadsheets."""

from __future__ import annotations

import re

FORMULA = re.compile(r"'*[=+\-@\t\r].", re.DOTALL)
"""Text that a spreadsheet would run, or that an apostrophe keeps from it; the class - alone is none."""


def guarded(text: str) -> str:
    """``text`` as a cell that a spreadsheet leaves alone: an apostrophe before what it would take for a formula."""
    return f"'{text}" if FORMULA.match(text) else text


def unguarded(cell: str) -> str:
    """What `guarded` was given; the page and `./inv label` write cells so, too."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell
