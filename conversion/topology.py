"""A detector's GraphDef: cut to two outputs, free of what browsers can't run, in fixed order."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow.core.framework import graph_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow.python.framework.convert_to_constants import (
    convert_variables_to_constants_v2_as_graph,
)

from conversion.converter import quiet
from conversion.errors import SavedModelError
from conversion.saved_model import BOXES, INPUT, SCORES, SavedDetector

SUPPRESSION = ("NonMaxSuppression", "CombinedNonMaxSuppression")
CONTROL_FLOW = (
    *("If", "StatelessIf", "Case", "StatelessCase", "While", "StatelessWhile", "Where"),
    *("Switch", "RefSwitch", "Merge", "Enter", "Exit", "NextIteration", "LoopCond"),
    *("TensorArray", "TensorList"),
)
REFUSED = (
    (
        SUPPRESSION,
        (
            "come out of suppression ({}), which blocks or slows the browser; the page does it "
            "instead. Export the tensors that go into it, too, as raw_detection_boxes [1, n, 4] and "
            "raw_detection_scores [1, n, c], as the Object Detection API does"
        ),
    ),
    (
        CONTROL_FLOW,
        (
            "need control flow ({}), which slows the browser. Export with a fixed input size and "
            "batch 1, and without loops such as tf.map_fn"
        ),
    ),
)
"""Beginnings of operations, and what to say of them."""
FILTERING = ("Conv2D", "DepthwiseConv2dNative", "Conv2DBackpropInput", "MatMul")
"""Operations whose second input is a kernel; so is that of their `_Fused…` and `Fused…` kin."""


def frozen(saved: SavedDetector) -> Any:
    """The GraphDef with variables as constants, cut to what the two outputs depend on.

    Raises:
        SavedModelError: they depend on suppression or control flow, or not on the image.
    """
    _, graph = convert_variables_to_constants_v2_as_graph(saved.function, aggressive_inlining=True)
    for node in graph.node:
        # Nothing is stateful any more: order only keeps assertions and dead nodes alive.
        data = [name for name in node.input if not name.startswith("^")]
        del node.input[:]
        node.input.extend(data)
        if node.op == "EnsureShape":
            # An assertion too, and one that TensorFlow.js 4.22 lists as supported and fails on.
            node.op = "Identity"
            del node.attr["shape"]
    with quiet():
        cut = tf.compat.v1.graph_util.extract_sub_graph(graph, [BOXES, SCORES])
    whose = f"{saved.folder}: {' and '.join(saved.sources)}"
    if INPUT not in {node.name for node in cut.node}:
        raise SavedModelError(f"{whose} don't depend on the image; export the trained detector")
    operations = {node.op for node in cut.node}
    operations |= {node.op for function in cut.library.function for node in function.node_def}
    for beginnings, words in REFUSED:
        if found := sorted(name for name in operations if name.startswith(beginnings)):
            raise SavedModelError(f"{whose} {words.format(', '.join(found))}")
    return cut


def signature(graph: tf.Graph) -> Any:
    """Names, types and shapes of the graph's input and outputs, each under its own name."""
    described = meta_graph_pb2.SignatureDef()
    for side, names in ((described.inputs, (INPUT,)), (described.outputs, (BOXES, SCORES))):
        for name in names:
            tensor = graph.get_tensor_by_name(f"{name}:0")
            side[name].name = tensor.name
            side[name].dtype = tensor.dtype.as_datatype_enum
            side[name].tensor_shape.CopyFrom(tensor.shape.as_proto())
    return described


def ordered(graph: Any) -> Any:
    """The same graph with nodes in the order of a walk from the outputs, and named by it.

    Order, names and notes of the optimiser depend on hashes and traces of the process: they change
    from run to run, and are long. Input and outputs keep their names.
    """
    nodes = {node.name: node for node in graph.node}
    names: dict[str, str] = {}
    waiting = [SCORES, BOXES]
    while waiting:
        name = waiting[-1]
        inputs = [_node_of(source) for source in nodes[name].input]
        if missing := [source for source in inputs if source not in names]:
            waiting.extend(reversed(missing))
            continue
        waiting.pop()
        if name not in names:
            own = name in (INPUT, BOXES, SCORES)
            names[name] = name if own else f"{nodes[name].op.lstrip('_')}_{len(names)}"
    result = graph_pb2.GraphDef(versions=graph.versions)
    for name, short in names.items():
        node = result.node.add()
        node.CopyFrom(nodes[name])
        node.name = short
        node.ClearField("experimental_debug_info")
        node.ClearField("device")
        for attribute in [name for name in node.attr if name.startswith("_")]:
            del node.attr[attribute]
        node.input[:] = [source.replace(_node_of(source), names[_node_of(source)], 1) for source in node.input]
    return result


def _node_of(source: str) -> str:
    """The node that an input refers to: ``name``, ``name:port`` or ``^name``."""
    return source.removeprefix("^").split(":")[0]


def kernel_names(graph: Any) -> list[str]:
    """Constants that convolutions and matrix products filter with, sorted."""
    return sorted(
        {
            _node_of(node.input[1])
            for node in graph.node
            if node.op.removeprefix("_Fused").removeprefix("Fused") in FILTERING
        }
    )


def bias_names(graph: Any) -> list[str]:
    """Constants that convolutions add to their result, sorted."""
    return sorted(
        {
            _node_of(node.input[2])
            for node in graph.node
            if "Fused" in node.op and len(node.input) > 2 and b"BiasAdd" in node.attr["fused_ops"].list.s
        }
    )
