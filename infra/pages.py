"""Pages of text from templates that lie beside the code that fills them: Markdown, for people and for GitHub.

Nothing is escaped by itself, Markdown isn't HTML; what somebody else has named goes through ``plain`` or ``cell``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2

_ENVIRONMENT = jinja2.Environment(
    autoescape=False,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    undefined=jinja2.StrictUndefined,
)


def fill(template: Path, **values: Any) -> str:
    """The page that ``template`` makes of ``values``; a value that it lacks is an error."""
    return _ENVIRONMENT.from_string(template.read_text("utf-8")).render(values)


def plain(text: object) -> str:
    """A name as itself in Markdown: it begins no markup and no mention, and ends no table."""
    escaped = re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", str(text))
    return escaped.replace("@", "@\u200b").replace("\n", " ")


def cell(text: object) -> str:
    """What goes into a cell of a table, with the markup that it has."""
    return str(text).replace("|", "\\|").replace("@", "@\u200b").replace("\n", " ")


def number(value: float | None, form: str = ".3f") -> str:
    """``value`` in ``form``, or a dash."""
    return "-" if value is None else f"{value:{form}}"


def address(path: object) -> str:
    """A relative path as the target of a link."""
    return quote(str(path))


_ENVIRONMENT.filters |= {
    "plain": plain,
    "cell": cell,
    "number": number,
    "address": address,
    "form": lambda value, form: f"{value:{form}}",
}
