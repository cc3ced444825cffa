from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest

from afina.config import Capability
from afina.data import TextDataset
from afina.data.augmentation import augment
from afina.data.augmentation.augmenting import MOST_SHARE, SHARE_A_KIND, taught_lexicon, taught_templates
from afina.data.augmentation.templates import slots_of
from afina.errors import ConfigError
from afina.labels import LabelSet

KINDS = Capability.__args__
BINARY, TERNARY = LabelSet(("negative", "positive")), LabelSet(("negative", "neutral", "positive"))


def training(n=1000, labels=BINARY):
    texts = [f"the film with number {i} was shown in the long room" for i in range(n)]
    return TextDataset(texts, np.arange(n, dtype=np.int64) % len(labels), labels, row_numbers=np.arange(1, n + 1))


def added(augmented, n=1000):
    names = augmented.dataset.labels.names
    dataset = augmented.dataset
    return [(text, names[i]) for text, i in zip(dataset.texts[n:], dataset.label_ids[n:], strict=True)]


def test_texts_are_added_behind_the_training_texts_and_counted():
    before = training()
    after = augment(before, ["negation"], seed=0)
    n = round(SHARE_A_KIND * 1000)
    assert after.dataset.texts[:1000] == before.texts
    assert np.array_equal(after.dataset.label_ids[:1000], before.label_ids)
    assert len(after.dataset) == 1000 + n
    assert after.dataset.row_numbers.tolist() == [*range(1, 1001), *[0] * n]
    assert after.record == {"kinds": {"negation": n}, "texts": n, "share": SHARE_A_KIND}
    assert len(before) == 1000


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("labels", [BINARY, TERNARY], ids=["binary", "ternary"])
def test_every_capability_can_be_taught_and_labels_stay_balanced(kind, labels):
    made = added(augment(training(labels=labels), [kind], seed=1))
    counts = Counter(label for _, label in made)
    assert len(made) >= 60
    assert {"negative", "positive"} <= set(counts) <= set(labels)
    if taught_templates(kind):  # copies keep the labels of the texts they are made from
        assert len({counts[label] for label in taught_templates(kind) if label in labels.names}) == 1
    assert all(text.strip() == text and "{" not in text and "[" not in text for text, _ in made)
    assert len({text for text, _ in made}) == len(made)


def test_what_is_denied_has_the_other_label():
    made = dict(added(augment(training(5000), ["negation"], seed=0), 5000))
    lexicon = taught_lexicon()
    much = "|".join(lexicon["much"])
    plain = {text: label for text, label in made.items() if re.fullmatch(rf"The .+ is ({much}) \S+\.", text)}
    assert plain
    for text, label in plain.items():
        word = text.rstrip(".").split()[-1]
        assert label == ("positive" if word in lexicon["good"] else "negative"), text
    denied = {text: label for text, label in made.items() if " at all" in text}
    assert denied
    for text, label in denied.items():
        assert label == ("negative" if any(f" {word} " in text for word in lexicon["good"]) else "positive"), text


def test_many_kinds_share_the_room():
    record = augment(training(6000), KINDS, seed=0).record
    assert list(record["kinds"]) == list(KINDS)
    assert record["share"] <= MOST_SHARE + 0.01


def test_copies_keep_the_label_of_their_text():
    before = training()
    checked = 0
    for text, label in added(augment(before, ["typos", "urls", "additions"], seed=0)):
        numbers = [i for i in range(1000) if f"number {i} " in text or f" {i} " in text]
        if numbers:
            assert label == before.labels.names[numbers[-1] % 2]
            checked += 1
    assert checked > 100


def test_equal_seeds_add_equal_texts_and_a_kind_depends_on_no_other():
    first, again, other = (augment(training(), ["negation", "typos"], seed=seed) for seed in (0, 0, 1))
    assert first.dataset.texts == again.dataset.texts != other.dataset.texts
    turned = augment(training(), ["typos", "negation", "typos"], seed=0)
    assert sorted(turned.dataset.texts) == sorted(first.dataset.texts)


def test_groups_of_made_texts_are_their_own():
    grouped = TextDataset(["a text", "another text"], np.array([0, 1]), BINARY, groups=["x", "y"])
    groups = augment(grouped, ["negation"], seed=0).dataset.groups
    assert len(set(groups)) == len(groups)


def test_other_labels_than_sentiment_are_refused():
    with pytest.raises(ConfigError, match="the labels are anger, joy"):
        augment(training(labels=LabelSet(("anger", "joy"))), ["negation"], seed=0)


def test_every_taught_slot_has_a_list():
    for kind in KINDS:
        for templates in taught_templates(kind).values():
            for template in templates:
                assert slots_of(template) <= set(taught_lexicon()), template
