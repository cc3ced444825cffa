"""A small encoder with random weights, for questions that pretrained weights would blur."""

from __future__ import annotations

from typing import Any

LAYERS, WIDTH, HEADS, FEED_FORWARD = 2, 128, 4, 256
DROPOUT = 0.1


def small_encoder(vocabulary: int, n_labels: int, *, max_tokens: int, pad_id: int, seed: int) -> Any:
    """A 2-layer ModernBERT of width 128 that classifies the mean of its hidden states.

    Models for different vocabularies differ in their embedding table alone; a token costs each the same. The mean is
    taken since the first token's state alone learns slowly without pretraining.

    Args:
        vocabulary: Tokens it knows.
        n_labels: Logits it gives.
        max_tokens: Most tokens of a text.
        pad_id: Token id of padding.
        seed: Seed of the weights.
    """
    import torch
    from transformers import ModernBertConfig, ModernBertForSequenceClassification

    torch.manual_seed(seed)
    config = ModernBertConfig(
        vocab_size=vocabulary, hidden_size=WIDTH, intermediate_size=FEED_FORWARD, num_hidden_layers=LAYERS,
        num_attention_heads=HEADS, max_position_embeddings=max_tokens, global_attn_every_n_layers=1,
        pad_token_id=pad_id, bos_token_id=None, eos_token_id=None, cls_token_id=None, sep_token_id=None,
        embedding_dropout=DROPOUT, mlp_dropout=DROPOUT, classifier_dropout=DROPOUT, classifier_pooling="mean",
        num_labels=n_labels, problem_type="single_label_classification",
    )  # fmt: skip
    return ModernBertForSequenceClassification(config)
