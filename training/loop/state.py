"""What changes while training, and the step that changes it."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from training.config import Configuration
from training.data.augmentation.pixels import recolour
from training.detector import bodies, losses, network
from training.detector.targets import targets
from training.errors import ModelError
from training.loop.gang import ALONE, Alone
from training.loop.timetable import Timetable

SPREAD = 7919
"""Between the seeds of two workers."""


class TwoRates(keras.optimizers.AdamW):
    """AdamW that changes some of the variables, ``slow`` by identity, with the share ``rate`` of the learning rate."""

    def __init__(self, schedule: Any, slow: set[int], rate: float, **options: Any) -> None:
        super().__init__(schedule, **options)
        self.slow, self.rate = slow, rate

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Keras calls it for each variable."""
        slow = id(variable) in self.slow
        super().update_step(gradient, variable, learning_rate * self.rate if slow else learning_rate)

    def _use_weight_decay(self, variable: Any) -> bool:
        # What a body has seen isn't forgotten either.
        return id(variable) not in self.slow and bool(super()._use_weight_decay(variable))


class State:
    """Everything that changes while training: networks, optimiser, counters, and their checkpoints."""

    def __init__(self, config: Configuration, folder: Path | None) -> None:
        """Start from scratch, or from the last checkpoint in ``folder``. Raises ModelError if that is unreadable.

        Without a folder nothing is saved.
        """
        self.settings = settings = config.training
        keras.config.set_dtype_policy("mixed_bfloat16" if wants_bfloat16(settings.precision) else "float32")
        self.model = network.build(config.network, len(config.classes))
        keras.config.set_dtype_policy("float32")
        # The moving average of the weights is what is judged and exported.
        self.averaged = network.build(config.network, len(config.classes))
        self.averaged.set_weights(self.model.get_weights())
        # Variables, since a training that was given minutes learns its number of steps only as it runs.
        self.decay_steps, self.warmup, self.averaging = (tf.Variable(1.0, trainable=False) for _ in range(3))
        self.follow(Timetable.written(settings))
        schedule = keras.optimizers.schedules.CosineDecay(
            0.0,
            self.decay_steps,
            alpha=0.02,
            warmup_target=settings.learning_rate,
            warmup_steps=self.warmup,
        )
        for layer in self.model.layers:
            if settings.frozen_stem and bodies.part(layer.name) == "stem":
                layer.trainable = False
        slow = {id(v) for layer in self.model.layers if bodies.part(layer.name) != "head" for v in layer.variables}
        self.optimizer = TwoRates(
            schedule,
            slow if settings.body_rate != 1 else set(),
            settings.body_rate,
            weight_decay=settings.weight_decay,
            global_clipnorm=settings.clip_norm,
        )
        self.optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        self.optimizer.build(self.model.trainable_variables)
        self.step = tf.Variable(0, dtype=tf.int64)
        self.broken = tf.Variable(0, dtype=tf.int64)
        """The first step whose loss was no number; 0 as long as there is none."""
        self.best = tf.Variable(-1.0)
        self.kept = tf.Variable(-1.0)
        self.stale = tf.Variable(0)
        self.seconds = tf.Variable(0.0)
        """that went into it, earlier attempts too"""
        checkpoint = tf.train.Checkpoint(
            model=self.model,
            averaged=self.averaged,
            optimizer=self.optimizer,
            step=self.step,
            best=self.best,
            kept=self.kept,
            stale=self.stale,
            seconds=self.seconds,
        )
        # TensorFlow takes paths of checkpoints for patterns: one with a bracket is reached by another name.
        alias = tempfile.mkdtemp()
        # Holds a link, so that nothing of the training goes with it.
        weakref.finalize(self, shutil.rmtree, alias, ignore_errors=True)
        place = Path(alias) / "checkpoints"
        if folder:
            place.symlink_to(folder.absolute(), target_is_directory=True)
        self.folder = folder or place
        self.manager = tf.train.CheckpointManager(checkpoint, str(place), max_to_keep=2)
        if self.manager.latest_checkpoint:
            self._restore(checkpoint)

    def _restore(self, checkpoint: Any) -> None:
        latest = self.manager.latest_checkpoint
        try:
            checkpoint.restore(latest).assert_consumed()
        except (tf.errors.OpError, ValueError, AssertionError) as error:
            raise ModelError(
                f"{self.folder / Path(latest).name}: unreadable, or not of this configuration; delete its folder to "
                "train anew"
            ) from error

    def follow(self, table: Timetable) -> None:
        """Learn by the numbers of steps of ``table`` from now on."""
        self.decay_steps.assign(max(1, table.steps - table.warmup))
        self.warmup.assign(table.warmup)
        self.averaging.assign(table.averaging)

    def statistics(self) -> list[Any]:
        """Means and variances that the network gathers as it learns."""
        layers = [layer for layer in self.model.layers if layer.trainable]
        return [one for layer in layers for one in layer.non_trainable_variables if one.dtype == "float32"]

    def save(self) -> None:
        """Write a checkpoint of the present step."""
        self.manager.save(checkpoint_number=int(self.step))

    def check(self) -> None:
        """Raise ModelError where a loss or a weight isn't a number any more."""
        broken = int(self.broken)
        whole = not broken and all(np.isfinite(weight).all() for weight in self.averaged.get_weights())
        if whole:
            return
        last = Path(self.manager.latest_checkpoint).name if self.manager.latest_checkpoint else None
        kept = f"the last good checkpoint is {self.folder / last}" if last else "there is no checkpoint before it"
        raise ModelError(
            f"step {broken or int(self.step)}: the {'loss' if broken else 'weights'} aren't numbers any more; {kept}. "
            f"Lower training.learning_rate ({self.settings.learning_rate:g}) or training.clip_norm "
            f"({self.settings.clip_norm:g}), or raise training.warmup"
        )

    def snapshot(self) -> list[np.ndarray]:
        """Everything that changes, for `put_back`."""
        return [variable.numpy() for variable in self.variables()]

    def put_back(self, values: list[np.ndarray]) -> None:
        """Put back what `snapshot` gave."""
        for variable, value in zip(self.variables(), values, strict=True):
            variable.assign(value)

    def variables(self) -> list[Any]:
        """All of them."""
        own = [self.step, self.broken, self.best, self.kept, self.stale]
        return [*self.model.variables, *self.averaged.variables, *self.optimizer.variables, *own]


