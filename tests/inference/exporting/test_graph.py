"""Every family as an ONNX graph that gives PyTorch's logits on every kind of batch."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from tests.modeling.families import CONTEXT, FAMILIES

from afina.errors import ExportError
from afina.inference.exporting import MOST_IN_FP32, export_graph, largest_differences
from afina.inference.onnx_backend import OnnxBackend
from afina.inference.torch_backend import TorchBackend
from afina.labels import LabelSet
from afina.modeling import load_pretrained
from afina.tokenization import WINDOWS, Encoder

pytestmark = pytest.mark.usefixtures("one_thread")

LABELS = LabelSet(("bad", "so-so", "good"))
TEXTS = ["", "good", "a bad room", "it was the number " * 6, "fine and dull " * 40]
# A fused operator, and one with a causal mask.
IN_EVERY_RUN = ("distilbert", "gpt2")
# Their attention is written out by the family itself.
UNFUSED = ("xlnet", "deberta-v3")


def backend_of(pretrained, model):
    return OnnxBackend.load(
        model.SerializeToString(), name="graph", precision="fp32", pad_id=pretrained.pad_id,
        padding_side=pretrained.padding_side, threads=1,
    )  # fmt: skip


@pytest.mark.parametrize(
    "family",
    [pytest.param(name, marks=() if name in IN_EVERY_RUN else pytest.mark.slow) for name in FAMILIES],
)
def test_a_graph_gives_the_logits_of_pytorch(family, tmp_path):
    pretrained = load_pretrained(str(FAMILIES[family](tmp_path)), LABELS, seed=1, dropout=0.0)
    graph = export_graph(pretrained)
    encoder = Encoder(pretrained.backend_tokenizer, min(pretrained.max_context, CONTEXT))
    exported = backend_of(pretrained, graph)
    differences = largest_differences(TorchBackend(pretrained), exported, encoder, TEXTS)
    assert set(differences) == {"short", "long", "mixed", "one"}
    assert max(differences.values()) < MOST_IN_FP32
    logits = exported.logits(encoder.encode(TEXTS))
    assert np.ptp(logits, axis=0).min() > 10 * MOST_IN_FP32, "texts differ by more than the gate allows"

    fused = sum(node.op_type == "MultiHeadAttention" for node in graph.graph.node)
    assert (fused == 0) == (family in UNFUSED)
    assert {each.domain for each in graph.opset_import} <= {"", "com.microsoft"}
    assert not graph.functions
    assert not any(weight.external_data for weight in graph.graph.initializer)
    assert b".py" not in graph.SerializeToString(), "no source code is quoted"
    onnx.checker.check_model(graph) if not fused else None


def test_windows_have_the_mean_of_their_logits(tiny_model):
    pretrained = load_pretrained(str(tiny_model), LABELS, seed=1, dropout=0.0)
    encoder = Encoder(pretrained.backend_tokenizer, 16, long_text=WINDOWS)
    encodings = encoder.encode(TEXTS)
    assert encodings.first_windows is not None
    exported, original = backend_of(pretrained, export_graph(pretrained)), TorchBackend(pretrained)
    np.testing.assert_allclose(exported.logits(encodings), original.logits(encodings), atol=1e-5)


def test_what_cannot_be_traced_is_one_sentence(tiny_model, monkeypatch):
    pretrained = load_pretrained(str(tiny_model), LABELS, seed=1, dropout=0.0)
    forward = pretrained.model.forward

    def depends_on_values(input_ids, **inputs):
        return forward(input_ids=input_ids[:, : int(input_ids.sum()) % 3 + 1], **inputs)

    monkeypatch.setattr(pretrained.model, "forward", depends_on_values)
    with pytest.raises(ExportError, match="family bert cannot be written as ONNX"):
        export_graph(pretrained)
