"""What models of each architecture must be fed: pad tokens, the side they stand on, segments, and how much fits."""

from __future__ import annotations

from typing import Any

import torch

from afina.errors import ModelError

LONGEST_CONTEXT = 8192
"""Tokens of a text that are read at most where a model, by relative positions, takes any number."""

# Some tokenizers carry a "no limit" of 1e30; a context this long is then never meant.
_NO_LIMIT = 100_000
# They count positions from the pad id, so the embeddings of the first pad id + 1 positions are never used.
_POSITIONS_AFTER_PAD = frozenset((
    "camembert", "data2vec-text", "esm", "ibert", "lilt", "longformer", "markuplm", "mpnet", "roberta",
    "roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl", "xmod",
))  # fmt: skip
# They classify the very last token, pad or not.
_PADDED_LEFT = frozenset(("xlnet",))
_CACHES = ("use_cache", "use_mems_eval")
# Segment of the last token, <cls>, where a family was pretrained to find it in one of its own.
_LAST_SEGMENT = {"xlnet": 2}


def padding_side(config: Any) -> str:
    """`left` where a model classifies the last token; otherwise `right`, where positions stay as without padding.

    Decoders classify the last token that is no pad token. Their tokenizers are often set to pad left, for generating
    text; GPT-2 would then see a text at other positions in each batch.
    """
    return "left" if config.model_type in _PADDED_LEFT else "right"


def segment_ids(config: Any, token_ids: torch.Tensor) -> torch.Tensor | None:
    """Token types of padded texts, or None where a model needs none given.

    Models with two segments take a single text as all of the first. XLNet has its last token in a third, and without
    any given leaves out the part of attention that tells segments apart.

    Args:
        config: The model's config.
        token_ids: (n_texts, n_tokens), padded on the model's side.

    Returns:
        (n_texts, n_tokens) int64, or None.
    """
    last = _LAST_SEGMENT.get(config.model_type)
    if last is None:
        return None
    segments = torch.zeros_like(token_ids)
    segments[:, -1] = last
    return segments


def tokenizer_options(config: Any) -> dict[str, Any]:
    """What to load a tokenizer with, so that it feeds the model as afina does wherever it is saved and loaded again."""
    options: dict[str, Any] = {"padding_side": padding_side(config), "truncation_side": "right"}
    if config.model_type in _LAST_SEGMENT:
        options["model_input_names"] = ["input_ids", "token_type_ids", "attention_mask"]
    return options


def ensure_pad_token(tokenizer: Any, config: Any) -> None:
    """Let tokenizer and model agree on a token that fills the gaps, hidden by the attention mask.

    GPT-2 has none; its end-of-text token serves. A pad token that was added to a tokenizer and not to its model has
    no embedding, and is replaced too.

    Raises:
        ModelError: The tokenizer has no special token at all.
    """
    text_config = config.get_text_config()
    if tokenizer.pad_token is None or tokenizer.pad_token_id >= text_config.vocab_size:
        fillers = (
            _named_by(config, tokenizer),
            tokenizer.eos_token,
            tokenizer.unk_token,
            tokenizer.sep_token,
            tokenizer.bos_token,
        )
        filler = next((token for token in fillers if token is not None), None)
        if filler is None:
            raise ModelError("The tokenizer has no special token that could fill the gaps in a batch of texts")
        tokenizer.pad_token = filler
    if config.model_type not in _POSITIONS_AFTER_PAD:
        config.pad_token_id = text_config.pad_token_id = tokenizer.pad_token_id


def _named_by(config: Any, tokenizer: Any) -> str | None:
    known, n_tokens = config.pad_token_id, config.get_text_config().vocab_size
    # Some configs say -1 for none.
    return tokenizer.convert_ids_to_tokens(known) if isinstance(known, int) and 0 <= known < n_tokens else None


def context_limit(tokenizer: Any, config: Any) -> int:
    """Most tokens of a text that a model can take, special tokens counted."""
    limits = (position_limit(config), tokenizer.model_max_length)
    return min(
        (int(limit) for limit in limits if isinstance(limit, int) and 0 < limit < _NO_LIMIT), default=LONGEST_CONTEXT
    )


def position_limit(config: Any) -> int | None:
    """Most tokens of a text that a model has positions for; None where its positions are relative, without limit."""
    limit = getattr(config.get_text_config(), "max_position_embeddings", None)
    if not isinstance(limit, int) or limit <= 0:
        return None
    if config.model_type in _POSITIONS_AFTER_PAD and isinstance(config.pad_token_id, int):
        return limit - config.pad_token_id - 1
    return limit


def set_dropout(config: Any, rate: float) -> None:
    """Give every dropout of a model this rate, whatever its family calls it, and leave no whole layers out.

    A rate of None stays: it stands for that of the hidden layers.
    """
    for name, value in config.to_dict().items():
        if "drop" in name and isinstance(value, int | float) and not isinstance(value, bool):
            setattr(config, name, 0.0 if "layer" in name or "path" in name else rate)


def turn_off_caches(config: Any) -> None:
    """Keep no keys, values or states of a decoder or an XLNet for tokens to come, since none do."""
    for cache in _CACHES:
        if getattr(config, cache, False):
            setattr(config, cache, False)