def wants_bfloat16(precision: str) -> bool:
    """Whether to compute in bfloat16: as asked, or where the processor or the GPU does so natively."""
    if precision != "auto":
        return precision == "bfloat16"
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        capability = tf.config.experimental.get_device_details(gpus[0]).get("compute_capability", (0, 0))
        return bool(capability >= (8, 0))
    flags = Path("/proc/cpuinfo")
    return flags.exists() and "avx512_bf16" in flags.read_text()


def make_step(state: State, config: Configuration, gang: Alone = ALONE) -> Any:
    """The compiled training step: crops, boxes and labels of a batch in; float32 [2] out, class loss and box loss.

    A ``gang`` takes the step together: the batch is this worker's portion, the losses are those of all.

    Nothing of it is read back: on a GPU the next step can be queued while this one runs.
    """
    settings = config.training
    stride = config.network.stride
    cells = (settings.crop // stride, settings.crop // stride)
    variables, statistics = state.model.trainable_variables, state.statistics()

    @tf.function
    def step(crops: Any, boxes: Any, labels: Any) -> Any:
        seed = tf.stack([settings.seed + SPREAD * gang.index, tf.cast(state.step, tf.int32)])
        images = recolour(crops, seed, config.augmentation)
        truth = targets(boxes, labels, cells, stride, len(config.classes))
        with tf.GradientTape() as tape:
            logits, distances = state.model(images, training=True)
            class_loss = losses.class_loss(logits, distances, truth)
            box_loss = losses.box_loss(distances, truth)
            loss = class_loss + losses.BOX_WEIGHT * box_loss
        gradients, both = gang.agree(tape.gradient(loss, variables), tf.stack([class_loss, box_loss]), statistics)
        state.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        state.step.assign_add(1)
        fine = (state.broken > 0) | tf.reduce_all(tf.math.is_finite(both))
        state.broken.assign(tf.where(fine, state.broken, state.step))
        # Young averages follow quickly, so that they don't remember the start.
        done = tf.cast(state.step, tf.float32)
        decay = tf.minimum(state.averaging, (1 + done) / (10 + done))
        for average, weight in zip(state.averaged.variables, state.model.variables, strict=True):
            if average.dtype == "float32":
                average.assign(average * decay + tf.cast(weight, tf.float32) * (1 - decay))
        return both

    return step
