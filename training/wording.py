"""What pydantic finds wrong with a value, in words of ours: what is wanted there, and how it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Words = Callable[[Any, Mapping[str, Any]], str]
"""Of the value that stands there, and of what pydantic says about the limit."""


def _number(kind: str) -> Words:
    return lambda value, _: f"{said(value)} is no {kind}"


def _limit(words: str, key: str) -> Words:
    return lambda value, limits: f"{said(value)} must be {words} {limits[key]:g}"


WORDS: dict[str, Words] = {
    "missing": lambda *_: "is missing",
    "string_type": lambda value, _: _no_text(value),
    "string_too_short": lambda *_: "is empty",
    "tuple_type": lambda value, _: f"{said(value)} is no list; write [first, second]",
    "list_type": lambda value, _: f"{said(value)} is no list; write [first, second]",
    "too_short": lambda *_: "is empty",
    "model_type": lambda value, _: f"{said(value)} stands where keys of its own are wanted",
    "model_attributes_type": lambda value, _: f"{said(value)} stands where keys of its own are wanted",
    "dict_type": lambda value, _: f"{said(value)} is no table; write {{this: that}}",
    "literal_error": lambda value, limits: f"{said(value)} is none of {limits['expected']}".replace(" or ", ", "),
    "union_tag_invalid": lambda _, limits: f"{said(limits['tag'])} is none of {limits['expected_tags']}",
    "bool_type": lambda value, _: f"{said(value)} is neither true nor false",
    "bool_parsing": lambda value, _: f"{said(value)} is neither true nor false",
    "int_type": _number("whole number"),
    "int_parsing": _number("whole number"),
    "int_from_float": _number("whole number"),
    "float_type": _number("number"),
    "float_parsing": _number("number"),
    "finite_number": _number("finite number"),
    "greater_than": _limit("above", "gt"),
    "greater_than_equal": _limit("at least", "ge"),
    "less_than": _limit("below", "lt"),
    "less_than_equal": _limit("at most", "le"),
    "multiple_of": _limit("a multiple of", "multiple_of"),
    "value_error": lambda _, limits: str(limits["error"]),
}
"""By pydantic's type of an error."""


def of(error: Mapping[str, Any]) -> str:
    """What is wrong with a value; pydantic's own sentence where none is known."""
    words = WORDS.get(error["type"])
    return words(error.get("input"), error.get("ctx", {})) if words else str(error["msg"])


def said(value: object) -> str:
    """A value as YAML has it, in short."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a table"
    text = str(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _no_text(value: object) -> str:
    if isinstance(value, list | dict) or value is None:
        return f"{said(value)} stands where text is wanted"
    return f'{said(value)} is read as no text; write it in quotes: "{said(value)}"'
