"""What changes while training, and the step that changes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from training.config import Configuration
from training.data.augmentation.pixels import recolour
from training.detector import bodies, losses, network
from training.detector.targets import targets
from training.errors import ModelError


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

    def __init__(self, config: Configuration, folder: Path) -> None:
        """Start from scratch, or from the last checkpoint in ``folder``. Raises ModelError if that is unreadable."""
        settings = config.training
        keras.config.set_dtype_policy("mixed_bfloat16" if wants_bfloat16(settings.precision) else "float32")
        self.model = network.build(config.network, len(config.classes))
        keras.config.set_dtype_policy("float32")
        # The moving average of the weights is what is judged and exported.
        self.averaged = network.build(config.network, len(config.classes))
        self.averaged.set_weights(self.model.get_weights())
        schedule = keras.optimizers.schedules.CosineDecay(
            0.0,
            max(1, settings.steps - settings.warmup),
            alpha=0.02,
            warmup_target=settings.learning_rate,
            warmup_steps=settings.warmup,
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
        self.best = tf.Variable(-1.0)
        self.stale = tf.Variable(0)
        checkpoint = tf.train.Checkpoint(
            model=self.model,
            averaged=self.averaged,
            optimizer=self.optimizer,
            step=self.step,
            best=self.best,
            stale=self.stale,
        )
        self.manager = tf.train.CheckpointManager(checkpoint, str(folder), max_to_keep=2)
        if self.manager.latest_checkpoint:
            self._restore(checkpoint)

    def _restore(self, checkpoint: Any) -> None:
        latest = self.manager.latest_checkpoint
        try:
            checkpoint.restore(latest).assert_consumed()
        except (tf.errors.OpError, ValueError, AssertionError) as error:
            raise ModelError(
                f"{latest}: unreadable, or not of this configuration; delete its folder to train anew"
            ) from error

    def save(self) -> None:
        """Write a checkpoint of the present step."""
        self.manager.save(checkpoint_number=int(self.step))


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


def make_step(state: State, config: Configuration) -> Any:
    """The compiled training step: crops, boxes and labels of a batch in; float32 [2] out, class loss and box loss.

    Nothing of it is read back: on a GPU the next step can be queued while this one runs.
    """
    settings = config.training
    stride = config.network.stride
    cells = (settings.crop // stride, settings.crop // stride)
    variables = state.model.trainable_variables

    @tf.function
    def step(crops: Any, boxes: Any, labels: Any) -> Any:
        seed = tf.stack([settings.seed, tf.cast(state.step, tf.int32)])
        images = recolour(crops, seed, config.augmentation)
        truth = targets(boxes, labels, cells, stride, len(config.classes))
        with tf.GradientTape() as tape:
            logits, distances = state.model(images, training=True)
            class_loss = losses.class_loss(logits, distances, truth)
            box_loss = losses.box_loss(distances, truth)
            loss = class_loss + losses.BOX_WEIGHT * box_loss
        state.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        state.step.assign_add(1)
        # Young averages follow quickly, so that they don't remember the start.
        done = tf.cast(state.step, tf.float32)
        decay = tf.minimum(settings.averaging, (1 + done) / (10 + done))
        for average, weight in zip(state.averaged.variables, state.model.variables, strict=True):
            if average.dtype == "float32":
                average.assign(average * decay + tf.cast(weight, tf.float32) * (1 - decay))
        return tf.stack([class_loss, box_loss])

    return step
