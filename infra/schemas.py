"""The JSON Schemas of what the parts exchange, checked where a person may have written it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from referencing import Registry, Resource

from infra.settings import ROOT


def fault(document: object, name: str, part: str = "") -> str | None:
    """Where and why ``document`` isn't what ``schemas/NAME.schema.json`` asks for; None where it is.

    ``part`` is the path of a schema in it, such as ``/properties/terms``.
    """
    files = sorted((ROOT / "schemas").glob("*.json"))
    # They refer to each other by their file's name.
    registry: Registry[Any] = Registry().with_resources(
        (file.name, Resource.from_contents(json.loads(file.read_text("utf-8")))) for file in files
    )
    checker = Draft202012Validator({"$ref": f"{name}.schema.json#{part}"}, registry=registry)
    errors = list(checker.iter_errors(document))
    # A mistyped key makes another one missing: the mistake is named, not what follows from it.
    found = best_match([one for one in errors if one.validator == "additionalProperties"] or errors)
    return _said(found) if found else None


def _said(found: ValidationError) -> str:
    """A fault in our words; those of the library where there are none."""
    place = found.json_path.removeprefix("$").removeprefix(".")
    explain = WORDS.get(str(found.validator))
    words = explain(found) if explain else found.message
    return f"{place}: {words}" if place else words


def _any(value: Any) -> Any:
    """Of a fault that was found, everything is set."""
    return value


def _unknown(error: ValidationError) -> str:
    schema, document = _any(error.schema), _any(error.instance)
    known = list(schema["properties"])
    name = next(key for key in document if key not in known)
    near = difflib.get_close_matches(str(name), known, 1, 0.5)
    return f"there is no key {name}; " + (f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}")


def _missing(error: ValidationError) -> str:
    wanted, there = _any(error.validator_value), _any(error.instance)
    missing = [key for key in wanted if key not in there]
    return f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"


def _mistyped(error: ValidationError) -> str:
    value = _any(error.validator_value)
    wanted = value if isinstance(value, str) else " or ".join(value)
    hint = f'; write it in quotes: "{error.instance}"' if wanted == "string" and error.instance is not None else ""
    return f"{_value(error)} is no {TYPES.get(wanted, wanted)}" + (hint if not _is_long(error) else "")


def _value(error: ValidationError) -> str:
    if _is_long(error):
        return "a list" if isinstance(error.instance, list) else "a table"
    return json.dumps(error.instance, ensure_ascii=False, default=str)


def _is_long(error: ValidationError) -> bool:
    return isinstance(error.instance, list | dict)


def _pattern(error: ValidationError) -> str:
    return f"{_value(error)} must match {error.validator_value}"


WORDS: dict[str, Callable[[ValidationError], str]] = {
    "additionalProperties": _unknown,
    "required": _missing,
    "type": _mistyped,
    "enum": lambda error: f"{_value(error)} is none of {', '.join(map(str, _any(error.validator_value)))}",
    "minItems": lambda error: f"at least {error.validator_value} wanted, there are {len(_any(error.instance))}",
    "minLength": lambda _: "is empty",
    "minimum": lambda error: f"{_value(error)} must be at least {error.validator_value}",
    "maximum": lambda error: f"{_value(error)} must be at most {error.validator_value}",
    "exclusiveMinimum": lambda error: f"{_value(error)} must be above {error.validator_value}",
    "pattern": _pattern,
}
"""By the rule of JSON Schema that is broken."""
TYPES = {"string": "text", "array": "list", "object": "table of keys and values", "boolean": "true or false",
         "integer": "whole number"}  # fmt: skip
