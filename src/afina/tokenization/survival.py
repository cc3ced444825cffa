"""What can still be told apart after a text has become token ids: negations, emoji, numbers, accents, case.

Each is measured on a fixed list and on what occurs in the texts, counted as often as it occurs there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from afina.tokenization.named import NamedTokenizer
from afina.tokenization.segments import segment
from afina.tokenization.words import EMOJI, NUMBER, count_words, negation_in, negations_of, without_accents

CONTRACTIONS = ("isn't", "don't", "won't", "can't")
EMOJI_PROBES = ("🙂", "😀", "😡", "😢", "😍", "👍", "👎", "👍🏽", "❤", "💔", "🎉", "🤮", "🇪🇸", "🇲🇽", "👩‍💻", "✅")
NUMBER_PROBES = ("7", "42", "100", "2024", "1999", "3.14", "1,000,000", "12:30", "50%", "007", "4/10", "123456789")
ACCENT_PROBES = (
    "año", "está", "sí", "qué", "él", "más", "papá", "inglés", "único", "cómo", "résumé", "naïve", "schön", "Über",
)  # fmt: skip
CASE_PROBES = ("US", "IT", "WHO", "Apple", "Turkey", "May", "Bill", "GREAT", "NOT", "Love", "Target", "AIDS")
_MOST_FORMS = 3_000
_SHOWN = 8

DEFINITIONS = {
    "negations": "share of negation words that are one token; of `isn't` the end `n't` must be a token of its own, or "
    "the whole be one",
    "emoji": "share of emoji with ids of their own: not unknown, and not the ids of another emoji",
    "numbers": "share of numbers that come back exactly when their ids are decoded",
    "accents": "share of words with an accent whose ids differ from those of the word without it (año, ano)",
    "case": "share of words with capitals whose ids differ from those of the word without them (US, us)",
}


def survival(named: NamedTokenizer, texts: Sequence[str]) -> dict[str, Any]:
    """Measure what a tokenizer keeps apart; `DEFINITIONS` says how.

    Args:
        named: The tokenizer.
        texts: Texts in which more of each is looked for.

    Returns:
        For each of `negations`, `emoji`, `numbers`, `accents` and `case`: the share kept of the fixed list and the
        texts together, `kept` and `of` of each, and some forms that are lost, most frequent first.

    Raises:
        ModelError: The tokenizer cannot read them.
    """
    words = count_words(texts)
    negations = negations_of(words)
    emoji = Counter(match[0].replace("\ufe0f", "") for text in texts for match in EMOJI.finditer(text))
    numbers = Counter(match[0] for text in texts for match in NUMBER.finditer(text))
    negated = Counter({word: n for word, n in words.items() if negation_in(word, negations)})
    accented = Counter({word: n for word, n in words.items() if without_accents(word) != word})
    capital = Counter({word: n for word, n in words.items() if word.lower() != word})
    negation_probes = [word for word in negations if word != "n't"]
    if "n't" in negations:
        negation_probes += CONTRACTIONS
    found = {
        "negations": _kept(negation_probes, negated, lambda forms: _own_token(named, forms, negations)),
        "emoji": _kept(EMOJI_PROBES, emoji, lambda forms: _distinct(named, forms)),
        "numbers": _kept(NUMBER_PROBES, numbers, lambda forms: _come_back(named, forms)),
        "accents": _kept(ACCENT_PROBES, accented, lambda forms: _differ(named, forms, without_accents)),
        "case": _kept(CASE_PROBES, capital, lambda forms: _differ(named, forms, str.lower)),
    }
    found["negations"]["pieces"] = {
        word: [surface for surface, kind in segment(named, word) if kind != "space"] for word in CONTRACTIONS
    }
    return found


def _kept(
    probes: Sequence[str], in_texts: Counter[str], test: Callable[[Sequence[str]], Mapping[str, bool]]
) -> dict[str, Any]:
    common = dict(in_texts.most_common(_MOST_FORMS))
    kept = test(list(dict.fromkeys([*common, *probes])))
    texts = {"kept": sum(n for form, n in common.items() if kept[form]), "of": sum(common.values())}
    listed = {"kept": sum(kept[form] for form in probes), "of": len(probes)}
    of = texts["of"] + listed["of"]
    return {
        "share": (texts["kept"] + listed["kept"]) / of,
        "kept": texts["kept"] + listed["kept"],
        "of": of,
        "in_texts": texts,
        "listed": listed,
        "lost": [form for form, is_kept in kept.items() if not is_kept][:_SHOWN],
    }


def _ids(named: NamedTokenizer, forms: Sequence[str]) -> list[tuple[int, ...]]:
    return [tuple(encoding.ids) for encoding in named.encode(forms)]


def _is_known(named: NamedTokenizer, ids: Sequence[int]) -> bool:
    return len(ids) > 0 and named.unknown_id not in ids


def _own_token(named: NamedTokenizer, forms: Sequence[str], negations: Sequence[str]) -> dict[str, bool]:
    # Most vocabularies hold words as they stand behind a space, so a form is looked at in the middle of a text.
    kept = {}
    for form, encoding in zip(forms, named.encode([f"a {form} a" for form in forms]), strict=True):
        spans = {span for token, span in zip(encoding.ids, encoding.offsets, strict=True) if token != named.unknown_id}
        first, last = negation_in(form, negations) or (0, len(form))
        # The space before a word belongs to its token in byte-level vocabularies.
        kept[form] = not spans.isdisjoint({(2 + first, 2 + last), (2, 2 + len(form)), (1, 2 + len(form))})
    return kept


def _distinct(named: NamedTokenizer, forms: Sequence[str]) -> dict[str, bool]:
    ids = dict(zip(forms, _ids(named, forms), strict=True))
    times = Counter(ids.values())
    return {form: _is_known(named, of) and times[of] == 1 for form, of in ids.items()}


def _come_back(named: NamedTokenizer, forms: Sequence[str]) -> dict[str, bool]:
    ids = _ids(named, forms)
    decoded = named.tokenizer.decode_batch([list(of) for of in ids], skip_special_tokens=False)
    return {form: text.strip() == form for form, text in zip(forms, decoded, strict=True)}


def _differ(named: NamedTokenizer, forms: Sequence[str], plain: Callable[[str], str]) -> dict[str, bool]:
    pairs = zip(forms, _ids(named, forms), _ids(named, [plain(form) for form in forms]), strict=True)
    return {form: _is_known(named, with_it) and with_it != without for form, with_it, without in pairs}
