"""Terms of the released model: what its weights come from and may be used for, as people wrote it down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from infra import schemas
from infra.errors import UsageError

FILE = "terms.yaml"


def read(folder: Path) -> list[dict[str, Any]]:
    """The terms in ``folder``/terms.yaml; none where there is no such file.

    Raises:
        UsageError: it isn't what schemas/manifest.schema.json says of terms.
    """
    path = folder / FILE
    if not path.is_file():
        return []
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: not YAML: {error}") from error
    if fault := schemas.fault(found, "manifest", "/properties/terms"):
        raise UsageError(f"{path}, {fault}; schemas/manifest.schema.json explains every field of terms")
    terms: list[dict[str, Any]] = found
    return terms


def add(description: dict[str, Any], terms: list[dict[str, Any]]) -> None:
    """Put ``terms`` into a detector.json or manifest.json, beside those that it has of other names."""
    known = {one["name"]: one for one in (*description.get("terms", ()), *terms)}
    if known:
        description["terms"] = list(known.values())
