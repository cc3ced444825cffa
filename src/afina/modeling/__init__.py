"""Modeling room: a model's name in, a loaded classifier and its logits out.

Imports the tokenization room and those before it.
"""

from afina.modeling.catalog import EMBEDDED, HUB_IDS, locate
from afina.modeling.forward import INFERENCE_BATCH_TOKENS, batch_logits, predict_logits
from afina.modeling.load import PretrainedClassifier, load_fine_tuned, load_pretrained, quiet
from afina.modeling.trainable import count_parameters, freeze_embeddings

__all__ = [
    "EMBEDDED",
    "HUB_IDS",
    "INFERENCE_BATCH_TOKENS",
    "PretrainedClassifier",
    "batch_logits",
    "count_parameters",
    "freeze_embeddings",
    "load_fine_tuned",
    "load_pretrained",
    "locate",
    "predict_logits",
    "quiet",
]
