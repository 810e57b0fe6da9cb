"""What a set-up makes at GitHub: environments with their rules before anything that lets a workflow deploy."""

from __future__ import annotations

from typing import Any

from infra.hosting.setup.place import DEPLOY, MODELS, PREVIEW, PRODUCTION, PROVIDER, TRAINING, TRUNK, Place, Words
from infra.hosting.setup.programs import Reader
from infra.hosting.setup.resource import MISSING, Fault, Resource

WORKFLOWS = ("ci", "preview", "cleanup", "deploy", "rollback")


def resources(place: Place) -> list[Resource]:
    """All of them; the variable without which no workflow deploys comes last."""
    variables = {
        "DEPLOY_ACCOUNT": place.email(DEPLOY),
        **({"MODEL_ACCOUNT": place.email(MODELS)} if place.models else {}),
        "WORKLOAD_IDENTITY_PROVIDER": f"{place.pool}/providers/{PROVIDER}",
        "FIREBASE_PROJECT": place.project,
    }
    return [
        # Jobs of any branch may have a preview; only those of main go live or train.
        _environment(place, PREVIEW, is_held=False),
        _environment(place, PRODUCTION, is_held=True),
        _environment(place, TRAINING, is_held=True),
        _actions(place),
        *([_pull_requests(place)] if place.models else []),
        *(_variable(place, name, value) for name, value in variables.items()),
    ]


def _environment(place: Place, name: str, *, is_held: bool) -> Resource:
    path = f"repos/{place.repository}/environments/{name}"
    policies = f"{path}/deployment-branch-policies"
    put: Words = ("gh", "api", "--silent", "--method", "PUT", path)
    custom = "deployment_branch_policy[custom_branch_policies]=true"
    held = (*put, "-F", "deployment_branch_policy[protected_branches]=false", "-F", custom)
    allow = ("gh", "api", "--silent", "--method", "POST", policies, "-f", f"name={TRUNK}")

    def look(reader: Reader) -> tuple[Fault, ...]:
        there = reader.ask("gh", "api", f"repos/{place.repository}/environments?per_page=100") or {}
        found = next((one for one in there.get("environments", ()) if one["name"] == name), None)
        if not found:
            return MISSING
        return tuple(_rules(reader, found)) if is_held else ()

    def _rules(reader: Reader, found: dict[str, Any]) -> list[Fault]:
        rule = found.get("deployment_branch_policy")
        if not rule or not rule.get("custom_branch_policies"):
            whose = "protected branches" if rule else "any branch"
            says = f"jobs of {whose} may use it, instead of those of {TRUNK}"
            return [Fault("wrong", says, ((*held, *_kept(found)), allow))]
        branches = (reader.ask("gh", "api", policies) or {}).get("branch_policies", ())
        faults = []
        if not any(branch["name"] == TRUNK for branch in branches):
            faults.append(Fault("wrong", f"jobs of {TRUNK} may not use it", (allow,)))
        for branch in branches:
            if branch["name"] != TRUNK:
                delete = ("gh", "api", "--silent", "--method", "DELETE", f"{policies}/{branch['id']}")
                faults.append(Fault("too wide", f"jobs of {branch['name']} may use it, too", (delete,)))
        return faults

    return Resource(
        f"environment:{name}",
        f"environment {name}",
        look,
        (held, allow) if is_held else (put,),
        (("gh", "api", "--silent", "--method", "DELETE", path),),
        is_checked=True,
    )


def _kept(environment: dict[str, Any]) -> Words:
    """Fields that leave reviewers and waiting of ``environment`` as they are: what isn't sent is taken away."""
    words: list[str] = []
    for rule in environment.get("protection_rules", ()):
        if rule["type"] == "wait_timer":
            words += ["-F", f"wait_timer={rule['wait_timer']}"]
        for one in rule.get("reviewers", ()):
            words += ["-f", f"reviewers[][type]={one['type']}", "-F", f"reviewers[][id]={one['reviewer']['id']}"]
        if rule.get("prevent_self_review"):
            words += ["-F", "prevent_self_review=true"]
    return tuple(words)


def _actions(place: Place) -> Resource:
    path = f"repos/{place.repository}/actions"

    def look(reader: Reader) -> tuple[Fault, ...]:
        if reader.is_blind:
            return ()
        if not (reader.ask("gh", "api", f"{path}/permissions") or {}).get("enabled"):
            return (Fault("missing", "Actions are off"),)
        there = (reader.ask("gh", "api", f"{path}/workflows?per_page=100") or {}).get("workflows", [])
        return tuple(_states(there))

    def _states(there: list[dict[str, Any]]) -> list[Fault]:
        tab = f"https://github.com/{place.repository}/actions"
        if not there or any(one["state"] == "disabled_fork" for one in there):
            remedy = f"open {tab} and enable them; a fork's Dependabot likewise, in its settings"
            return [
                Fault("yours", "workflows don't run in a fork (or a new repository) until somebody says so", (), remedy)
            ]
        off = [one for one in there if one["name"] in WORKFLOWS and one["state"] != "active"]
        return [
            Fault(
                "wrong",
                f"the workflow {one['name']} is off ({one['state']})",
                (("gh", "workflow", "enable", str(one["id"]), "--repo", place.repository),),
            )
            for one in off
        ]

    enable = ("gh", "api", "--silent", "--method", "PUT", f"{path}/permissions", "-F", "enabled=true")
    disable = ("gh", "api", "--silent", "--method", "PUT", f"{path}/permissions", "-F", "enabled=false")
    return Resource("actions", "Actions", look, (enable,), (disable,))


def _pull_requests(place: Place) -> Resource:
    path = f"repos/{place.repository}/actions/permissions/workflow"

    def look(reader: Reader) -> tuple[Fault, ...]:
        return () if (reader.ask("gh", "api", path) or {}).get("can_approve_pull_request_reviews") else MISSING

    def put(value: str) -> Words:
        return ("gh", "api", "--silent", "--method", "PUT", path, "-F", f"can_approve_pull_request_reviews={value}")

    return Resource("pull-requests", "pull requests of the workflow train", look, (put("true"),), (put("false"),))


def _variable(place: Place, name: str, value: str) -> Resource:
    make = ("gh", "variable", "set", name, "--repo", place.repository, "--body", value)

    def look(reader: Reader) -> tuple[Fault, ...]:
        found = variables(reader, place.repository).get(name)
        if found is None:
            return MISSING
        return () if found == value else (Fault("wrong", f"it is {found}, not {value}", (make,)),)

    remove = ("gh", "variable", "delete", name, "--repo", place.repository)
    return Resource(name, f"variable {name}", look, (make,), (remove,))


def variables(reader: Reader, repository: str) -> dict[str, str]:
    """The repository's variables."""
    found = reader.ask("gh", "variable", "list", "--repo", repository, "--json", "name,value") or []
    return {one["name"]: one["value"] for one in found}
