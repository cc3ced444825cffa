"""A graph that multiplies in 8-bit integers, and gives a text the same answer whatever the texts beside it.

ONNX Runtime's own dynamic quantization takes one scale for all states of a batch, so the answer to a text changes with
its neighbours; and on a CPU without VNNI instructions a sum of two products can leave the 16 bits it is kept in. Here

- each token's states are scaled by their own largest number, as in ZeroQuant (Yao et al. 2022, arXiv 2206.01861), so
  that other texts and padding have no part in it, and a token with large states costs no other its precision;
- weights have a scale for each output and use 7 of their 8 bits, `reduce_range` in ONNX Runtime's words, so that no sum
  can overflow, and every CPU computes the same integers;
- channels of states are made more alike, and weights rounded together (see `rounding`), by the states of some texts;
- the embedding table is held in 8 bits too, a scale a row, which is a half of a small model;
- the classification head stays as it is: it costs nothing, and its inputs decide.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.inference.exporting.rounding import LEAST_SCALE, StatesSeen, round_weights, smoothing_factors
from afina.inference.onnx_backend import INPUT_IDS, MASK, import_onnxruntime

MICROSOFT = "com.microsoft"

_STATE_STEPS, _ZERO = 127, 128
# Products of two such numbers, 255 * 63, can be added in pairs within 16 bits.
_WEIGHT_STEPS = 63
_FEWEST_ROWS_OF_A_TABLE = 1_000


def quantize(model: Any, texts: Sequence[npt.NDArray[np.int64]], *, kept: Collection[str] = ()) -> Any:
    """The graph with its matrix products, and its embedding table, in integers.

    Args:
        model: An `onnx.ModelProto` that `export_graph` made; it is left as it is.
        texts: Token ids of texts as the model will read them, (n_tokens,) each; some dozens are enough.
        kept: Names of modules to leave in fp32, as `model.named_modules()` gives them.

    Returns:
        Another `onnx.ModelProto`.
    """
    products = _products(model, kept)
    seen = _watch(model, sorted({node.input[0] for node, _ in products}), texts)
    return _Quantizer(model, products, seen).run()


Products = list[tuple[Any, npt.NDArray[np.float32]]]


def _products(model: Any, kept: Collection[str]) -> Products:
    """Nodes that multiply states with weights, and these weights, (n_in, n_out)."""
    import onnx

    weights = {each.name: each for each in model.graph.initializer}
    found: Products = []
    for node in model.graph.node:
        if node.op_type not in ("MatMul", "Gemm") or node.input[1] not in weights:
            continue
        if any(node.input[1].startswith(f"{name}.") for name in kept):
            continue
        attributes = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
        if attributes.get("alpha", 1.0) != 1.0 or attributes.get("beta", 1.0) != 1.0 or attributes.get("transA", 0):
            continue
        array = onnx.numpy_helper.to_array(weights[node.input[1]])
        if array.ndim == 2 and array.dtype == np.float32:
            found.append((node, array.T if attributes.get("transB", 0) else array))
    return found


def _watch(model: Any, names: Sequence[str], texts: Sequence[npt.NDArray[np.int64]]) -> Mapping[str, StatesSeen]:
    """What goes into the products while the model reads texts, one by one and so without padding."""
    import onnx

    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    watched.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in names)
    session = import_onnxruntime().InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    seen: dict[str, StatesSeen] = {}
    for token_ids in texts:
        inputs = {INPUT_IDS: token_ids[None].astype(np.int64), MASK: np.ones((1, len(token_ids)), dtype=np.int64)}
        for name, states in zip(names, session.run(list(names), inputs), strict=True):
            if name not in seen:
                seen[name] = StatesSeen.none(states.shape[-1])
            seen[name].add(states)
    return seen


class _Quantizer:
    """Replaces nodes one after another; what several of them share is made once."""

    def __init__(self, model: Any, products: Products, seen: Mapping[str, StatesSeen]) -> None:
        import onnx

        self._onnx = onnx
        self._model = model
        self._tables = {each.name: each for each in model.graph.initializer}
        self._products = {node.output[0]: weights for node, weights in products}
        readers: dict[str, list[npt.NDArray[np.float32]]] = defaultdict(list)
        for node, weights in products:
            readers[node.input[0]].append(weights)
        self._factors = {
            name: smoothing_factors(seen[name], readers[name])
            for name in seen
            if all(_narrows(weights) for weights in readers[name])
        }
        self._seen = {
            name: seen[name].divided_by(self._factors[name]) if name in self._factors else seen[name] for name in seen
        }
        self._nodes: list[Any] = []
        self._made: dict[str, Any] = {}
        self._states: dict[str, tuple[str, str]] = {}

    def run(self) -> Any:
        for node in self._model.graph.node:
            if node.output[0] in self._products:
                self._multiply(node, self._products[node.output[0]])
            elif self._is_table(node):
                self._look_up(node)
            else:
                self._nodes.append(node)
        result = self._onnx.ModelProto()
        result.CopyFrom(self._model)
        used = {name for node in self._nodes for name in node.input}
        del result.graph.node[:]
        result.graph.node.extend(self._nodes)
        del result.graph.initializer[:]
        result.graph.initializer.extend([each for name, each in self._tables.items() if name in used])
        result.graph.initializer.extend(self._made.values())
        if all(each.domain != MICROSOFT for each in result.opset_import):
            result.opset_import.append(self._onnx.helper.make_opsetid(MICROSOFT, 1))
        return result

    def _multiply(self, node: Any, weights: npt.NDArray[np.float32]) -> None:
        """`states @ weights (+ bias)` as a product of integers, times the scales of both."""
        name, output = node.input[0], node.output[0]
        integers, largest = self._scale_states(name)
        # Layers may share weights and differ in their states, as those of ALBERT do: named by what they give.
        table, weight_scale = f"{output}.int8", f"{output}.scale"
        if name in self._factors:
            weights = (weights * self._factors[name][:, None]).astype(np.float32)
        rounded, scales = round_weights(weights, steps=_WEIGHT_STEPS, seen=self._seen[name])
        self._store(table, rounded)
        self._store(weight_scale, scales)
        product, scaled = f"{output}.product", f"{output}.scaled"
        bias = node.input[2] if len(node.input) > 2 else None
        step, zero = self._step(), self._constant("zero", np.uint8(_ZERO))
        self._add("MatMulIntegerToFloat", [integers, table, step, weight_scale, zero], product, domain=MICROSOFT)
        self._add("Mul", [product, largest], scaled if bias else output)
        if bias:
            self._add("Add", [scaled, bias], output)

    def _scale_states(self, name: str) -> tuple[str, str]:
        """States as integers, and the largest of each token: names of (..., n_in) uint8 and (..., 1) float32."""
        if name not in self._states:
            even, sizes, largest, most, parts, integers = (
                f"{name}.{part}" for part in ("even", "sizes", "largest", "most", "parts", "integers")
            )
            if name in self._factors:
                factors = f"{name}.factors"
                self._store(factors, (1 / self._factors[name]).astype(np.float32))
                self._add("Mul", [name, factors], even)
            else:
                even = name
            self._add("Abs", [even], sizes)
            self._add("ReduceMax", [sizes, self._constant("last", np.array([-1]))], largest, keepdims=1)
            self._add("Max", [largest, self._constant("least", np.float32(LEAST_SCALE))], most)
            self._add("Div", [even, most], parts)
            self._add("QuantizeLinear", [parts, self._step(), self._constant("zero", np.uint8(_ZERO))], integers)
            self._states[name] = integers, most
        return self._states[name]

    def _is_table(self, node: Any) -> bool:
        """Whether a node looks up embeddings in a table that is worth making smaller."""
        if node.op_type != "Gather" or node.input[0] not in self._tables:
            return False
        shape = self._tables[node.input[0]].dims
        return len(shape) == 2 and shape[0] >= _FEWEST_ROWS_OF_A_TABLE and all(each.i == 0 for each in node.attribute)

    def _look_up(self, node: Any) -> None:
        """Rows of a table of integers, times their scales."""
        name, rows, output = node.input[0], node.input[1], node.output[0]
        table, scale = f"{name}.int8", f"{name}.scale"
        if table not in self._made:
            weights = self._onnx.numpy_helper.to_array(self._tables[name])
            rounded, scales = round_weights(weights.T, steps=_STATE_STEPS)
            self._store(table, np.ascontiguousarray(rounded.T))
            self._store(scale, scales[:, None])
        integers, floats, scaled = f"{output}.integers", f"{output}.floats", f"{output}.scales"
        self._add("Gather", [table, rows], integers)
        self._add("Cast", [integers], floats, to=self._onnx.TensorProto.FLOAT)
        self._add("Gather", [scale, rows], scaled)
        self._add("Mul", [floats, scaled], output)

    def _add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> None:
        self._nodes.append(self._onnx.helper.make_node(kind, inputs, [output], **attributes))

    def _step(self) -> str:
        """What one of the integers stands for, as a share of the largest number of a token."""
        return self._constant("step", np.float32(1 / _STATE_STEPS))

    def _constant(self, name: str, value: Any) -> str:
        name = f"quantization.{name}"
        if name not in self._made:
            self._store(name, np.asarray(value))
        return name

    def _store(self, name: str, array: npt.NDArray[Any]) -> None:
        self._made[name] = self._onnx.numpy_helper.from_array(array, name)


def _narrows(weights: npt.NDArray[np.float32]) -> bool:
    """Whether a layer gives fewer channels than it gets, as the second of each feed-forward block does.

    What it gets comes from an activation function, and its channels differ most; elsewhere smoothing gains little, and
    takes another pass over the states.
    """
    n_in, n_out = weights.shape
    return bool(n_in > n_out)
