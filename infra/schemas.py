"""The JSON Schemas of what the parts exchange, checked where a person may have written it."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
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
    found = best_match(checker.iter_errors(document))
    return f"{found.json_path}: {found.message}" if found else None
