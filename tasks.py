"""Assembles the collection of tasks; each lives in the module of what it acts on."""

from invoke import Collection

from infra.tasks import (
    bench,
    check,
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
for wing in (bench, data, environments, images, locks, project, start):
    namespace.add_collection(Collection.from_module(wing))
deploying = Collection.from_module(deploy)
deploying.add_task(setup.setup)
deploying.add_task(setup.doctor)
namespace.add_collection(deploying)
namespace.add_collection(Collection("frontend", frontend.build))
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
