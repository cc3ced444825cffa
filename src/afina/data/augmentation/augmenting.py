"""Training texts with made-up ones beside them that teach a capability.

The sentences of `taught/` share no template, and none of the words that matter, with those of `afina check`. Most
capabilities are taught by templates; those that a text must withstand whatever it says are taught by changed copies of
training texts, a simple form of the data augmentation of Wei and Zou, "EDA" (EMNLP 2019, arXiv 1901.11196).
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from afina.config import Capability
from afina.data.augmentation.templates import Lexicon, fill_many
from afina.data.augmentation.typos import double_letter, hit_neighbour, leave_out_letter, swap_letters
from afina.data.text_dataset import TextDataset
from afina.errors import ConfigError

# On SST-2 a share of 5, 10 and 15 % brought failures of negation from 72 % to 36, 10 to 15 and 7 %; accuracy moved by
# less than one seed differs from another. The bounds below keep small and large sets in reason; none was measured.
SHARE_A_KIND, MOST_SHARE = 0.1, 0.2
_FEWEST_A_KIND, _MOST_A_KIND = 60, 2_000
_TAUGHT = files("afina.data.augmentation") / "taught"
_WITHOUT_MEANING = (
    "I typed this on a train.", "The weather is as usual.", "This is the third time I post here.",
    "We have a grey cat.", "It came with the morning mail.", "My desk is by the window.", "Written in a waiting room.",
    "See also my other posts.",
)  # fmt: skip


@dataclass(frozen=True)
class Augmented:
    """Training texts with made-up ones behind them."""

    dataset: TextDataset
    record: dict[str, Any]
    """How many texts of each capability were added, for the manifest."""


def augment(training: TextDataset, kinds: Sequence[Capability], *, seed: int) -> Augmented:
    """Add made-up English sentences to training texts.

    Dev and test texts are to be left as they are.

    Args:
        training: Texts with labels of sentiment.
        kinds: What to teach.
        seed: Equal seeds add equal texts.

    Returns:
        The training texts, in their order, with the added ones behind them, whose row number is 0 where rows have
        numbers; and how many there are of each kind.

    Raises:
        ConfigError: The labels are not those of sentiment.
    """
    if not training.labels.is_sentiment:
        raise ConfigError(
            f"Only sentiment can be taught with made-up texts, and the labels are {', '.join(training.labels)}",
            hint="leave --augment out",
        )
    kinds = list(dict.fromkeys(kinds))
    n = _texts_a_kind(len(training), len(kinds))
    added: dict[str, list[tuple[str, int]]] = {}
    for kind in kinds:
        rng = random.Random(f"{seed}/{kind}")
        added[kind] = (
            _copies(training, _COPIES[kind], n, rng) if kind in _COPIES else _sentences(training, kind, n, rng)
        )
    texts = [text for made in added.values() for text, _ in made]
    label_ids = np.array([label for made in added.values() for _, label in made], dtype=np.int64)
    numbers = training.row_numbers
    dataset = replace(
        training,
        texts=[*training.texts, *texts],
        label_ids=np.concatenate([training.label_ids, label_ids]),
        row_numbers=None if numbers is None else np.concatenate([numbers, np.zeros(len(texts), np.int64)]),
        groups=None if training.groups is None else [*training.groups, *(f"made {i}" for i in range(len(texts)))],
    )
    counts = {kind: len(made) for kind, made in added.items()}
    return Augmented(dataset, {"kinds": counts, "texts": len(texts), "share": len(texts) / len(training)})


def taught_templates(kind: Capability) -> Mapping[str, Sequence[str]]:
    """Templates that teach a capability, by what they express; none for one that is taught by changed copies."""
    return {} if kind in _COPIES else _read(kind)


@cache
def taught_lexicon() -> Lexicon:
    """Word lists of the taught sentences."""
    return _read("lexicon")


@cache
def _read(name: str) -> Lexicon:
    document: Lexicon = tomllib.loads((_TAUGHT / f"{name}.toml").read_text(encoding="utf-8"))
    return document


def _texts_a_kind(n_training: int, n_kinds: int) -> int:
    share = min(SHARE_A_KIND, MOST_SHARE / max(1, n_kinds))
    return max(_FEWEST_A_KIND, min(_MOST_A_KIND, round(share * n_training)))


def _sentences(training: TextDataset, kind: Capability, n: int, rng: random.Random) -> list[tuple[str, int]]:
    """As many sentences of each label, so that none becomes likelier."""
    templates = {label: found for label, found in taught_templates(kind).items() if label in training.labels}
    made = []
    for label, found in templates.items():
        shuffled = rng.sample(found, len(found))  # where there are fewer sentences than templates, any may be left out
        label_id = training.labels.id_of(label)
        made += [(text, label_id) for text in fill_many(shuffled, taught_lexicon(), n // len(templates), rng)]
    return made


def _copies(training: TextDataset, change: Change, n: int, rng: random.Random) -> list[tuple[str, int]]:
    """Changed copies of training texts drawn at random, with their labels."""
    made: list[tuple[str, int]] = []
    for i in rng.sample(range(len(training)), len(training)):
        if len(made) == n:
            break
        text = change(training.texts[i], rng)
        if text is not None:
            made.append((text, int(training.label_ids[i])))
    return made


Change = Callable[[str, random.Random], str | None]


def _slip(text: str, rng: random.Random) -> str | None:
    """A slip in about every eighth word, one at least."""
    changed: str | None = text
    for _ in range(1 + len(text.split()) // 8):
        slip = rng.choice([swap_letters, leave_out_letter, double_letter, hit_neighbour])
        changed = slip(changed, rng) if changed is not None else None
    return changed


def _link(text: str, rng: random.Random) -> str:
    code = "".join(rng.choice("abcdefghkmnrstuvwxyz0123456789") for _ in range(rng.randint(4, 9)))
    added = rng.choice(
        [f"http://www.site-{code[:3]}.info/{code}", f"www.{code}.net", f"@{code}", f"mail {code}@mail.info"]
    )
    return rng.choice([f"{added} {text}", f"{text} {added}"])


def _aside(text: str, rng: random.Random) -> str:
    added = rng.choice(_WITHOUT_MEANING)
    return rng.choice([f"{added} {text}", f"{text} {added}"])


_COPIES: Mapping[str, Change] = {"typos": _slip, "urls": _link, "additions": _aside}
