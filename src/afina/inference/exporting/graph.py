"""A fine-tuned model as an ONNX graph: one file, any number of texts of any length.

PyTorch's exporter writes attention as a dozen operators, with a pass over all scores that guards against rows without
any key. ONNX Runtime does not find these patterns again. So attention is written as the one operator that it is,
`com.microsoft.MultiHeadAttention`, whatever the family, while the graph is traced.
"""

from __future__ import annotations

import ast
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import torch
from torch import nn

from afina.errors import AfinaError, ExportError, first_line
from afina.extras import require
from afina.inference.onnx_backend import INPUT_IDS, LOGITS, MASK
from afina.modeling import PretrainedClassifier, quiet
from afina.modeling.feeding import segment_ids

OPSET = 20
"""Version of the standard operators: the first with GELU as one."""

_EXTRA = "export"
_WRAPPER, _SCOPES = "model.", "pkg.torch.onnx.name_scopes"
_TALKATIVE = ("torch.onnx", "torch.utils._sympy", "onnxscript", "onnx_ir")


class _Traced(nn.Module):
    """A classifier as a function of token ids and mask alone, (n_texts, n_tokens) each."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        # XLNet subtracts the mask from 1.0, of which the tracer makes nothing where it is of integers.
        self._counts_with_mask = model.config.model_type == "xlnet"

    def forward(self, token_ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        inputs = {"input_ids": token_ids, "attention_mask": mask.float() if self._counts_with_mask else mask}
        segments = segment_ids(self.model.config, token_ids)
        logits: torch.Tensor = self.model(**inputs, **({} if segments is None else {"token_type_ids": segments})).logits
        return logits


def export_graph(pretrained: PretrainedClassifier) -> Any:
    """The graph of a model, with its weights.

    Args:
        pretrained: A model on the CPU, in fp32.

    Returns:
        An `onnx.ModelProto`: token ids and mask, (n_texts, n_tokens) int64, in; logits, (n_texts, n_labels) float32,
        out.

    Raises:
        ExportError: The model does something that ONNX has no operator for.
        MissingExtraError: The extra `export` is not installed.
    """
    require("onnx", extra=_EXTRA)
    require("onnxscript", extra=_EXTRA)
    model = _Traced(pretrained.model.eval())
    free = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    try:
        with quiet(), _silence(), _fused_attention(), torch.no_grad():
            program = torch.onnx.export(
                model,
                _example(pretrained),
                dynamo=True,
                verbose=False,
                input_names=[INPUT_IDS, MASK],
                output_names=[LOGITS],
                dynamic_shapes=(free, free),
                opset_version=OPSET,
            )
    except AfinaError:
        raise
    except Exception as error:  # the tracer, the translator and the graph's optimizer each raise their own
        kind = pretrained.model.config.model_type
        raise ExportError(
            f"A model of the family {kind} cannot be written as ONNX: {first_line(error)}",
            hint="it answers with PyTorch all the same",
        ) from error
    if program is None:
        raise ExportError("PyTorch's exporter gave no graph")
    return _tidy(program.model_proto)


def _example(pretrained: PretrainedClassifier) -> tuple[torch.Tensor, torch.Tensor]:
    """Two texts, one padded: sizes of 1 and masks without a gap would be taken for all there can be."""
    n_tokens, n_padding = 7, 3
    token_ids = torch.arange(2 * n_tokens).reshape(2, n_tokens) % pretrained.model.config.get_text_config().vocab_size
    mask = torch.ones_like(token_ids)
    gap = slice(0, n_padding) if pretrained.padding_side == "left" else slice(n_tokens - n_padding, n_tokens)
    token_ids[1, gap], mask[1, gap] = pretrained.pad_id, 0
    return token_ids, mask


def _tidy(model: Any) -> Any:
    """The graph with weights named as in the model, and without the notes of the exporter, which quote source code."""
    graph = model.graph
    weights = {each.name: each for each in graph.initializer}
    names = {name: name.removeprefix(_WRAPPER) for name in weights}
    for node in graph.node:
        scopes = [each.value for each in node.metadata_props if each.key == _SCOPES]
        if scopes and node.op_type == "MatMul" and node.input[1] in weights:
            # A linear layer's weights were transposed on the way, and lost their name.
            module = ast.literal_eval(scopes[0])[-2].removeprefix(_WRAPPER)
            names[node.input[1]] = f"{module}.weight"
        del node.metadata_props[:]
        node.doc_string = ""
    taken: set[str] = set()
    for old, new in names.items():
        names[old] = new if new not in taken else old
        taken.add(names[old])
        weights[old].name = names[old]
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name in names:
                node.input[place] = names[name]
    for each in (*graph.input, *graph.output, *graph.value_info, *graph.initializer, graph, model):
        del each.metadata_props[:]
    del graph.value_info[:]
    model.producer_name = "afina"
    return model


@contextmanager
def _fused_attention() -> Iterator[None]:
    """Have every model trace its attention as one operator."""
    functional: Any = nn.functional
    original = functional.scaled_dot_product_attention

    @wraps(original)
    def traced(*states: Any, **settings: Any) -> torch.Tensor:
        return _attention(original, *states, **settings)

    functional.scaled_dot_product_attention = traced
    try:
        yield
    finally:
        functional.scaled_dot_product_attention = original


def _attention(
    original: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> torch.Tensor:
    """Stands in for `scaled_dot_product_attention`: states of (n_texts, n_heads, n_tokens, head width)."""
    if query.dim() != 4 or enable_gqa or query.shape[1] != key.shape[1]:
        rest = {"attn_mask": attn_mask, "is_causal": is_causal, "scale": scale, "enable_gqa": enable_gqa}
        result: torch.Tensor = original(query, key, value, **rest)
        return result
    if attn_mask is not None and attn_mask.dtype == torch.bool:
        attn_mask = torch.where(attn_mask, 0.0, torch.finfo(query.dtype).min)
    n_texts, n_heads, n_tokens, _ = query.shape
    width = value.shape[-1]
    settings: dict[str, Any] = {"num_heads": int(n_heads), "unidirectional": int(is_causal)}
    if scale is not None:
        settings["scale"] = float(scale)
    mixed: torch.Tensor = torch.onnx.ops.symbolic(
        "com.microsoft::MultiHeadAttention",
        [*(states.transpose(1, 2).flatten(2) for states in (query, key, value)), None, None, attn_mask],
        settings,
        dtype=query.dtype,
        shape=(n_texts, n_tokens, n_heads * width),
        version=1,
    )  # (n_texts, n_tokens, n_heads * head width)
    return mixed.view(n_texts, n_tokens, int(n_heads), int(width)).transpose(1, 2)


@contextmanager
def _silence() -> Iterator[None]:
    """Keep the exporter's remarks on its own workings, and on packages it could also use, off the screen."""
    loggers = [logging.getLogger(name) for name in _TALKATIVE]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
