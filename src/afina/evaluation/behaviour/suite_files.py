"""The files of the suite: what a test may say about itself, and the reading of it.

Each capability has a TOML file in `suite/` with a table for each test. A minimum functionality test lists templates
under what they express; an invariance test names a `change` of reviews, or gives `sentences` and the word list that
`vary` in them; a directional test gives a `change` and the label whose probability `must_not_fall`, or pairs of
templates, before and after, under that label.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, model_validator

from afina.config import Capability
from afina.data.augmentation import Lexicon
from afina.evaluation.behaviour.changes import CHANGES

Kind = Literal["MFT", "INV", "DIR"]
CAPABILITIES: tuple[Capability, ...] = get_args(Capability)
_SUITE = files("afina.evaluation.behaviour") / "suite"


class TestSpec(BaseModel):
    """A test as its file describes it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
    __test__ = False  # not a test of the kind that pytest collects

    name: str
    """Unique in the suite."""
    kind: Kind
    """Minimum functionality, invariance or directional expectation."""
    capability: Capability
    """Name of the file it stands in."""
    published: float | None = None
    """Failure rate published for the test of the original suite that is closest, in percent."""
    published_as: str | None = None
    """What that test is about."""
    positive: tuple[str | tuple[str, str], ...] = ()
    """Templates of positive sentences; in a directional test, pairs after whose change "positive" must not fall."""
    negative: tuple[str | tuple[str, str], ...] = ()
    """The same for negative."""
    neutral: tuple[str, ...] = ()
    """Templates of sentences without an opinion."""
    not_negative: tuple[str, ...] = ()
    """Templates of sentences that are positive or neutral."""
    change: str | None = None
    """A name in `changes.CHANGES`."""
    words: tuple[str, ...] = ()
    """What the change adds."""
    must_not_fall: Literal["positive", "negative"] | None = None
    """Label whose probability the change must leave or raise."""
    reviews: tuple[Literal["positive", "negative", "neutral"], ...] = ("positive", "negative", "neutral")
    """Reviews that are changed, by what they express."""
    sentences: tuple[str, ...] = ()
    """Templates with a slot that varies."""
    vary: str | None = None
    """The word list that takes turns in this slot."""
    any_labels: bool = False
    """The change leaves a text's label as it is whatever the labels are about."""

    @model_validator(mode="after")
    def _is_whole(self) -> TestSpec:
        if self.change is not None and self.change not in CHANGES:
            raise ValueError(f"unknown change: {self.change}")
        ways = {
            "MFT": any((self.positive, self.negative, self.neutral, self.not_negative)),
            "INV": (self.change is None) != (self.vary is None) and (self.vary is None or bool(self.sentences)),
            "DIR": bool(self.positive or self.negative) != (self.change is not None and self.must_not_fall is not None),
        }
        if not ways[self.kind]:
            raise ValueError(f"not a whole {self.kind} test: {self.name}")
        return self


@cache
def load_specs() -> tuple[TestSpec, ...]:
    """All tests, in the order of the capabilities."""
    specs = []
    for capability in CAPABILITIES:
        document = tomllib.loads((_SUITE / f"{capability}.toml").read_text(encoding="utf-8"))
        specs += [TestSpec(capability=capability, **table) for table in document["tests"]]
    return tuple(specs)


@cache
def load_lexicon() -> Lexicon:
    """Word lists of the tested sentences, by slot."""
    words = _read("lexicon")
    return {**words, "name": [*words["woman_name"], *words["man_name"]]}


@cache
def load_reviews() -> Lexicon:
    """Templates of short reviews by what they express."""
    return _read("reviews")


def _read(name: str) -> Lexicon:
    document: Lexicon = tomllib.loads((_SUITE / f"{name}.toml").read_text(encoding="utf-8"))
    return document
