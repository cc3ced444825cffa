"""Modeling room: a model's name in, a loaded classifier and its logits out.

Imports the tokenization room and those before it. Names are loaded when first used: to find a model takes no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from afina.lazy import attach

__all__ = [
    "EMBEDDED",
    "HEAD_ONLY",
    "HUB_IDS",
    "INFERENCE_BATCH_TOKENS",
    "Anatomy",
    "CatalogEntry",
    "Outline",
    "Prefix",
    "PrefixStates",
    "PretrainedClassifier",
    "add_lora",
    "batch_logits",
    "check_depth",
    "check_quantization",
    "count_parameters",
    "dissect",
    "embed",
    "empty_model",
    "filter_models",
    "fold_into_adapter",
    "fold_temperature",
    "freeze",
    "freeze_all_but_head",
    "head_modules",
    "hub_id",
    "is_local",
    "known_entry",
    "load_fine_tuned",
    "load_pretrained",
    "load_tokenizer",
    "locate",
    "merge_into",
    "merge_lora",
    "outline_of",
    "parse_count",
    "predict_logits",
    "quiet",
    "read_catalog",
    "read_config",
    "revision_of",
    "save_adapter",
    "try_dissect",
]

if TYPE_CHECKING:
    from afina.modeling.anatomy import Anatomy, dissect, head_modules, try_dissect
    from afina.modeling.catalog import (
        EMBEDDED,
        HUB_IDS,
        CatalogEntry,
        filter_models,
        hub_id,
        is_local,
        known_entry,
        locate,
        parse_count,
        read_catalog,
        revision_of,
    )
    from afina.modeling.embedding import embed
    from afina.modeling.forward import INFERENCE_BATCH_TOKENS, batch_logits, predict_logits
    from afina.modeling.load import PretrainedClassifier, load_fine_tuned, load_pretrained, quiet
    from afina.modeling.lora import add_lora, merge_into, merge_lora, save_adapter
    from afina.modeling.outline import Outline, empty_model, outline_of, read_config
    from afina.modeling.prefix import HEAD_ONLY, Prefix, PrefixStates
    from afina.modeling.quantization import check_quantization
    from afina.modeling.temperature import fold_into_adapter, fold_temperature
    from afina.modeling.tokenizer import load_tokenizer
    from afina.modeling.trainable import check_depth, count_parameters, freeze, freeze_all_but_head
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "EMBEDDED": "catalog",
            "HEAD_ONLY": "prefix",
            "HUB_IDS": "catalog",
            "INFERENCE_BATCH_TOKENS": "forward",
            "Anatomy": "anatomy",
            "CatalogEntry": "catalog",
            "Outline": "outline",
            "Prefix": "prefix",
            "PrefixStates": "prefix",
            "PretrainedClassifier": "load",
            "add_lora": "lora",
            "batch_logits": "forward",
            "check_depth": "trainable",
            "check_quantization": "quantization",
            "count_parameters": "trainable",
            "dissect": "anatomy",
            "embed": "embedding",
            "empty_model": "outline",
            "filter_models": "catalog",
            "fold_into_adapter": "temperature",
            "fold_temperature": "temperature",
            "freeze": "trainable",
            "freeze_all_but_head": "trainable",
            "head_modules": "anatomy",
            "hub_id": "catalog",
            "is_local": "catalog",
            "known_entry": "catalog",
            "load_fine_tuned": "load",
            "load_pretrained": "load",
            "load_tokenizer": "tokenizer",
            "locate": "catalog",
            "merge_into": "lora",
            "merge_lora": "lora",
            "outline_of": "outline",
            "parse_count": "catalog",
            "predict_logits": "forward",
            "quiet": "load",
            "read_catalog": "catalog",
            "read_config": "outline",
            "revision_of": "catalog",
            "save_adapter": "lora",
            "try_dissect": "anatomy",
        },
        extra="train",
    )
