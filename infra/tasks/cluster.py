"""Machines that work together."""

from __future__ import annotations

from invoke import Context, task

from infra.tasks import words

ADDRESS = "of this machine, where the others reach it (default: 127.0.0.1, for nodes of this machine alone)"
CORES = "how many processors to give (default: all)"


@task(help={"address": ADDRESS, "port": "where to listen (default: 6379)", "cores": CORES})
def start(_: Context, address: str = "127.0.0.1", port: str = "6379", cores: str | None = None) -> None:
    """Be the first node of a cluster until Ctrl-C."""
    from infra.execution import cluster, nodes
    from infra.progress import say

    number = words.number(port, "port", 1, words.PORTS)
    where = f"{address}:{number}"
    say(
        f"others join with ./inv cluster.join {where} --address THEIRS, from the same commit and with "
        f'{cluster.token_file()} copied; tasks run here with --on ray and [execution] cluster = "{where}" in '
        "digitlens.toml"
    )
    nodes.be(address, port=number, cores=words.number(cores, "cores", 1, 4096) if cores else None)


@task(positional=["head"], help={"head": "HOST:PORT of the first node", "address": ADDRESS, "cores": CORES})
def join(_: Context, head: str, address: str = "127.0.0.1", cores: str | None = None) -> None:
    """Be another node of a cluster until Ctrl-C."""
    from infra.execution import nodes

    nodes.be(address, head=head, cores=words.number(cores, "cores", 1, 4096) if cores else None)


@task
def status(_: Context) -> None:
    """Show the nodes of the cluster that digitlens.toml names, and what of them is free."""
    from infra.errors import UsageError
    from infra.execution.cluster import Cluster, told
    from infra.settings import settings

    address = settings().execution.cluster
    if not address:
        raise UsageError(
            'no cluster is named: [execution] cluster = "HOST:6379" in digitlens.toml; without one, --on ray starts a '
            "private Ray on this machine for as long as a task takes"
        )
    cluster = Cluster(address)
    try:
        found = cluster.nodes()
    finally:
        cluster.close()
    print(f"{address}: {told(found)}; free: {found['free']['cores']} cores, {found['free']['gpus']} GPUs")
    for node in found["nodes"]:
        print(
            f"  {node['address']:15}  {node['host']}  {node['cores']} cores, {node['gpus']} GPUs, "
            f"{node['memory'] / 2**30:.0f} GiB"
        )


@task(
    help={
        "kind": "job: pieces; jobset: a training; rayjob: either, on a cluster of Ray's",
        "step": "records, evaluate or train (default: what --kind is for)",
        "run": words.RUN,
        "image": "of the step by its digest, REPOSITORY@sha256:… (./inv images.build, docker push)",
        "claim": "PersistentVolumeClaim that all pods can write to (default: digitlens)",
        "workers": "pods at once (default: 2)",
        "cpus": "of each pod (default: 2)",
        "memory": "of each pod (default: 4Gi)",
        "gpus": "of each pod (default: 0)",
    }
)
def manifest(
    _: Context,
    kind: str,
    image: str,
    step: str | None = None,
    run: str | None = None,
    claim: str = "digitlens",
    workers: str = "2",
    cpus: str = "2",
    memory: str = "4Gi",
    gpus: str = "0",
) -> None:
    """Print a manifest for Kubernetes that makes a step of a run."""
    from infra.kubernetes import manifest as manifests
    from infra.runs import catalogue, recipes

    kinds: dict[str, manifests.Kind] = {name: name for name in manifests.KINDS}
    chosen_kind = kinds[words.one_of(kind, "kind", manifests.KINDS)]
    chosen = catalogue.find(run or catalogue.SYNTHETIC)
    request = chosen.request()
    steps = {
        "records": lambda: recipes.records(chosen, request),
        "evaluate": lambda: recipes.evaluate(
            chosen.checkpoints, request.images, chosen.validation, chosen.evaluation_trained
        ),
        "train": lambda: recipes.train(chosen, request),
    }
    name = words.one_of(step or ("records" if chosen_kind == "job" else "train"), "step", tuple(steps))
    pods = manifests.Pods(image, claim, words.number(cpus, "cpus", 1), memory, words.number(gpus, "gpus", 0))
    print(manifests.make(chosen_kind, steps[name](), words.number(workers, "workers", 1, 1000), pods), end="")
