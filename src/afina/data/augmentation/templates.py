"""Sentences from templates.

A template is a sentence with slots and alternatives. `{thing}` takes a word of the list `thing`; the same slot twice
takes the same word, and `{thing1}` and `{thing2}` take two different ones. `[was|is]` takes one of its alternatives.
`a` becomes `an` where the word behind it asks for it, and sentences begin with a capital.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence

Lexicon = Mapping[str, Sequence[str]]

_SLOT = re.compile(r"\{([a-z_]+?)(\d*)\}")
_ALTERNATIVES = re.compile(r"\[([^\[\]]*)\]")
_ARTICLE = re.compile(r"\b([Aa]) (?=([A-Za-z'-]+))")
# Words whose first letter tells the wrong article.
_VOWEL_SOUND = re.compile(r"(?!uni|use|usu|one\b|once|eu)[aeiou]|honest|hour", re.IGNORECASE)
_SENTENCE_START = re.compile(r"(^[\"'(]*|[.!?] +)([a-z])")
_TRIES_A_SENTENCE = 20


def slots_of(template: str) -> set[str]:
    """Names of the word lists that a template draws from."""
    return {name for name, _ in _SLOT.findall(template)}


def fill(template: str, lexicon: Lexicon, rng: random.Random, *, keep: str | None = None) -> str:
    """A sentence of a template, drawn at random.

    Args:
        template: The template.
        lexicon: Word lists by slot name.
        rng: Where chance comes from.
        keep: A slot to leave as it is, for `fill_each`.
    """
    chosen: dict[str, dict[str, str]] = {}

    def word(match: re.Match[str]) -> str:
        name, number = match.groups()
        if name == keep:
            return match[0]
        taken = chosen.setdefault(name, {})
        if number not in taken:
            taken[number] = rng.choice([word for word in lexicon[name] if word not in taken.values()])
        return taken[number]

    text = _ALTERNATIVES.sub(lambda match: rng.choice(match[1].split("|")), template)
    text = _SLOT.sub(word, text)
    return text if keep else tidy(text)


def fill_each(template: str, lexicon: Lexicon, slot: str, rng: random.Random) -> list[str]:
    """The same sentence with each word of one list in its slot."""
    sentence = fill(template, lexicon, rng, keep=slot)
    return [tidy(sentence.replace(f"{{{slot}}}", word)) for word in lexicon[slot]]


def fill_many(templates: Sequence[str], lexicon: Lexicon, n: int, rng: random.Random) -> list[str]:
    """Different sentences, the templates taking turns.

    Args:
        templates: Templates to draw from.
        lexicon: Word lists by slot name.
        n: Sentences wanted; there are fewer where the templates hold no more.
        rng: Where chance comes from.
    """
    sentences: dict[str, None] = {}
    for turn in range(n * _TRIES_A_SENTENCE):
        if len(sentences) == n:
            break
        sentences[fill(templates[turn % len(templates)], lexicon, rng)] = None
    return list(sentences)


def tidy(text: str) -> str:
    """A filled template with its articles, capitals and spaces put right."""
    text = " ".join(text.split())
    text = _ARTICLE.sub(lambda match: f"{match[1]}n " if _VOWEL_SOUND.match(match[2]) else match[0], text)
    return _SENTENCE_START.sub(lambda match: match[1] + match[2].upper(), text)
