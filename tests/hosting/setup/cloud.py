"""A stand-in for gcloud and gh, as far as a set-up goes, strict about their words and about the order of things.

A command or flag that they don't have, a thing that is made twice or needs one that isn't there yet, is refused as they
refuse it and kept in ``violations``, which fail the test. What they print is JSON after a warning, as it may be.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

PROJECT, NUMBER = "test-project", "123"
REPOSITORY, REPOSITORY_ID = "Owner/name", "812345678"
PRINCIPAL = re.compile(
    rf"principal://iam\.googleapis\.com/projects/{NUMBER}/locations/global/workloadIdentityPools/(.+)"
)
ROLES = {
    *("roles/firebasehosting.admin", "roles/serviceusage.serviceUsageConsumer", "roles/iam.workloadIdentityUser"),
    *("roles/storage.objectCreator", "roles/storage.objectViewer"),
}
Flags = dict[str, str]


class Refused(Exception):
    """What a program prints before it ends with 1; ``violation`` if the caller should have known better."""

    def __init__(self, text: str, *, violation: bool = False) -> None:
        super().__init__(text)
        self.violation = violation


@dataclass
class Cloud:
    """A project at Google and a repository at GitHub."""

    apis: list[str] = field(default_factory=list)
    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)
    policy: list[list[str]] = field(default_factory=list)
    """Role and member, in the project."""
    policies: dict[str, list[list[str]]] = field(default_factory=dict)
    """The same of accounts and buckets."""
    pools: dict[str, dict[str, Any]] = field(default_factory=dict)
    providers: dict[str, dict[str, Any]] = field(default_factory=dict)
    buckets: dict[str, dict[str, Any]] = field(default_factory=dict)
    is_billed: bool = True
    repository: dict[str, Any] = field(default_factory=dict)
    plan: str | None = "pro"
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    actions: dict[str, Any] = field(default_factory=lambda: {"enabled": True})
    workflows: list[dict[str, Any]] = field(default_factory=list)
    may_propose: bool = False
    ran: list[str] = field(default_factory=list)
    """Commands that change something."""
    faults: list[tuple[str, str, int]] = field(default_factory=list)
    """What is said instead to commands that have such words, so many times."""
    violations: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        owner = {"login": REPOSITORY.partition("/")[0], "type": "User"}
        rights = {"admin": True, "push": True}
        own = {"id": int(REPOSITORY_ID), "full_name": REPOSITORY, "private": False, "fork": False, "archived": False}
        self.repository = {**own, "owner": owner, "permissions": rights, **self.repository}
        self.workflows = self.workflows or [
            {"id": number, "name": name, "state": "active"}
            for number, name in enumerate(("ci", "preview", "deploy"), 7)
        ]

    def run(self, words: list[str]) -> tuple[int, str]:
        """What a program answers: exit code, and stdout with stderr."""
        line = " ".join(words)
        for number, (sign, text, times) in enumerate(self.faults):
            if times > 0 and sign in line:
                self.faults[number] = (sign, text, times - 1)
                return 1, text
        try:
            answer = self._gcloud(words[1:]) if words[0] == "gcloud" else self._gh(words[1:])
        except Refused as refused:
            if refused.violation:
                self.violations.append(f"{line}: {refused}")
            return 1, str(refused)
        if answer is None:
            self.ran.append(line)
            return 0, "Updated.\n"
        return 0, answer if isinstance(answer, str) else f"WARNING: a new version is there.\n{json.dumps(answer)}\n"

    def _gcloud(self, words: list[str]) -> Any:
        for command, (flags, action) in self._commands().items():
            if tuple(words[: len(command)]) == command:
                rest = words[len(command) :]
                positions, found = _parsed(rest, flags)
                if "--project" in found and found["--project"] != PROJECT:
                    raise Refused("ERROR: PERMISSION_DENIED: or it may not exist")
                return action(positions, found)
        raise Refused(f"ERROR: (gcloud) Invalid choice: {' '.join(words)}", violation=True)

    def _commands(self) -> dict[tuple[str, ...], tuple[str, Callable[[list[str], Flags], Any]]]:
        """By their words: flags that have to be there, in brackets those that may, and ! for those without a value."""
        pool, accounts = ("iam", "workload-identity-pools"), ("iam", "service-accounts")
        where, json_, bound = "--project --location ", "--format", "--member --role"
        oidc = "--issuer-uri --attribute-mapping --attribute-condition"
        return {
            ("projects", "describe"): ("[--format]", self._project),
            ("billing", "projects", "describe"): (json_, lambda *_: {"billingEnabled": self.is_billed}),
            ("services", "list"): ("--project --enabled! --format", self._services),
            ("services", "enable"): ("--project", self._enable),
            ("projects", "get-iam-policy"): (json_, lambda *_: _policy(self.policy)),
            ("projects", "add-iam-policy-binding"): (f"{bound} --condition", self._add_role),
            ("projects", "remove-iam-policy-binding"): (f"{bound} --condition", self._remove_role),
            (*pool, "list"): (f"{where}--show-deleted! --format", lambda *_: self._listed(self.pools)),
            (*pool, "create"): (f"{where}", lambda names, _: self._create(self.pools, names[0], {})),
            (*pool, "update"): (f"{where}--no-disabled!", lambda names, _: self.pools[names[0]].pop("disabled")),
            (*pool, "delete"): (f"{where}--quiet!", lambda names, _: self._soft(self.pools, names[0], "DELETED")),
            (*pool, "undelete"): (f"{where}", lambda names, _: self._soft(self.pools, names[0], "ACTIVE")),
            (*pool, "providers", "list"): (
                f"{where}--workload-identity-pool --show-deleted! --format",
                self._providers,
            ),
            (*pool, "providers", "create-oidc"): (f"{where}--workload-identity-pool {oidc}", self._provide),
            (*pool, "providers", "update-oidc"): (
                f"{where}--workload-identity-pool {oidc} --no-disabled!",
                self._provide_otherwise,
            ),
            (*pool, "providers", "delete"): (
                f"{where}--workload-identity-pool --quiet!",
                lambda names, _: self._soft(self.providers, names[0], "DELETED"),
            ),
            (*pool, "providers", "undelete"): (
                f"{where}--workload-identity-pool",
                lambda names, _: self._soft(self.providers, names[0], "ACTIVE"),
            ),
            (*accounts, "list"): ("--project --format", self._list_accounts),
            (*accounts, "create"): ("--project --description", self._create_account),
            (*accounts, "enable"): ("--project", lambda names, _: self.accounts[names[0]].pop("disabled")),
            (*accounts, "delete"): ("--project --quiet!", self._delete_account),
            (*accounts, "keys", "list"): (
                "--iam-account --managed-by --project --format",
                lambda _, flags: [{"name": f"projects/-/keys/{key}"} for key in self._account(flags)["keys"]],
            ),
            (*accounts, "keys", "delete"): (
                "--iam-account --project --quiet!",
                lambda names, flags: self._account(flags)["keys"].remove(names[0]),
            ),
            (*accounts, "get-iam-policy"): (
                "--project --format",
                lambda names, _: _policy(self.policies[self._exists(names[0])]),
            ),
            (*accounts, "add-iam-policy-binding"): (f"--project {bound}", self._add_member),
            (*accounts, "remove-iam-policy-binding"): (f"--project {bound}", self._remove_member),
            ("storage", "buckets", "list"): (f"--project {json_}", lambda *_: list(self.buckets.values())),
            ("storage", "buckets", "create"): (
                "--project --uniform-bucket-level-access! --public-access-prevention!",
                self._create_bucket,
            ),
            ("storage", "buckets", "update"): (
                "--uniform-bucket-level-access!",
                lambda names, _: self.buckets[names[0]].update(uniform_bucket_level_access=True),
            ),
            ("storage", "buckets", "delete"): ("--quiet!", self._delete_bucket),
            ("storage", "buckets", "get-iam-policy"): (json_, lambda names, _: _policy(self.policies[names[0]])),
            ("storage", "buckets", "add-iam-policy-binding"): (bound, self._add_member),
            ("storage", "buckets", "remove-iam-policy-binding"): (bound, self._remove_member),
        }

    def _project(self, names: list[str], flags: Flags) -> Any:
        if names != [PROJECT]:
            raise Refused(f"ERROR: [me@localhost] does not have permission to access projects instance {names}")
        if flags["--format"] != "json":
            return NUMBER
        return {"projectId": PROJECT, "projectNumber": NUMBER, "lifecycleState": "ACTIVE"}

    def _services(self, names: list[str], _: Flags) -> Any:
        return [{"config": {"name": name}, "state": "ENABLED"} for name in self.apis]

    def _enable(self, names: list[str], _: Flags) -> None:
        if not names or not all(re.fullmatch(r"[a-z]+\.googleapis\.com", name) for name in names):
            raise Refused(f"ERROR: no services: {names}", violation=True)
        self.apis = sorted({*self.apis, *names})

    def _needs(self, *apis: str) -> None:
        for api in apis:
            if f"{api}.googleapis.com" not in self.apis:
                raise Refused(f"ERROR: SERVICE_DISABLED: {api} API has not been used in project {NUMBER} before")

    def _add_role(self, names: list[str], flags: Flags) -> None:
        email = flags["--member"].removeprefix("serviceAccount:")
        if names != [PROJECT] or flags["--condition"] != "None" or flags["--role"] not in ROLES:
            raise Refused(f"ERROR: INVALID_ARGUMENT: {flags}", violation=True)
        self._add(self.policy, [flags["--role"], f"serviceAccount:{self._exists(email)}"])

    def _remove_role(self, _: list[str], flags: Flags) -> None:
        self._remove(self.policy, [flags["--role"], flags["--member"]])

    def _listed(self, there: dict[str, dict[str, Any]]) -> Any:
        self._needs("iam")
        return list(there.values())

    def _create(self, there: dict[str, dict[str, Any]], name: str, values: dict[str, Any]) -> None:
        self._needs("iam")
        if name in there:
            raise Refused(f"ERROR: ALREADY_EXISTS: Requested entity already exists: {name}", violation=True)
        there[name] = {"name": f"projects/{NUMBER}/locations/global/x/{name}", "state": "ACTIVE", **values}

    def _soft(self, there: dict[str, dict[str, Any]], name: str, state: str) -> None:
        """Delete or bring back what keeps its name for thirty days."""
        if there[name]["state"] == state:
            raise Refused(f"ERROR: NOT_FOUND or FAILED_PRECONDITION: {name} is {state}", violation=True)
        if there is self.providers and self.pools["github"]["state"] != "ACTIVE":
            raise Refused("ERROR: FAILED_PRECONDITION: the pool is deleted", violation=True)
        there[name]["state"] = state

    def _providers(self, _: list[str], flags: Flags) -> Any:
        self._pool(flags)
        return self._listed(self.providers)

    def _pool(self, flags: Flags) -> None:
        if flags["--workload-identity-pool"] not in self.pools:
            raise Refused("ERROR: NOT_FOUND: no such pool", violation=True)

    def _provide(self, names: list[str], flags: Flags) -> None:
        self._pool(flags)
        if self.pools["github"]["state"] != "ACTIVE":
            raise Refused("ERROR: FAILED_PRECONDITION: the pool is deleted", violation=True)
        self._create(self.providers, names[0], _rules(flags))

    def _provide_otherwise(self, names: list[str], flags: Flags) -> None:
        self.providers[names[0]] |= _rules(flags)
        self.providers[names[0]].pop("disabled", None)

    def _list_accounts(self, *_: Any) -> Any:
        self._needs("iam")
        return [{"email": email, **account} for email, account in self.accounts.items()]

    def _create_account(self, names: list[str], _: Flags) -> None:
        self._needs("iam")
        email = f"{names[0]}@{PROJECT}.iam.gserviceaccount.com"
        if email in self.accounts:
            raise Refused("ERROR: ALREADY_EXISTS", violation=True)
        self.accounts[email] = {"keys": []}
        self.policies[email] = []

    def _delete_account(self, names: list[str], _: Flags) -> None:
        del self.accounts[self._exists(names[0])], self.policies[names[0]]
        if any(names[0] in member for _, member in self.policy):
            raise Refused("its roles stay behind, under another name", violation=True)

    def _exists(self, email: str) -> str:
        if email not in self.accounts:
            raise Refused(f"ERROR: INVALID_ARGUMENT: Service account {email} does not exist.", violation=True)
        return email

    def _account(self, flags: Flags) -> dict[str, Any]:
        return self.accounts[self._exists(flags["--iam-account"])]

    def _add_member(self, names: list[str], flags: Flags) -> None:
        member = flags["--member"]
        found = PRINCIPAL.fullmatch(member)
        if flags["--role"] not in ROLES or names[0] not in self.policies:
            raise Refused(f"ERROR: INVALID_ARGUMENT: {names} {flags}", violation=True)
        if found:
            pool, _, subject = found[1].partition("/subject/")
            if pool not in self.pools or not 0 < len(subject.encode()) <= 127:
                raise Refused(f"ERROR: INVALID_ARGUMENT: no such principal: {member}", violation=True)
        else:
            self._exists(member.removeprefix("serviceAccount:"))
        self._add(self.policies[names[0]], [flags["--role"], member])

    def _remove_member(self, names: list[str], flags: Flags) -> None:
        self._remove(self.policies[names[0]], [flags["--role"], flags["--member"]])

    def _add(self, policy: list[list[str]], binding: list[str]) -> None:
        if binding in policy:
            raise Refused(f"{binding} is there already", violation=True)
        policy.append(binding)

    def _remove(self, policy: list[list[str]], binding: list[str]) -> None:
        if binding not in policy:
            raise Refused("ERROR: Policy binding with the specified principal and role not found!", violation=True)
        policy.remove(binding)

    def _create_bucket(self, names: list[str], _: Flags) -> None:
        self._needs("storage")
        if not self.is_billed:
            raise Refused(
                "ERROR: HTTPError 403: The billing account for the owning project is disabled", violation=True
            )
        name = names[0].removeprefix("gs://")
        self.buckets[names[0]] = {"name": name, "uniform_bucket_level_access": True}
        self.policies[names[0]] = []

    def _delete_bucket(self, names: list[str], _: Flags) -> None:
        if self.buckets[names[0]].get("objects"):
            raise Refused("ERROR: HTTPError 409: The bucket you tried to delete is not empty.")
        del self.buckets[names[0]], self.policies[names[0]]

    def _gh(self, words: list[str]) -> Any:
        repository = f"repos/{REPOSITORY}"
        match words:
            case ["variable", "list", "--repo", name, "--json", "name,value"] if name == REPOSITORY:
                return [{"name": key, "value": value} for key, value in self.variables.items()]
            case ["variable", "set", key, "--repo", name, "--body", value] if name == REPOSITORY:
                return self._set_variable(key, value)
            case ["variable", "delete", key, "--repo", name] if name == REPOSITORY:
                del self.variables[key]
            case ["workflow", "enable", number, "--repo", name] if name == REPOSITORY:
                next(one for one in self.workflows if str(one["id"]) == number)["state"] = "active"
            case ["api", path, *jq] if path.lower() == repository.lower() and jq in ([], ["--jq", ".id"]):
                return REPOSITORY_ID if jq else self.repository
            case ["api", "user"]:
                login = self.repository["owner"]["login"]
                return {"login": login, **({"plan": {"name": self.plan}} if self.plan else {})}
            case ["api", path] if path == f"orgs/{self.repository['owner']['login']}":
                return {"login": path, **({"plan": {"name": self.plan}} if self.plan else {})}
            case ["api", path] if path.startswith(f"{repository}/"):
                return self._get(path.removeprefix(f"{repository}/"))
            case ["api", "--silent", "--method", method, path, *fields] if path.startswith(f"{repository}/"):
                return self._change(method, path.removeprefix(f"{repository}/"), _fields(fields))
            case ["api", *_]:
                raise Refused('{"message": "Not Found"}gh: Not Found (HTTP 404)')
            case _:
                raise Refused(f"unknown command {words}", violation=True)
        return None

    def _set_variable(self, key: str, value: str) -> None:
        held = self.environments.get("production", {}).get("branches", [])
        if key == "FIREBASE_PROJECT" and "main" not in held:
            raise Refused("every branch could go live now", violation=True)
        self.variables[key] = value

    def _get(self, path: str) -> Any:
        if path == "environments?per_page=100":
            return {"environments": [_shown(name, one) for name, one in self.environments.items()]}
        if path == "actions/permissions":
            return self.actions
        if path == "actions/permissions/workflow":
            return {"can_approve_pull_request_reviews": self.may_propose}
        if path == "actions/workflows?per_page=100":
            return {"workflows": self.workflows}
        found = re.fullmatch(r"environments/(\w+)/deployment-branch-policies", path)
        if not found or self.environments[found[1]].get("policy") != "custom":
            raise Refused("gh: Not Found (HTTP 404)")
        branches = self.environments[found[1]]["branches"]
        return {"branch_policies": [{"id": number, "name": name} for number, name in enumerate(branches, 1)]}

    def _change(self, method: str, path: str, fields: dict[str, Any]) -> None:
        found = re.fullmatch(r"environments/(\w+)(/deployment-branch-policies)?(?:/(\d+))?", path)
        if found:
            self._change_environment(method, found, fields)
        elif (method, path) == ("PUT", "actions/permissions"):
            self.actions = {"enabled": fields["enabled"]}
        elif (method, path) == ("PUT", "actions/permissions/workflow"):
            self.may_propose = fields["can_approve_pull_request_reviews"]
        else:
            raise Refused(f"gh: Not Found (HTTP 404): {method} {path}", violation=True)

    def _change_environment(self, method: str, found: re.Match[str], fields: dict[str, Any]) -> None:
        name, policies, number = found.groups()
        there = self.environments.get(name, {})
        match method, bool(policies):
            case "PUT", False:
                known = {"reviewers[][type]", "reviewers[][id]", "wait_timer", "prevent_self_review"}
                rule = {f"deployment_branch_policy[{key}]" for key in ("protected_branches", "custom_branch_policies")}
                if (set(fields) - known) not in (set(), rule):
                    raise Refused(f"gh: Invalid request (HTTP 422): {fields}", violation=True)
                if rule <= set(fields) and self.repository["private"] and self.plan == "free":
                    self.environments[name] = {"branches": []}
                    raise Refused(
                        "gh: Failed to create the environment protection rule. Please ensure the billing plan "
                        "supports the custom branch policy protection rule. (HTTP 422)"
                    )
                rules = {key: fields[key] for key in known & set(fields)}
                policy = {"policy": "custom"} if rule <= set(fields) else {}
                self.environments[name] = {"branches": there.get("branches", []), **policy, "rules": rules}
            case "DELETE", False:
                del self.environments[name]
            case "POST", True if there.get("policy") == "custom" and fields["name"] not in there["branches"]:
                there["branches"].append(fields["name"])
            case "DELETE", True:
                there["branches"].pop(int(number) - 1)
            case _:
                raise Refused(f"gh: (HTTP 422): {method} {name} {fields}", violation=True)


def _shown(name: str, one: dict[str, Any]) -> dict[str, Any]:
    """An environment as GitHub shows it."""
    kinds = {
        "custom": {"protected_branches": False, "custom_branch_policies": True},
        "protected": {"protected_branches": True, "custom_branch_policies": False},
    }
    rules: list[dict[str, Any]] = []
    given = one.get("rules", {})
    if "wait_timer" in given:
        rules.append({"type": "wait_timer", "wait_timer": given["wait_timer"]})
    if "reviewers[][id]" in given:
        reviewer = {"type": given["reviewers[][type]"], "reviewer": {"id": given["reviewers[][id]"]}}
        rules.append({"type": "required_reviewers", "reviewers": [reviewer]})
    return {"name": name, "deployment_branch_policy": kinds.get(one.get("policy", "")), "protection_rules": rules}


def _rules(flags: Flags) -> dict[str, Any]:
    key, _, expression = flags["--attribute-mapping"].partition("=")
    if key != "google.subject" or not flags["--attribute-condition"] or "," in expression:
        raise Refused(f"ERROR: INVALID_ARGUMENT: {flags}", violation=True)
    condition = flags["--attribute-condition"]
    issuer = {"issuerUri": flags["--issuer-uri"]}
    return {"attributeMapping": {key: expression}, "attributeCondition": condition, "oidc": issuer}


def _policy(bindings: list[list[str]]) -> dict[str, Any]:
    roles = sorted({role for role, _ in bindings})
    made = [{"role": role, "members": [member for one, member in bindings if one == role]} for role in roles]
    return {"bindings": made, "etag": "x"} if made else {"etag": "x"}


def _parsed(words: list[str], flags: str) -> tuple[list[str], Flags]:
    """Positional arguments and flags: those of ``flags``, and no others."""
    known = {flag.strip("[]!"): flag for flag in flags.split()}
    positions, found, rest = [], {}, iter(words)
    for word in rest:
        if not word.startswith("--"):
            positions.append(word)
        elif word not in known:
            raise Refused(f"ERROR: unrecognized arguments: {word}", violation=True)
        else:
            found[word] = "" if known[word].endswith("!") else next(rest)
    missing = [flag for flag, shown in known.items() if flag not in found and not shown.startswith("[")]
    if missing:
        raise Refused(f"ERROR: argument {missing}: must be specified", violation=True)
    return positions, found


def _fields(words: list[str]) -> dict[str, Any]:
    """Fields of `gh api`: -F makes true, false and numbers of what looks like it, -f leaves text."""
    found: dict[str, Any] = {}
    for flag, word in zip(words[::2], words[1::2], strict=True):
        key, _, value = word.partition("=")
        typed = {"true": True, "false": False}.get(value, int(value) if value.isdigit() else value)
        found[key] = typed if flag == "-F" else value
    return found


def install(folder: Path, cloud: Cloud) -> Path:
    """Programs `gcloud` and `gh` in ``folder`` that answer from a file, which is returned: `load` reads it."""
    folder.mkdir()
    state = folder / "state.json"
    state.write_text(json.dumps(asdict(cloud)), "utf-8")
    root = Path(__file__).parents[3]
    for name in ("gcloud", "gh"):
        script = folder / name
        command = f'PYTHONPATH="{root}" exec "{sys.executable}" -S -m tests.hosting.setup.cloud "{state}" {name} "$@"'
        script.write_text(f"#!/bin/sh\n{command}\n")
        script.chmod(0o755)
    return state


def load(state: Path) -> Cloud:
    """What is there now."""
    return Cloud(**json.loads(state.read_text("utf-8")))


if __name__ == "__main__":
    file = Path(sys.argv[1])
    there = load(file)
    code, said = there.run(sys.argv[2:])
    file.write_text(json.dumps(asdict(there)), "utf-8")
    print(said)
    sys.exit(code)
