"""Training and watching it."""

from __future__ import annotations

from invoke import Context, task

from infra.tasks import asking, words


@task(
    help={
        "run": words.RUN,
        **asking.TRAINING,
        "resume": "go on at the last checkpoint (default); --no-resume: begin anew",
        "replace": words.REPLACE,
        "workers": "processes of this machine that train together (default: one for each GPU, 1 where there is none)",
        "worker": "which of several machines' workers this one is, for example 2/4; the first judges and writes",
        "hosts": "with --worker: HOST:PORT of each, with commas between, the same list on every machine",
        "on": f"{words.ON}; vertex: on Vertex AI, see docs/scaling.md",
        "gpus": words.GPUS,
        "dry-run": "with --on vertex: show what would be asked and sent, and ask nothing",
    },
)
def train(
    _: Context,
    run: str | None = None,
    config: str | None = None,
    from_: str | None = None,
    classes: str | None = None,
    minutes: str | None = None,
    steps: str | None = None,
    start: str | None = None,
    for_: str | None = None,
    resume: bool = True,
    replace: bool = False,
    workers: str | None = None,
    worker: str | None = None,
    hosts: str | None = None,
    on: str | None = None,
    gpus: str | None = None,
    dry_run: bool = False,
) -> None:
    """Train a detector on a run's records; goes on at the last checkpoint if it was interrupted."""
    from infra.errors import UsageError
    from infra.execution import runners
    from infra.execution.steps import perform
    from infra.results import forget_unfinished
    from infra.runs import catalogue, keeping, planning, recipes
    from infra.runs import workers as gang
    from infra.vertex.runner import offered

    vertex = offered() if on == "vertex" else None
    if dry_run and not vertex:
        raise UsageError("--dry-run needs --on vertex: other places ask nobody")
    if vertex:
        words.only_without("on vertex", workers=workers, worker=worker, gpus=gpus)
        if not resume:
            raise UsageError("--no-resume: a job goes on where its folder in the bucket ends; delete that one first")
        on = "local"
    count = None if workers is None else words.number(workers, "workers", 1, words.WORKERS)
    place = gang.place(worker, hosts)
    if place:
        words.only_without("worker", workers=workers)
    chosen = catalogue.find(run or catalogue.SYNTHETIC)
    remembered = chosen.request()
    if place and not place.leads:
        gang.follow(recipes.train(chosen, remembered), place, runners.by_hand(on, gpus, place.environment))
        return
    request = asking.asked(remembered, config, from_, classes, minutes, steps, start, for_)
    runner = runners.by_hand(on, gpus, {}) if place else runners.choose(on, gpus)
    if request != remembered:
        # Remembered, so that a resumed training, and the tasks after it, need not be told again.
        keeping.protect(chosen, request, replace, flag="run")
        if recipes.is_planned(request):
            planning.plan(chosen, request, runner)
        perform(recipes.records(chosen, request), runner)
    else:
        keeping.protect_from_changes(chosen, request, replace)
    if recipes.is_planned(request):
        perform(recipes.race(chosen, request), runner)
    step = recipes.train(chosen, request, count)
    if vertex and dry_run:
        print(vertex.shown(step))
        return
    if not resume:
        forget_unfinished(step.output)
    perform(step, vertex or (runners.by_hand(on, gpus, place.environment) if place else runner))
    print(chosen.checkpoints)


@task(
    help={
        **words.PHOTOS,
        **asking.TRAINING,
        "run": "where to put the plan (default: the run named like the folder of the photos)",
        "on": words.ON,
    }
)
def plan(
    _: Context,
    images: str | None = None,
    annotations: str | None = None,
    groups: str | None = None,
    data: str | None = None,
    config: str | None = None,
    from_: str | None = None,
    classes: str | None = None,
    minutes: str | None = None,
    steps: str | None = None,
    start: str | None = None,
    for_: str | None = None,
    split_as_exported: bool = False,
    run: str | None = None,
    on: str | None = None,
) -> None:
    """Show in a dozen lines how photos and labels would be trained on, and why, without training."""
    from infra.errors import UsageError
    from infra.execution import runners
    from infra.execution.steps import perform
    from infra.runs import keeping, planning, recipes
    from infra.tasks.data import requested

    chosen, asked, merging = requested(
        images, annotations, groups, data, config, run, None, True, split_as_exported, "run"
    )
    asked = asking.asked(asked, None, from_, classes, minutes, steps, start, for_)
    if not recipes.is_planned(asked):
        raise UsageError(f"{asked.config} says plan: false; leave that out to have planned what it doesn't say")
    runner = runners.choose(on, None)
    if merging:
        keeping.protect_photos(chosen, asked)
        perform(merging, runner)
    made = planning.looked_at(chosen, asked, runner)
    print(planning.told(made.parent) + str(made))


@task(
    iterable=["vary"],
    help={
        "run": words.RUN,
        "config": f"{words.CONFIG}; what --vary names is laid over it",
        "vary": "section.key=value,value: train with each; give it again for further keys (all combinations)",
        "on": words.ON,
        "gpus": words.GPUS,
    },
)
def sweep(
    _: Context,
    vary: list[str],
    run: str | None = None,
    config: str | None = None,
    on: str | None = None,
    gpus: str | None = None,
) -> None:
    """Train a run's records with each combination of values, and compare by the calibration figure; goes on."""
    from dataclasses import replace

    from infra.execution import runners
    from infra.execution.steps import perform
    from infra.runs import catalogue, planning, recipes
    from infra.runs import sweep as sweeps

    combinations = sweeps.variations(vary)
    chosen = catalogue.find(run or catalogue.SYNTHETIC)
    request = asking.asked(chosen.request(), config)
    runner = runners.choose(on, gpus)
    folder = chosen.folder / "sweep"
    # Records and plan of its own: the run's training stays what it is.
    apart = replace(chosen, folder=folder / "base")
    if recipes.is_planned(request):
        planning.plan(apart, request, runner)
    perform(recipes.records(apart, request), runner)
    if recipes.is_planned(request):
        perform(recipes.race(apart, request), runner)
    trials = sweeps.trials(recipes.train(apart, request), combinations, folder)
    rows = sweeps.compare(trials, folder, runner)
    print(sweeps.table(rows))
    print(folder / rows[0]["checkpoint"])


@task(help={"run": words.RUN, "port": "where to listen on 127.0.0.1 (default: 6006)"})
def tensorboard(_: Context, run: str | None = None, port: str = "6006") -> None:
    """Show the curves and pictures of a run's trainings on http://127.0.0.1:PORT until Ctrl-C."""
    from infra.execution import environments, processes
    from infra.runs import catalogue
    from infra.settings import ROOT

    chosen = catalogue.find(run or catalogue.SYNTHETIC)
    chosen.request()
    python = str(environments.ensure("train").python)
    address = ["--host", "127.0.0.1", "--port", str(words.number(port, "port", 1, words.PORTS))]
    command = [python, "-m", "tensorboard.main", "--logdir", str(chosen.folder), *address]
    processes.run("tensorboard", command, cwd=ROOT)
