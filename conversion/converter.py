"""The tensorflowjs converter without the 1.2 GB that it needs for formats not used here."""

from __future__ import annotations

import contextlib
import logging
import sys
import types
import warnings
from collections.abc import Iterator

import tensorflow  # noqa: F401
import tf_keras  # noqa: F401  keras probes for a real jax: import it before the stand-ins

for _absent in (
    "tensorflow_decision_forests",
    "jax",
    "jax.experimental",
    "jax.experimental.jax2tf",
):
    sys.modules.setdefault(_absent, types.ModuleType(_absent))
sys.modules["jax.experimental"].jax2tf = sys.modules[  # type: ignore[attr-defined]
    "jax.experimental.jax2tf"
]

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of tensorflow_hub, about the setuptools that it needs
    from tensorflowjs import write_weights
    from tensorflowjs.converters import common, tf_saved_model_conversion_v2

__all__ = ["common", "quiet", "tf_saved_model_conversion_v2", "write_weights"]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep back TensorFlow's deprecation notes and the converter's prints: they help no user."""
    logger = logging.getLogger("tensorflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(None):
            yield
    finally:
        logger.setLevel(level)
