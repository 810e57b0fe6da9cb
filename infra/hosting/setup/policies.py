"""Policies at Google: who has which role of a thing."""

from __future__ import annotations

from typing import Any


def members(policy: Any) -> list[tuple[str, str]]:
    """Role and member of each binding without a condition of its own."""
    bindings = (policy or {}).get("bindings", ())
    return [(one["role"], member) for one in bindings if "condition" not in one for member in one.get("members", ())]


def roles(policy: Any, member: str) -> list[str]:
    """The roles of ``member``."""
    return [role for role, found in members(policy) if found == member]


def whom(member: str) -> str:
    """Who is meant by the member of a policy, and why that is odd."""
    if member.endswith("/*"):
        return f"every job whose token the pool accepts ({member})"
    if "/attribute." in member:
        return f"every job of the repository, whatever its environment ({member})"
    if "/subject/repo:" in member:
        return f"a job by its names, which change ({member})"
    return {"allUsers": "everybody", "allAuthenticatedUsers": "everybody who is logged in"}.get(member, member)
