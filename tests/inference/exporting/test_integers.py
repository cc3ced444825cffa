"""Graphs in 8-bit integers: near the original, the same whatever the batch, and never near an overflow."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from afina.inference.exporting import export_graph, quantize
from afina.inference.exporting.rounding import StatesSeen, round_weights, smoothing_factors
from afina.inference.onnx_backend import OnnxBackend
from afina.labels import LabelSet
from afina.modeling import load_pretrained
from afina.modeling.anatomy import head_modules
from afina.tokenization import Encoder

pytestmark = pytest.mark.usefixtures("one_thread")

LABELS = LabelSet(("negative", "positive"))
TEXTS = ["good", "a bad room", "not very happy and not very sad 7", "it was the number " * 6, "fine and dull " * 9]
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def exported(tiny_model):
    pretrained = load_pretrained(str(tiny_model), LABELS, seed=3, dropout=0.0)
    graph = export_graph(pretrained)
    encodings = Encoder(pretrained.backend_tokenizer, 64).encode(TEXTS)
    texts = [encodings.window(i).astype(np.int64) for i in range(len(TEXTS))]
    return pretrained, graph, quantize(graph, texts, kept=head_modules(pretrained.model)), encodings


def load(pretrained, graph, precision):
    return OnnxBackend.load(
        graph.SerializeToString(), name=precision, precision=precision, pad_id=pretrained.pad_id,
        padding_side=pretrained.padding_side, threads=1,
    )  # fmt: skip


def test_integers_are_near_the_original(exported):
    pretrained, graph, integers, encodings = exported
    wanted = load(pretrained, graph, "fp32").logits(encodings)
    found = load(pretrained, integers, "int8").logits(encodings)
    assert np.abs(found - wanted).max() < 0.05 * np.abs(wanted).max()
    assert (found != wanted).any()


def test_the_answer_to_a_text_does_not_depend_on_the_texts_beside_it(exported):
    pretrained, _, integers, encodings = exported
    backend = load(pretrained, integers, "int8")
    alone = np.concatenate([backend.logits(encodings.select(np.array([i]))) for i in range(len(TEXTS))])
    np.testing.assert_allclose(backend.logits(encodings), alone, atol=1e-6)


def test_weights_leave_room_for_sums_and_the_head_is_left_alone(exported):
    pretrained, graph, integers, _ = exported
    weights = {each.name: onnx.numpy_helper.to_array(each) for each in integers.graph.initializer}
    multiplied = [node.input[1] for node in integers.graph.node if node.op_type == "MatMulIntegerToFloat"]
    linear = [node for node in graph.graph.node if node.op_type in ("MatMul", "Gemm")]
    assert len(multiplied) == len(linear) - len(head_modules(pretrained.model))
    for name in multiplied:
        assert weights[name].dtype == np.int8
        assert np.abs(weights[name].astype(int)).max() <= 63
    np.testing.assert_array_equal(weights["classifier.weight"], pretrained.model.classifier.weight.detach().numpy())
    assert len(integers.SerializeToString()) < len(graph.SerializeToString())


def test_large_tables_are_looked_up_in_integers():
    table = RNG.normal(size=(2_000, 8)).astype(np.float32)
    inputs = [onnx.helper.make_tensor_value_info("input_ids", onnx.TensorProto.INT64, [None, None])]
    outputs = [onnx.helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, [None, None, 8])]
    node = onnx.helper.make_node("Gather", ["table", "input_ids"], ["logits"])
    graph = onnx.helper.make_graph([node], "g", inputs, outputs, [onnx.numpy_helper.from_array(table, "table")])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=10)
    import onnxruntime

    session = onnxruntime.InferenceSession(quantize(model, []).SerializeToString())
    ids = np.array([[0, 5, 1_999]])
    (found,) = session.run(None, {"input_ids": ids})
    allowed = np.abs(table[ids]).max(axis=-1, keepdims=True) / 127
    assert (np.abs(found - table[ids]) <= allowed).all()


def correlated_states(n_tokens: int, width: int) -> np.ndarray:
    """States in which channels go together and one is much larger than the others."""
    mixed = RNG.normal(size=(n_tokens, width)) @ RNG.normal(size=(width, width))
    mixed[:, 3] *= 50
    return mixed.astype(np.float32)


def test_weights_rounded_together_change_the_products_less():
    states, weights = correlated_states(500, 24), RNG.normal(size=(24, 16)).astype(np.float32)
    seen = StatesSeen.none(24)
    for part in np.array_split(states, 7):
        seen.add(part)
    np.testing.assert_allclose(seen.products, states.astype(np.float64).T @ states, rtol=1e-4)
    np.testing.assert_allclose(seen.largest, np.abs(states).max(axis=0), rtol=1e-6)

    def error(given):
        integers, scales = round_weights(weights, steps=15, seen=given)
        assert np.abs(integers.astype(int)).max() <= 15
        return np.square(states @ (integers * scales) - states @ weights).mean()

    assert error(seen) < 0.7 * error(None)


def test_smoothing_makes_channels_more_alike_and_leaves_the_product():
    states, weights = correlated_states(200, 24), RNG.normal(size=(24, 16)).astype(np.float32)
    seen = StatesSeen.none(24)
    seen.add(states)
    factors = smoothing_factors(seen, [weights])
    assert np.exp(np.log(factors).mean()) == pytest.approx(1)
    np.testing.assert_allclose(
        (states / factors) @ (weights * factors[:, None]), states @ weights, rtol=1e-3, atol=1e-2
    )
    even = seen.divided_by(factors).largest
    assert even.max() / even.min() < seen.largest.max() / seen.largest.min() / 3
