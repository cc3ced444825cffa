"""A small random model of each architecture, saved as its pretrained models are: base weights without a classifier.

Each has the habits of its family: order of special tokens, pad token, positions, token types, and the class of its
tokenizer. All know the words of `tests.conftest`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.conftest import WORDS

CONTEXT = 64
"""Tokens that each model can take, special tokens counted; XLNet takes any number."""
_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,!'"
# Weights that differ enough for a wrong position, mask or token type to show in the logits.
_SPREAD = 0.2
_SIZES = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64,
    "max_position_embeddings": CONTEXT, "initializer_range": _SPREAD,
}  # fmt: skip


def bert(folder: Path) -> Path:
    """Post-norm encoder with absolute positions and token types; saved with the heads of its pretraining."""
    import transformers as t

    config = t.BertConfig(**_SIZES, vocab_size=_wordpiece(folder))
    return _save(t.BertForPreTraining, config, folder)


def distilbert(folder: Path) -> Path:
    """BERT without token types and pooler."""
    import transformers as t

    config = t.DistilBertConfig(
        vocab_size=_wordpiece(folder, "DistilBertTokenizer"), dim=32, n_layers=2, n_heads=2, hidden_dim=64,
        max_position_embeddings=CONTEXT, initializer_range=_SPREAD,
    )  # fmt: skip
    return _save(t.DistilBertForMaskedLM, config, folder)


def electra(folder: Path) -> Path:
    """The discriminator, with embeddings narrower than its layers, as the small one has."""
    import transformers as t

    config = t.ElectraConfig(**_SIZES, vocab_size=_wordpiece(folder, "ElectraTokenizer"), embedding_size=16)
    return _save(t.ElectraForPreTraining, config, folder)


def minilm(folder: Path) -> Path:
    """A bare BERT, its weights named without the prefix `bert.`, as sentence-transformers saves it."""
    import transformers as t

    config = t.BertConfig(**_SIZES, vocab_size=_wordpiece(folder))
    return _save(t.BertModel, config, folder)


def roberta(folder: Path) -> Path:
    """Positions are counted from the pad id, 1, so two of the position embeddings are never used."""
    import transformers as t

    n_tokens = _byte_pairs(folder, "RobertaTokenizer", ("<s>", "<pad>", "</s>", "<unk>"), last=("<mask>",))
    return _save(t.RobertaForMaskedLM, _roberta_config(t.RobertaConfig, n_tokens), folder)


def xlm_roberta(folder: Path) -> Path:
    """RoBERTa with pieces of a SentencePiece model."""
    import transformers as t

    pieces = _pieces(("<s>", "<pad>", "</s>", "<unk>"), last=("<mask>",))
    _limit(t.XLMRobertaTokenizer(vocab=pieces), folder)
    return _save(t.XLMRobertaForMaskedLM, _roberta_config(t.XLMRobertaConfig, len(pieces)), folder)


def albert(folder: Path) -> Path:
    """All layers share their weights; narrow embeddings; lower-casing pieces."""
    import transformers as t

    pieces = _pieces(("<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"))
    _limit(t.AlbertTokenizer(vocab=pieces, do_lower_case=True), folder)
    config = t.AlbertConfig(**_SIZES, vocab_size=len(pieces), embedding_size=16)
    return _save(t.AlbertForPreTraining, config, folder)


def deberta_v3(folder: Path) -> Path:
    """Relative positions in buckets, from content to position and back, and no absolute ones."""
    import transformers as t

    pieces = _pieces(("[PAD]", "[CLS]", "[SEP]", "[UNK]"), last=("[MASK]",))
    # As published: no limit in its tokenizer.
    t.DebertaV2Tokenizer(vocab=pieces, unk_id=3).save_pretrained(folder)
    config = t.DebertaV2Config(
        **_SIZES, vocab_size=len(pieces), relative_attention=True, position_buckets=8, norm_rel_ebd="layer_norm",
        share_att_key=True, pos_att_type=["p2c", "c2p"], position_biased_input=False,
    )  # fmt: skip
    return _save(t.DebertaV2Model, config, folder)


def xlnet(folder: Path) -> Path:
    """Relative positions without limit; the last token, <cls>, in a segment of its own, sums up the text."""
    import transformers as t

    pieces = _pieces(("<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>", "<eod>", "<eop>"))
    t.XLNetTokenizer(vocab=pieces).save_pretrained(folder)
    config = t.XLNetConfig(
        vocab_size=len(pieces), d_model=32, n_layer=2, n_head=2, d_inner=64, initializer_range=_SPREAD
    )
    return _save(t.XLNetLMHeadModel, config, folder)


def gpt2(folder: Path) -> Path:
    """A decoder with one special token, its last, and none for padding or around a text."""
    import transformers as t

    end = "<|endoftext|>"
    n_tokens = _byte_pairs(folder, "GPT2Tokenizer", (), last=(end,))
    config = t.GPT2Config(
        vocab_size=n_tokens, n_embd=32, n_layer=2, n_head=2, n_positions=CONTEXT, initializer_range=_SPREAD,
        bos_token_id=n_tokens - 1, eos_token_id=n_tokens - 1,
    )  # fmt: skip
    return _save(t.GPT2LMHeadModel, config, folder)


def opt(folder: Path) -> Path:
    """A decoder with a pad token, a first token before each text, and positions shifted by two inside the model."""
    import transformers as t

    n_tokens = _byte_pairs(
        folder, "GPT2Tokenizer", ("<s>", "<pad>", "</s>", "<unk>"), bos_token="</s>", eos_token="</s>",
        pad_token="<pad>", unk_token="</s>", add_bos_token=True,
    )  # fmt: skip
    config = t.OPTConfig(
        vocab_size=n_tokens, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, ffn_dim=64,
        word_embed_proj_dim=32, max_position_embeddings=CONTEXT, init_std=_SPREAD,
    )  # fmt: skip
    return _save(t.OPTForCausalLM, config, folder)


def modernbert(folder: Path, pooling: str = "cls") -> Path:
    """Rotary positions, local attention between global layers, special tokens after all others, no token types."""
    import transformers as t
    from tokenizers import processors

    special = {"unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]"}
    last = (*special.values(), "[MASK]")
    backend = _byte_pair_tokenizer((), last)
    ids = {token: backend.token_to_id(token) for token in last}
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(token, ids[token]) for token in ("[CLS]", "[SEP]")]
    )
    tokenizer = t.PreTrainedTokenizerFast(tokenizer_object=backend, mask_token="[MASK]", **special)
    _limit(tokenizer, folder)
    config = t.ModernBertConfig(
        **{**_SIZES, "num_hidden_layers": 3}, vocab_size=backend.get_vocab_size(), classifier_pooling=pooling,
        local_attention=8, layer_types=["full_attention", "sliding_attention", "full_attention"],
        pad_token_id=ids["[PAD]"], cls_token_id=ids["[CLS]"], bos_token_id=ids["[CLS]"],
        sep_token_id=ids["[SEP]"], eos_token_id=ids["[SEP]"],
    )  # fmt: skip
    return _save(t.ModernBertForMaskedLM, config, folder)


def modernbert_mean(folder: Path) -> Path:
    """ModernBERT that classifies the mean of its states, as the large one does."""
    return modernbert(folder, pooling="mean")


FAMILIES: dict[str, Callable[[Path], Path]] = {
    "albert": albert,
    "bert": bert,
    "deberta-v3": deberta_v3,
    "distilbert": distilbert,
    "electra": electra,
    "gpt2": gpt2,
    "minilm": minilm,
    "modernbert-cls": modernbert,
    "modernbert-mean": modernbert_mean,
    "opt": opt,
    "roberta": roberta,
    "xlm-roberta": xlm_roberta,
    "xlnet": xlnet,
}
"""Builders of a model folder by the name of the family; each takes an empty folder and returns it."""


def _save(model_class, config, folder: Path) -> Path:
    import torch

    torch.manual_seed(0)
    model_class(config).save_pretrained(folder)
    return folder


def _limit(tokenizer, folder: Path) -> None:
    tokenizer.model_max_length = CONTEXT
    tokenizer.save_pretrained(folder)


def _roberta_config(config_class, n_tokens: int):
    sizes = {**_SIZES, "max_position_embeddings": CONTEXT + 2}
    return config_class(**sizes, vocab_size=n_tokens, type_vocab_size=1, layer_norm_eps=1e-5)


def _wordpiece(folder: Path, tokenizer_class: str = "BertTokenizer") -> int:
    """Save a WordPiece tokenizer; its number of tokens."""
    import transformers as t

    characters = list(_CHARACTERS)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters, *("##" + c for c in characters)]
    vocabulary += [word for word in WORDS if word not in characters]
    _limit(getattr(t, tokenizer_class)(vocab={token: i for i, token in enumerate(vocabulary)}), folder)
    return len(vocabulary)


def _pieces(first: tuple[str, ...], last: tuple[str, ...] = ()) -> list[tuple[str, float]]:
    """Pieces of a Unigram model with their log-probabilities, special tokens at 0."""
    words = [("▁" + word, -2.0) for word in WORDS]
    characters = [(piece, -8.0) for piece in ("▁", *_CHARACTERS)]
    return [*((token, 0.0) for token in first), *words, *characters, *((token, 0.0) for token in last)]


def _byte_pair_tokenizer(first: tuple[str, ...], last: tuple[str, ...] = ()):
    from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        special_tokens=list(first), initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False
    )
    tokenizer.train_from_iterator([" " + word for word in WORDS for _ in range(2)], trainer)
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in last])
    return tokenizer


def _byte_pairs(
    folder: Path, tokenizer_class: str, first: tuple[str, ...], last: tuple[str, ...] = (), **settings: object
) -> int:
    """Save a byte-level BPE tokenizer; its number of tokens."""
    import transformers as t

    backend = _byte_pair_tokenizer(first, last)
    model = json.loads(backend.to_str())["model"]
    tokenizer = getattr(t, tokenizer_class)(
        vocab=backend.get_vocab(), merges=[tuple(pair) for pair in model["merges"]], **settings
    )
    _limit(tokenizer, folder)
    return len(tokenizer)
