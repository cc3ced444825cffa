"""Which languages texts are written in."""

from __future__ import annotations

from collections.abc import Sequence

from afina.extras import require

# The detector errs on a few words; these many characters and words are enough, and more only take time.
_MOST_CHARACTERS, _LEAST_WORDS = 600, 6
_LEAST_PROBABILITY = 0.9


def detect_languages(texts: Sequence[str]) -> list[str | None]:
    """ISO 639 code of the language of each text; None where the text is too short or too mixed to tell.

    Raises:
        MissingExtraError: py3langid is not installed.
    """
    langid = require("py3langid.langid", extra="data")
    identifier = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
    languages: list[str | None] = []
    for text in texts:
        start = text[:_MOST_CHARACTERS]
        language, probability = identifier.classify(start)
        # Scripts without spaces have few "words", and their script alone tells the language.
        long_enough = len(start.split()) >= _LEAST_WORDS or (not start.isascii() and len(start) >= 4 * _LEAST_WORDS)
        languages.append(str(language) if long_enough and probability >= _LEAST_PROBABILITY else None)
    return languages
