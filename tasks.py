"""Assembles the collection of tasks; each lives in the module of what it acts on."""

from typing import Any

from invoke import Collection

from infra.tasks import (
    bench,
    check,
    cluster,
    data,
    deploy,
    doctor,
    environments,
    frontend,
    images,
    label,
    locks,
    model,
    pipeline,
    project,
    registry,
    setup,
    start,
    train,
)


class Beside(Collection):
    """Tasks beside one of the collection's own name, as train.sweep is beside train."""

    def task_with_config(self, name: str | None) -> Any:
        """The task of that name, where none of the others is meant."""
        return super().task_with_config(name) if name else (train.train, self.configuration())


namespace = Collection(
    pipeline.pipeline,
    label.label,
    doctor.doctor,
    check.check,
    check.fix,
    check.test,
    train.plan,
    train.train,
    train.tensorboard,
    model.evaluate,
    model.export,
    model.convert,
    frontend.smoke,
    frontend.serve,
)
for wing in (bench, cluster, data, environments, images, locks, project, start):
    namespace.add_collection(Collection.from_module(wing))
deploying = Collection.from_module(deploy)
deploying.add_task(setup.setup)
deploying.add_task(setup.doctor)
namespace.add_collection(deploying)
namespace.add_collection(Collection("frontend", frontend.build))
# Beside the task of that name, which `add_collection` would refuse.
namespace.collections["train"] = Beside("train", train.sweep)
namespace.add_collection(
    Collection(
        "model",
        registry.push,
        registry.pull,
        registry.list_,
        model.blend,
        model.calibrate,
        model.release,
        model.card,
    )
)

# A letter would mean another flag in each task; -k, which is written out, stays.
for name in namespace.task_names:
    namespace[name].auto_shortflags = False
