"""cosign as far as keyless signing and checking go, on a file instead of a log: COSIGN_STATE.

Strict: another command, another flag, or a tag instead of a digest ends it with exit code 1.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

DIGEST = re.compile(r"[^@]+@sha256:[0-9a-f]{64}")
ISSUER = "https://token.actions.githubusercontent.com"


def install(folder: Path, identity: str) -> dict[str, str]:
    """Put it into ``folder``, signing as ``identity``; returns the environment that it needs there."""
    script, state = folder / "cosign", folder / "signed.json"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" "$@"\n', "utf-8")
    script.chmod(0o755)
    state.write_text("[]", "utf-8")
    return {"COSIGN_STATE": str(state), "COSIGN_IS": identity, "PATH": f"{folder}:{os.environ['PATH']}"}


def main(words: list[str], signed: list[list[str]]) -> None:
    """Do what cosign would, to ``signed``: identity, reference, and the kind of what is said of it."""
    if not DIGEST.fullmatch(words[-1]):
        sys.exit(f"{words[-1]} isn't named by its digest")
    match words:
        case ["sign", "--yes", reference]:
            signed.append([os.environ["COSIGN_IS"], reference, "signature"])
        case ["attest", "--yes", "--type", "cyclonedx" | "slsaprovenance1" as kind, "--predicate", file, reference]:
            content = json.loads(Path(file).read_text("utf-8"))
            assert content["bomFormat" if kind == "cyclonedx" else "buildDefinition"]
            signed.append([os.environ["COSIGN_IS"], reference, kind])
        case ["verify", "--certificate-identity", who, "--certificate-oidc-issuer", issuer, reference]:
            if issuer != ISSUER or [who, reference, "signature"] not in signed:
                sys.exit("Error: no matching signatures: none of the expected identities matched")
        case _:
            sys.exit(f"cosign: not understood: {words}")


if __name__ == "__main__":
    state = Path(os.environ["COSIGN_STATE"])
    known = json.loads(state.read_text("utf-8"))
    main(sys.argv[1:], known)
    state.write_text(json.dumps(known), "utf-8")
