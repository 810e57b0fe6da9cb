"""Training and watching it."""

from __future__ import annotations

from invoke import Context, task

from infra.tasks import words


@task(
    help={
        "run": words.RUN,
        "from": words.FROM,
        "config": "another training configuration than the run's",
        "resume": "go on at the last checkpoint (default); --no-resume: begin anew",
        "on": words.ON,
        "gpus": words.GPUS,
    }
)
def train(
    _: Context,
    run: str | None = None,
    from_: str | None = None,
    config: str | None = None,
    resume: bool = True,
    on: str | None = None,
    gpus: str | None = None,
) -> None:
    """Train a detector on a run's records; goes on at the last checkpoint if it was interrupted."""
    from infra.execution import runners
    from infra.execution.steps import perform
    from infra.models import kinds
    from infra.results import forget_unfinished
    from infra.runs import catalogue, recipes

    chosen = catalogue.find(run or catalogue.SYNTHETIC)
    request = chosen.request()
    if from_:
        request = request.model_copy(update={"start": kinds.checkpoint(words.folder(from_, "from"))})
        # Remembered, so that a resumed training, and the tasks after it, need not be told again.
        chosen.save(request)
    if config:
        request = request.model_copy(update={"config": words.file(config, "config")})
    step = recipes.train(chosen, request)
    if not resume:
        forget_unfinished(step.output)
    perform(step, runners.choose(on, gpus))
    print(chosen.checkpoints)


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
