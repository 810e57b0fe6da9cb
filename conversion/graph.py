"""SavedModel to TensorFlow.js graph model: optimised, quantised, the same bytes every time.

The nodes of the graph's input and outputs bear the names of the signature, so that the page asks
for ``detection_boxes`` and gets it, wherever the converter put it.
"""

from __future__ import annotations

import errno
import glob
import hashlib
import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tensorflow as tf
from google.protobuf.json_format import MessageToDict

from conversion import topology
from conversion.converter import common, quiet, tf_saved_model_conversion_v2, write_weights
from conversion.errors import SavedModelError
from conversion.saved_model import SavedDetector

Quantization = Literal["none", "float16", "uint16", "uint8"]
QUANTIZATIONS: tuple[Quantization, ...] = ("none", "float16", "uint16", "uint8")

MODEL_FILE = "model.json"
SMALL = 10_000
"""Kernels of fewer values get 16 bits instead of 8: rounding does most harm in the first ones, which take few bytes."""
SHARD_BYTES = 4 * 1024 * 1024
"""What the converter's authors found browsers to cache."""


def convert(saved: SavedDetector, quantization: Quantization, folder: Path) -> list[str]:
    """Write ``saved`` as a graph model into ``folder``: model.json, and shards named by content.

    Quantised are the kernels of convolutions and matrix products. Biases and constants (the grid
    that boxes are measured from) stay float32: they are a few kilobytes and every error in them
    moves boxes.

    Returns:
        The operations of the graph, sorted, without constants and inputs.

    Raises:
        SavedModelError: the graph holds suppression, control flow, or operations that
            TensorFlow.js lacks.
    """
    frozen = topology.frozen(saved)
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(frozen, name="")
    signature = topology.signature(graph)
    with quiet():
        try:
            optimised = tf_saved_model_conversion_v2.optimize_graph(graph, signature, strip_debug_ops=True)
        except ValueError as error:
            raise SavedModelError(
                f"{saved.folder}: {' '.join(str(error).split())}; TensorFlow.js can't run these, "
                "export the detector without them"
            ) from error
    ordered = topology.ordered(optimised)
    (weights,) = tf_saved_model_conversion_v2.extract_weights(ordered)
    biases = topology.bias_names(ordered)
    for weight in weights:
        if weight["name"] in biases:
            # That of a single channel (one class) keeps the shape in which it was added; TensorFlow.js wants a row.
            weight["data"] = weight["data"].reshape(-1)
        if weight["data"].dtype.kind in "iu":
            # TensorFlow.js computes all integers as int32, and loads no other ones.
            weight["data"] = weight["data"].astype(np.int32)
    entry = _write_weights(weights, quantization, topology.kernel_names(ordered), folder)
    content = {
        common.FORMAT_KEY: common.TFJS_GRAPH_MODEL_FORMAT,
        common.GENERATED_BY_KEY: tf.__version__,
        common.CONVERTED_BY_KEY: common.get_converted_by(),
        common.SIGNATURE_KEY: MessageToDict(signature),
        common.ARTIFACT_MODEL_TOPOLOGY_KEY: MessageToDict(ordered),
        common.ARTIFACT_WEIGHTS_MANIFEST_KEY: [entry],
    }
    words = json.dumps(content, sort_keys=True, separators=(",", ":"))
    (folder / MODEL_FILE).write_text(words, "utf-8")
    return sorted({node.op for node in ordered.node} - {"Const", "Placeholder"})


def _write_weights(
    weights: list[dict[str, Any]], quantization: Quantization, kernels: list[str], folder: Path
) -> dict[str, Any]:
    """Write the shards and return their entry of the weights manifest."""
    small = {weight["name"] for weight in weights if weight["data"].size < SMALL}
    chosen: dict[str, list[str]] = {}
    for kernel in kernels if quantization != "none" else ():
        kind = "uint16" if quantization == "uint8" and kernel in small else quantization
        chosen.setdefault(kind, []).append(glob.escape(kernel))
    try:
        with quiet():
            (entry,) = write_weights.write_weights(
                [weights],
                str(folder),
                shard_size_bytes=SHARD_BYTES,
                write_manifest=False,
                quantization_dtype_map=chosen or None,
            )
    except tf.errors.ResourceExhaustedError as error:
        raise OSError(errno.ENOSPC, "no space left on the disk", str(folder)) from error
    named: dict[str, Any] = {
        **entry,
        "paths": [_named_by_content(folder / p) for p in entry["paths"]],
    }
    return named


def _named_by_content(shard: Path) -> str:
    name = f"weights-{hashlib.sha256(shard.read_bytes()).hexdigest()[:16]}.bin"
    shard.rename(shard.with_name(name))
    return name
