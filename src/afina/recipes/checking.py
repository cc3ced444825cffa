"""Tests of what a finished run does with sentences made for it: the recipe behind `afina check`."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from afina.config import DEFAULT_CASES, Capability
from afina.data import clean_text, public_name, read_texts, source_name
from afina.data.languages import detect_languages
from afina.errors import ConfigError, DataError, MissingExtraError, ModelError
from afina.evaluation import exact_share
from afina.evaluation.behaviour import (
    CAPABILITIES,
    SkippedTest,
    TestResult,
    build_tests,
    run_tests,
)
from afina.inference import Classifier
from afina.labels import LabelSet
from afina.recipes.kept import keep
from afina.recipes.labelled import tested_part
from afina.recipes.reporting import Reporter, Silent
from afina.run_folder import RunFolder

_PUBLISHED_SOURCE = (
    "Ribeiro et al. 2020, CheckList, tutorial 5: the default SST-2 pipeline of Hugging Face on their own sentences, "
    "500 cases a test, where a probability of 0.33 to 0.66 counts as neutral"
)
# Texts whose language is looked at, and the share of them that shall be English.
_TEXTS_FOR_LANGUAGE, _SHARE_ENGLISH = 200, 0.5
# Of the user's texts: the most that are held, and the longest; a model may not read all of a longer one.
_MOST_TEXTS, _MOST_CHARACTERS = 20_000, 1_000


def check_run(
    run: str | os.PathLike[str],
    *,
    capabilities: Sequence[str] = (),
    on: str | None = None,
    n_cases: int = DEFAULT_CASES,
    max_failure_rate: float | None = None,
    seed: int = 0,
    text_column: str | None = None,
    title_column: str | None = None,
    reporter: Reporter | None = None,
) -> dict[str, Any]:
    """Test what a run does with negation, typos, names and so on, and write `behaviour.json` into it.

    The tests are in English. A run whose labels are not those of sentiment is tested on texts of `on` alone, for
    changes that leave any label as it is.

    Args:
        run: A finished run.
        capabilities: What to test; everything without it.
        on: Texts of the user's own whose changed forms are tested too; `sample` means its test split.
        n_cases: Cases of each test.
        max_failure_rate: Share of failures above which a capability does not pass.
        seed: Equal seeds make equal cases.
        text_column: Column of `on` with the text, if it is not to be found by itself.
        title_column: Column put before the text.
        reporter: Told of what happens.

    Returns:
        The document of `check --json`: failure rates of each test and capability with intervals, published rates
        beside them, examples, and what was skipped and why. `limit` says which capabilities fail more often than
        `max_failure_rate`.

    Raises:
        ModelError: There is no such run, or it has changed.
        DataError: `on` cannot be read, or holds no short texts.
        ConfigError: A capability is unknown, or there is nothing that these labels can be tested on.
        OutputError: The run's folder cannot be written.
    """
    reporter = reporter or Silent()
    wanted = _known(capabilities)
    reporter.stage("Loading the run")
    folder = RunFolder(Path(run))
    taught = _taught(folder.read_manifest())
    classifier = Classifier.load(run)
    if on is None and not classifier.labels.is_sentiment:
        raise ConfigError(
            f"The labels are {', '.join(classifier.labels)}, and the sentences of the tests are about sentiment",
            hint="test changes of your own texts with --on SOURCE; the rest needs labels called negative and positive",
        )
    _warn_of_language(folder, reporter)
    reporter.stage("Making the tests")
    texts = [] if on is None else _read(on, reporter, seed=seed, text_column=text_column, title_column=title_column)
    tests, skipped = build_tests(
        classifier.labels, n_cases=n_cases, seed=seed, capabilities=wanted, texts=texts,
        texts_name=None if on is None else source_name(on),
    )  # fmt: skip
    if not tests:
        raise ConfigError(f"There is nothing to test: {skipped[0].name} is left out, since {skipped[0].why}")
    _tell_skipped(skipped, reporter)
    reporter.stage("Testing")
    started = time.monotonic()
    results = run_tests(classifier, tests, advance=reporter.advance)
    document = {
        "run": str(run),
        "labels": list(classifier.labels),
        "language": "English",
        "seed": seed,
        "cases": n_cases,
        "on": None if on is None else source_name(on),
        "taught": list(taught),
        **_figures(results, classifier.labels, taught),
        "published_source": _PUBLISHED_SOURCE,
        "skipped": [{"name": test.name, "capability": test.capability, "why": test.why} for test in skipped],
        "seconds": round(time.monotonic() - started, 1),
    }
    document["limit"] = None if max_failure_rate is None else _limit(document["capabilities"], max_failure_rate)
    keep(document, folder.behaviour, reporter, or_say="Not kept in the run")
    return document


def _known(capabilities: Sequence[str]) -> list[Capability]:
    unknown = sorted(set(capabilities) - set(CAPABILITIES))
    if unknown:
        raise ConfigError(
            f"Unknown capability: {', '.join(map(repr, unknown))}", hint=f"there are {', '.join(CAPABILITIES)}"
        )
    return [capability for capability in CAPABILITIES if capability in capabilities]


def _read(
    source: str, reporter: Reporter, *, seed: int, text_column: str | None, title_column: str | None
) -> list[str]:
    """The short texts of a source, shuffled: it may be sorted by label."""
    raw = read_texts(
        tested_part(source),
        text_column=text_column, title_column=title_column, want_label=False, max_rows=_MOST_TEXTS, seed=seed,
    )  # fmt: skip
    texts = list(dict.fromkeys(text for row in raw.texts if (text := clean_text(row.text))))
    short = [text for text in texts if len(text) <= _MOST_CHARACTERS]
    if not short:
        raise DataError(f"No text of at most {_MOST_CHARACTERS:,} characters in {public_name(source)}")
    if len(short) < len(texts):
        reporter.tell(f"{len(texts) - len(short):,} texts longer than {_MOST_CHARACTERS:,} characters are left out")
    random.Random(seed).shuffle(short)
    return short


def _taught(manifest: Mapping[str, Any]) -> list[str]:
    """Capabilities that made-up sentences taught the run."""
    try:
        return [str(kind) for kind in manifest["config"]["data"].get("augment", ())]
    except (AttributeError, KeyError, TypeError):
        raise ModelError("The manifest of the run does not say what it was trained with") from None


def _warn_of_language(folder: RunFolder, reporter: Reporter) -> None:
    """Say so where the run's test texts are not in English, as far as that can be told."""
    try:
        texts = pq.read_table(folder.predictions, columns=["text"])["text"].to_pylist()[:_TEXTS_FOR_LANGUAGE]
    except (OSError, KeyError, pa.ArrowException):
        # It is only a hint: a run without its predictions can be tested all the same.
        return
    try:
        found = Counter(language for language in detect_languages(texts) if language is not None)
    except MissingExtraError:
        return
    if found and found["en"] < _SHARE_ENGLISH * found.total():
        reporter.warn(
            f"The tests are in English, and the run's own texts seem to be in another language "
            f"({found.most_common(1)[0][0]}): its failures say little about it"
        )


