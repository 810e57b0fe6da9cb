"""Runs steps in local environments, no container engine needed."""

from __future__ import annotations

from infra.execution import environments, locks, processes
from infra.execution.steps import Step
from infra.settings import ROOT


class Local:
    """A runner: each step in the environment made from its lock."""

    def run(self, step: Step) -> None:
        """Run ``step`` to its end, its lines on stderr."""
        environment = environments.ensure(step.environment)
        # The child inherits the lock: one that outlives a killed ./inv still keeps others out of
        # its folder.
        with locks.refusing(step.lock, str(step.output)) as descriptor:
            processes.run(
                step.name,
                [str(environment.python), *step.arguments()],
                cwd=ROOT,
                # TensorFlow greets with a dozen lines about itself, some as errors; what fails is raised all the same.
                environment={"TF_CPP_MIN_LOG_LEVEL": "3"},
                keep_open=[descriptor],
                is_step=True,
            )
