"""A finished run on other data sets: the recipe behind `afina evaluate`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from afina.config import DEFAULT_MAX_ROWS
from afina.data import SAMPLE, load_dataset, public_name
from afina.evaluation import evaluate
from afina.inference import Classifier
from afina.recipes.reporting import Reporter, Silent


def evaluate_run(
    run: str | os.PathLike[str],
    sources: Sequence[str],
    *,
    reporter: Reporter | None = None,
    text_column: str | None = None,
    title_column: str | None = None,
    label_column: str | None = None,
    max_rows: int | None = DEFAULT_MAX_ROWS,
    samples: int = 2000,
) -> dict[str, Any]:
    """Score a run on labelled texts.

    Args:
        run: A finished run.
        sources: Labelled texts; `sample` means its test split, since a run may have learned the others.
        reporter: Told of what happens.
        text_column: Column with the text, if it is not to be found by itself.
        title_column: Column put before the text.
        label_column: Column with the label.
        max_rows: Rows to hold of each source; of more, a random part. None holds all.
        samples: Bootstrap resamples behind each interval.

    Returns:
        `{"run", "results"}`, the document of `evaluate --json`.

    Raises:
        ModelError: There is no such run, or it has changed.
        DataError: A source cannot be read, or has labels that the run does not know.
    """
    reporter = reporter or Silent()
    reporter.stage("Loading the run")
    classifier = Classifier.load(run)
    results = []
    for source in sources:
        reporter.stage(f"Evaluating on {public_name(source)}")
        dataset, notes = load_dataset(
            f"{SAMPLE}:test" if source == SAMPLE else source,
            text_column=text_column,
            title_column=title_column,
            label_column=label_column,
            labels=classifier.labels,
            max_rows=max_rows,
        )
        for message in notes.messages:
            reporter.tell(message)
        evaluation = evaluate(classifier, dataset, samples=samples)
        # Asked after: what was read while predicting need not be read again to count what was cut.
        results.append({**evaluation.as_dict(), "share_truncated": classifier.share_truncated(dataset.texts)})
    return {"run": str(run), "results": results}
