"""What a look at data should make one do: sentences drawn from the document of `afina data inspect`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_FEW_PER_LABEL = 100
_STRONG_IMBALANCE = 3.0
_MANY_TRUNCATED = 0.05
_OTHER_LANGUAGES = 0.02
_MANY_REPEATS = 0.01


def give_advice(document: Mapping[str, Any]) -> list[str]:
    """Sentences on what to do before training, gravest first; one that says so where nothing stands in the way."""
    advice = [*_leaks(document), *_labels(document), *_repeats(document), *_texts(document)]
    return advice or ["Nothing was found that stands in the way of training"]


def _counted(n: int, thing: str) -> str:
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"


def _leaks(document: Mapping[str, Any]) -> list[str]:
    leakage = document.get("leakage")
    if not leakage or not leakage["exact"] + leakage["near"]:
        return [f"No row stands in {leakage['against']}, exactly or nearly"] if leakage else []
    shared = leakage["exact_against"] + leakage["near_against"]
    told = [
        f"Shared with {leakage['against']}: {shared:,} of its {_counted(leakage['texts_against'], 'text')} "
        f"({leakage['exact_against']:,} exactly, {leakage['near_against']:,} nearly); whoever trains on one and tests "
        "on the other measures memory; `afina train --test` removes them from the training texts"
    ]
    if leakage["contradicting_labels"]:
        told.append(f"Labels disagree on {_counted(leakage['contradicting_labels'], 'shared text')}")
    return told


def _labels(document: Mapping[str, Any]) -> list[str]:
    labels = document["labels"]
    if not labels:
        return ["There are no labels: the texts can be classified, and not be trained on"]
    told = []
    if len(labels) == 1:
        told.append(f"There is one label only, {labels[0]['label']!r}: a classifier needs two")
    smallest = min(labels, key=lambda label: label["texts"])
    if smallest["texts"] < _FEW_PER_LABEL:
        told.append(
            f"The label {smallest['label']!r} has {_counted(smallest['texts'], 'text')}: results on it will have wide "
            "intervals"
        )
    if (document["imbalance"] or 1) >= _STRONG_IMBALANCE:
        most = max(labels, key=lambda label: label["texts"])
        told.append(
            f"Labels are uneven: always saying {most['label']!r} is right {most['share']:.0%} of the time, so read F1 "
            "and the figures of each class, not accuracy alone"
        )
    if document["order"]["sorted_by_label"]:
        told.append("Rows are sorted by label, so the first ones are no sample of the whole; afina draws at random")
    if document["conflicts"]["groups"]:
        told.append(
            f"Repeated texts with different labels: {document['conflicts']['groups']:,}; one label of each is wrong; "
            "`afina data audit` ranks likely label errors"
        )
    if document["conflicts"]["near_groups"]:
        told.append(
            f"Nearly equal texts with different labels: {_counted(document['conflicts']['near_groups'], 'group')}; "
            "look whether a word makes the difference or one label is wrong"
        )
    return told


def _repeats(document: Mapping[str, Any]) -> list[str]:
    duplicates, texts = document["duplicates"], document["texts"]
    told = []
    if duplicates["exact_after_cleaning"]:
        cleaned = duplicates["exact_after_cleaning"] - duplicates["exact"]
        more = f" ({cleaned:,} of them once tags are removed)" if cleaned else ""
        told.append(
            f"Repeated texts: {_counted(duplicates['exact_after_cleaning'], 'row')}{more}; training drops those with "
            "the same label"
        )
    if duplicates["near"] > _MANY_REPEATS * texts:
        told.append(
            f"Nearly repeated texts: {_counted(duplicates['near'], 'row')}; a random split would test on what was "
            "learned by heart; `afina data split` and `afina train` keep such rows on one side"
        )
    return told


def _texts(document: Mapping[str, Any]) -> list[str]:
    told = []
    rejected = document["rejected"]["rows"]
    if rejected:
        told.append(f"Not understood and left out: {_counted(rejected, 'row')}; `--rejected` writes them to a file")
    tokens = document["lengths"]["tokens"]
    if tokens and tokens["share_truncated"]["256"] > _MANY_TRUNCATED:
        told.append(
            f"{tokens['share_truncated']['256']:.0%} of the texts are longer than 256 tokens, which is what training "
            "reads of a text unless `--max-tokens` says more"
        )
    found = document["languages"]["found"]
    if found and 1 - found[0]["share"] > _OTHER_LANGUAGES:
        shares = ", ".join(f"{row['language']} {row['share']:.0%}" for row in found[:4])
        told.append(f"Languages are mixed ({shares}); see `afina tokens compare` for what a tokenizer makes of them")
    elif found and found[0]["language"] != "en":
        told.append(
            f"The texts are in {found[0]['language']!r}: the embedded model was trained on English; see "
            "`afina tokens compare`"
        )
    by_kind = {odd["kind"]: odd for odd in document["odd"]}
    if "html_tags" in by_kind:
        told.append(
            f"HTML tags: {_counted(by_kind['html_tags']['rows'], 'text')}; training strips line breaks, not others"
        )
    if "misread" in by_kind:
        found_in = _counted(by_kind["misread"]["rows"], "text")
        told.append(f"Misread characters: {found_in}; mend the file's encoding")
    if "placeholders" in by_kind:
        told.append(f"Placeholders such as 'n/a': {_counted(by_kind['placeholders']['rows'], 'text')}; remove them")
    return told