def _tell_skipped(skipped: Sequence[SkippedTest], reporter: Reporter) -> None:
    by_reason: dict[str, list[str]] = {}
    for test in skipped:
        by_reason.setdefault(test.why, []).append(test.name)
    for why, names in by_reason.items():
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        reporter.tell(f"Skipped, since {why}: {shown}")


def _figures(results: Sequence[TestResult], labels: LabelSet, taught: Sequence[str]) -> dict[str, Any]:
    """Failure rates of each test, of each capability, of all, and how many are below the published ones."""
    compared = [result for result in results if result.test.published is not None and result.test.on is None]
    below = sum(result.failure_rate.value < (result.test.published or 0) for result in compared)
    by_capability = {
        capability: [result for result in results if result.test.capability == capability]
        for capability in CAPABILITIES
    }
    return {
        "tests": [_test(result, labels, taught) for result in results],
        "capabilities": [
            {"capability": capability, "tests": len(found), **_rate(found), "taught": capability in taught}
            for capability, found in by_capability.items()
            if found
        ],
        "overall": {"tests": len(results), **_rate(results)},
        "published": {"compared": len(compared), "below": below},
    }


def _rate(results: Sequence[TestResult]) -> dict[str, Any]:
    n, failed = sum(len(result.test.cases) for result in results), sum(len(result.failures) for result in results)
    return {"n": n, "failed": failed, "failure_rate": exact_share(failed, n).as_dict()}


def _test(result: TestResult, labels: LabelSet, taught: Sequence[str]) -> dict[str, Any]:
    test = result.test
    return {
        "name": test.name,
        "capability": test.capability,
        "kind": test.kind,
        "on": test.on,
        **_rate([result]),
        "published": test.published,
        "published_source": None if test.published is None else f"{test.published_as} ({_PUBLISHED_SOURCE})",
        "taught": test.capability in taught,
        "examples": [failure.as_dict(labels) for failure in result.examples()],
    }


def _limit(capabilities: Sequence[Mapping[str, Any]], most: float) -> dict[str, Any]:
    above = [each["capability"] for each in capabilities if each["failure_rate"]["value"] > most]
    return {"max_failure_rate": most, "above": above}
