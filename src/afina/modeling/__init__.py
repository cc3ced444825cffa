"""Modeling room: a model's name in, a loaded classifier and its logits out.

Imports the tokenization room and those before it. Names are loaded when first used: to find a model takes no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from afina.lazy import attach

__all__ = [
    "EMBEDDED",
    "HUB_IDS",
    "INFERENCE_BATCH_TOKENS",
    "PretrainedClassifier",
    "batch_logits",
    "count_parameters",
    "embed",
    "freeze_embeddings",
    "load_fine_tuned",
    "load_pretrained",
    "load_tokenizer",
    "locate",
    "predict_logits",
    "quiet",
]

if TYPE_CHECKING:
    from afina.modeling.catalog import EMBEDDED, HUB_IDS, locate
    from afina.modeling.embedding import embed
    from afina.modeling.forward import INFERENCE_BATCH_TOKENS, batch_logits, predict_logits
    from afina.modeling.load import PretrainedClassifier, load_fine_tuned, load_pretrained, quiet
    from afina.modeling.tokenizer import load_tokenizer
    from afina.modeling.trainable import count_parameters, freeze_embeddings
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "EMBEDDED": "catalog",
            "HUB_IDS": "catalog",
            "INFERENCE_BATCH_TOKENS": "forward",
            "PretrainedClassifier": "load",
            "batch_logits": "forward",
            "count_parameters": "trainable",
            "embed": "embedding",
            "freeze_embeddings": "trainable",
            "load_fine_tuned": "load",
            "load_pretrained": "load",
            "load_tokenizer": "tokenizer",
            "locate": "catalog",
            "predict_logits": "forward",
            "quiet": "load",
        },
        extra="train",
    )
