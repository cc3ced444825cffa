"""What the tokenizer of a run makes of its training texts, in the figures of the tokenizer study."""

from __future__ import annotations

from typing import Any

from afina.data import TextDataset, take
from afina.modeling import PretrainedClassifier
from afina.planning import Settings
from afina.tokenization import name_tokenizer, study_tokenizer
from afina.tokenization.spans import StudyTexts, token_spans

_MOST_TEXTS = 400
_TOLD = (
    "type", "vocabulary", "lowercases", "fertility", "characters_per_token", "unknown_rate", "share_words_lost",
    "p5", "p25", "median_tokens", "p75", "p95", "max", "share_truncated", "share_tokens_truncated",
    "padding", "texts_per_second",
)  # fmt: skip


def describe_reading(
    pretrained: PretrainedClassifier, training: TextDataset, settings: Settings, *, seed: int
) -> dict[str, Any]:
    """Figures of the tokenizer on some training texts; `tokenization.DEFINITIONS` says what each means.

    Args:
        pretrained: The model whose tokenizer it is.
        training: Training texts, of which at most 400 are looked at.
        settings: How many tokens of a text are read.
        seed: Seed of the texts drawn.

    Returns:
        JSON-able figures, with the number of `texts` behind them.
    """
    some = take(training, _MOST_TEXTS, seed=seed)
    named = name_tokenizer("own", pretrained.backend_tokenizer, pad_id=pretrained.pad_id)
    study = StudyTexts.of(some.texts)
    found = study_tokenizer(named, study, token_spans(named, study), max_tokens=settings.max_tokens, seed=seed)
    return {"texts": len(some), **{name: found[name] for name in _TOLD}}
