"""What the steps exchange, checked against ``schemas/``."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any, Literal

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry, Resource

SCHEMAS = Path(__file__).parent.parent / "schemas"

Kind = Literal["detector", "gate", "manifest", "prediction"]


def violation(kind: Kind, content: Any) -> str | None:
    """Where and how ``content`` breaks its schema, or None if it keeps to it."""
    error = best_match(_validator(kind).iter_errors(content))
    return None if error is None else f"{error.json_path}: {error.message}"


def hold(kind: Kind, content: Any) -> None:
    """Assert that what this package made keeps to its schema.

    Raises:
        ValueError: it doesn't, which is a fault of this package.
    """
    if found := violation(kind, content):
        raise ValueError(f"{kind} breaks its schema at {found}")


@functools.cache
def _validator(kind: Kind) -> Draft202012Validator:
    schemas = {path.name: json.loads(path.read_text("utf-8")) for path in SCHEMAS.glob("*.schema.json")}
    registry: Registry[Any] = Registry().with_resources(
        (name, Resource.from_contents(schema)) for name, schema in schemas.items()
    )
    return Draft202012Validator(schemas[f"{kind}.schema.json"], registry=registry)
