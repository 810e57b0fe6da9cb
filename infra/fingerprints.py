"""What a result was made from, as a hash: source, lock, arguments and inputs.

Small files count by content; folders of photos by names, sizes and times, which takes milliseconds
for thousands; a result that carries its own fingerprint by that.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

STAMP = ".fingerprint.json"
"""A result's own record of what it was made from; see ``infra.results``."""
_parsing = threading.Lock()
LOOKED_AWAY = -1
"""Size of what isn't looked at."""


def of_values(values: Mapping[str, object]) -> str:
    """Hash of JSON values, whatever their order."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def of_file(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_files(paths: Iterable[Path], root: Path) -> str:
    """Hash of the names below ``root`` and the contents of ``paths``."""
    return of_values({path.relative_to(root).as_posix(): of_file(path) for path in paths})


def of_listing(folder: Path) -> str:
    """Hash of the names, sizes and times of all files below ``folder`` but its stamp.

    Links are followed; what can't be looked at, a link to nothing or back to where it stands, counts by its name.
    """
    status = folder.stat()
    above = frozenset({(status.st_dev, status.st_ino)})
    return of_values({name: [size, time] for name, size, time in _listing(folder, "", above)})


def _listing(folder: Path, prefix: str, above: frozenset[tuple[int, int]]) -> Iterator[tuple[str, int, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = f"{prefix}{entry.name}"
            if name == STAMP:
                continue
            try:
                status = entry.stat()
                identity = (status.st_dev, status.st_ino)
                if not entry.is_dir():
                    yield name, status.st_size, status.st_mtime_ns
                elif identity in above:
                    yield name, LOOKED_AWAY, 0
                else:
                    yield from _listing(Path(entry.path), f"{name}/", above | {identity})
            except OSError:
                yield name, LOOKED_AWAY, 0


def of_input(path: Path) -> str:
    """Hash of what a step reads: a file, a folder, or a result that knows what it was made from."""
    if path.is_file():
        return of_file(path)
    listing = of_listing(path)
    stamp = path / STAMP
    content = json.loads(stamp.read_text("utf-8")) if stamp.exists() else {}
    # A result that was touched since is no longer what its stamp says.
    return str(content["fingerprint"]) if content.get("listing") == listing else listing


def of_module(module: str, root: Path) -> str:
    """Hash of the code below ``root`` that ``python -m module`` runs, without its comments."""
    # Python 3.11 can't parse in two threads at once: "AST constructor recursion depth mismatch".
    with _parsing:
        return of_values({path.relative_to(root).as_posix(): _code(path) for path in sources(module, root)})


def sources(module: str, root: Path) -> list[Path]:
    """The files below ``root`` that ``module`` imports, directly or not, with its own and their templates; sorted.

    The templates of ``page.py`` are called ``page.*.j2`` and lie beside it.
    """
    found: set[Path] = set()
    pending = [module, f"{module}.__main__"]
    while pending:
        name = pending.pop()
        path = _file(name, root)
        if path is None or path in found:
            continue
        found |= {path, *path.parent.glob(f"{path.stem}.*.j2")}
        # Importing a.b.c runs a and a.b first.
        pending += [name.rpartition(".")[0], *_imports(path, name, path.stat().st_mtime_ns)]
    return sorted(found)


def _file(module: str, root: Path) -> Path | None:
    if not module:
        return None
    stem = root.joinpath(*module.split("."))
    candidates = (stem / "__init__.py", stem.with_suffix(".py"))
    return next((path for path in candidates if path.exists()), None)


@cache
def _imports(path: Path, module: str, _changed: int) -> list[str]:
    """What ``module`` in ``path`` imports, read once per ``_changed``."""
    return list(_imported(path, module))


def _imported(path: Path, module: str) -> Iterator[str]:
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_bytes(), path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            yield origin
            # What is imported may be a module, too; a name that is none has no file and is passed
            # over.
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def _code(path: Path) -> str:
    if path.suffix != ".py":
        return of_file(path)
    tree = ast.parse(path.read_bytes(), path)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and (
            ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()
