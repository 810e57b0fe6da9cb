"""Runs steps in local environments, no container engine needed."""

from __future__ import annotations

from collections.abc import Mapping

from infra.execution import environments, gpus, locks, processes
from infra.execution.steps import Step
from infra.settings import ROOT


class Local:
    """A runner: each step in the environment made from its lock."""

    def __init__(
        self, *, with_gpus: bool = False, must_have_gpus: bool = False, more: Mapping[str, str] | None = None
    ) -> None:
        """``more`` is laid over the steps' environment variables."""
        self.with_gpus = with_gpus
        self.variables = {**gpus.variables(must_have_gpus), **(more or {})}

    def run(self, step: Step) -> None:
        """Run ``step`` to its end, its lines on stderr."""
        is_for_gpus = self.with_gpus and step.environment == "train"
        environment = environments.ensure("train-gpu" if is_for_gpus else step.environment)
        # The child inherits the lock: one that outlives a killed ./inv still keeps others out of
        # its folder.
        with locks.refusing(step.lock, str(step.output)) as descriptor:
            processes.run(
                step.name,
                [str(environment.python), *step.arguments()],
                cwd=ROOT,
                # TensorFlow greets with a dozen lines about itself, some as errors; what fails is raised all the same.
                environment={"TF_CPP_MIN_LOG_LEVEL": "3", **self.variables},
                keep_open=[descriptor],
                is_step=True,
            )
