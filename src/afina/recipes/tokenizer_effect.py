"""What a tokenizer does to accuracy: the recipe behind `afina tokens compare --effect`.

Two questions are answered on one division of the texts. From scratch: the same small encoder is trained under each
vocabulary with the same number of floating point operations, so that only the tokens differ. Pretrained: each model is
fine-tuned with the tokenizer it was pretrained with, which is the choice a user has.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.config import load_config
from afina.data import load_dataset, require_rows_per_label, split, take
from afina.data.writing import row_writer
from afina.errors import AfinaError, Interrupted
from afina.evaluation import TfidfBaseline, bootstrap_mean, score
from afina.modeling.scratch import FEED_FORWARD, HEADS, LAYERS, WIDTH
from afina.recipes.reporting import Reporter, Silent
from afina.recipes.scratch_trial import MAX_TOKENS, Division, ScratchTrial
from afina.recipes.tokenizer_names import parse_name
from afina.recipes.tokenizer_study import load_tokenizers
from afina.tokenization.named import NamedTokenizer

SHARES = (0.7, 0.1, 0.2)
MOST_TRAIN, MOST_DEV, MOST_TEST = 20_000, 500, 2_500
MOST_EPOCHS = 30
N_SEEDS = 3
# Of the time: the pretrained models' part where there are any, and what dev and test scores take of the rest.
_SHARE_PRETRAINED, _SHARE_SCORING = 0.5, 0.25


def measure_effect(
    source: str,
    names: Sequence[str],
    *,
    minutes: float,
    seed: int = 0,
    text_column: str | None = None,
    title_column: str | None = None,
    label_column: str | None = None,
    reporter: Reporter | None = None,
) -> dict[str, Any]:
    """Train under each tokenizer and test.

    Args:
        source: Labelled texts.
        names: Tokenizers, as for `compare_tokenizers`; those to be trained see the training texts alone.
        minutes: Minutes for all of it, about; half of them for pretrained models where there are any.
        seed: Seed of the division and the first of the seeds of training.
        text_column: Column with the text, if it is not to be found by itself.
        title_column: Column put before the text.
        label_column: Column with the label.
        reporter: Told of what happens.

    Returns:
        The part `effect` of the document of `tokens compare --json`.

    Raises:
        DataError: The source cannot be read, has no labels, or too few texts of one.
        ModelError: A tokenizer or a model cannot be loaded.
    """
    reporter = reporter or Silent()
    reporter.stage("Dividing the labelled texts")
    division = _divide(source, text_column, title_column, label_column, reporter, seed=seed)
    tokenizers, notes = load_tokenizers(names, division.train.texts, reporter)
    for note in notes:
        reporter.tell(note)
    pretrained = [name for name in dict.fromkeys(names) if _has_model(name)]
    seconds = 60 * minutes * (1 - _SHARE_PRETRAINED if pretrained else 1)
    document: dict[str, Any] = {
        "minutes": minutes,
        **{part: len(dataset) for part, dataset in vars(division).items()},
        "baseline": _baseline(division),
        "scratch": _from_scratch(division, tokenizers, seconds, reporter, seed=seed),
        "pretrained": [],
    }
    if pretrained:
        each = 60 * minutes * _SHARE_PRETRAINED / len(pretrained)
        document["pretrained"] = [_fine_tuned(name, division, each, reporter, seed=seed) for name in pretrained]
    return document


def _divide(
    source: str, text: str | None, title: str | None, label: str | None, reporter: Reporter, *, seed: int
) -> Division:
    dataset, notes = load_dataset(
        source, text_column=text, title_column=title, label_column=label, max_rows=2 * MOST_TRAIN, seed=seed
    )
    for message in notes.messages:
        reporter.tell(message)
    require_rows_per_label(dataset, 10)
    parts = split(dataset, SHARES, seed=seed)
    limits = (MOST_TRAIN, MOST_DEV, MOST_TEST)
    return Division(*(take(part, limit, seed=seed) for part, limit in zip(parts, limits, strict=True)))


def _has_model(name: str) -> bool:
    path = Path(name).expanduser()
    if path.is_dir():
        return any(path.glob("*.safetensors")) or any(path.glob("pytorch_model*.bin"))
    return parse_name(name) is None and not path.exists()


def _baseline(division: Division) -> dict[str, Any]:
    baseline = TfidfBaseline(division.train)
    scores = score(division.test.label_ids, baseline.predict_proba(division.test.texts), division.test.labels)
    return {"name": baseline.name, "accuracy": scores.accuracy.as_dict()}


def _from_scratch(
    division: Division, tokenizers: Sequence[NamedTokenizer], seconds: float, reporter: Reporter, *, seed: int
) -> dict[str, Any]:
    trials = [ScratchTrial(named, division) for named in tokenizers]
    reporter.stage("Measuring the pace of a small encoder")
    # Long sequences of characters run at another pace than short ones of words: each is measured.
    seconds_for_one = sum(1 / trial.operations_per_second() for trial in trials)
    affordable = seconds * (1 - _SHARE_SCORING) / (N_SEEDS * seconds_for_one)
    epoch = min(trial.operations_per_epoch for trial in trials)
    operations = min(affordable, MOST_EPOCHS * epoch)
    if operations < epoch:
        reporter.warn(
            f"The time is too short for one pass over the texts, so the encoders will hardly be trained: about "
            f"{epoch / operations:.0f} times as many minutes are needed"
        )
    results = []
    for trial in trials:
        reporter.stage(f"Training a small encoder on the tokens of {trial.named.name}")
        started = time.monotonic()
        predicted = []
        for number in range(N_SEEDS):
            predicted.append(trial.predictions(operations, seed=seed + number, reporter=reporter))
        results.append((trial, predicted, time.monotonic() - started))
    labels = division.test.label_ids
    best = max(results, key=lambda result: float(np.mean([p == labels for p in result[1]])))
    return {
        "architecture": {"layers": LAYERS, "width": WIDTH, "heads": HEADS, "feed_forward": FEED_FORWARD},
        "max_tokens": MAX_TOKENS,
        "operations_each": operations,
        "seeds": N_SEEDS,
        "models": [
            {
                "tokenizer": trial.named.name,
                **asdict(trial.size),
                "epochs": operations / trial.operations_per_epoch,
                "tokens": round(operations / trial.operations_per_epoch * trial.train.n_tokens),
                "share_truncated": trial.test.share_truncated,
                **_accuracy(labels, predicted),
                # Texts of all seeds side by side: the same texts, so they are resampled together.
                "behind_best": _behind(labels, best[1], predicted),
                "seconds": round(spent, 1),
            }
            for trial, predicted, spent in results
        ],
    }


def _accuracy(labels: npt.NDArray[np.int64], predicted: Sequence[npt.NDArray[np.int64]]) -> dict[str, Any]:
    """Mean accuracy over seeds with a bootstrap interval over texts, and the accuracy of each seed."""
    right = np.mean([p == labels for p in predicted], axis=0)  # (n_texts,)
    return {"accuracy": bootstrap_mean(right).as_dict(), "by_seed": [float((p == labels).mean()) for p in predicted]}


def _behind(
    labels: npt.NDArray[np.int64], best: Sequence[npt.NDArray[np.int64]], predicted: Sequence[npt.NDArray[np.int64]]
) -> dict[str, float]:
    difference = np.mean([p == labels for p in best], axis=0) - np.mean([p == labels for p in predicted], axis=0)
    return bootstrap_mean(difference).as_dict()


def _fine_tuned(name: str, division: Division, seconds: float, reporter: Reporter, *, seed: int) -> dict[str, Any]:
    """Fine-tune a pretrained model with its own tokenizer, as `afina train` does."""
    from afina.recipes.fine_tuning import fine_tune

    reporter.stage(f"Fine-tuning {name}")
    with tempfile.TemporaryDirectory() as folder:
        files = {part: Path(folder) / f"{part}.parquet" for part in vars(division)}
        for part, dataset in vars(division).items():
            with row_writer(files[part]) as writer:
                names = [dataset.labels.names[i] for i in dataset.label_ids]
                writer.write([{"text": t, "label": n} for t, n in zip(dataset.texts, names, strict=True)])
        config, origins = load_config(
            options={
                "data.source": str(files["train"]), "data.dev": str(files["dev"]), "data.test": str(files["test"]),
                "data.keep_labels": True, "data.title_column": "none", "modeling.name": name,
                "training.budget": f"{seconds}s", "training.seed": seed, "out": str(Path(folder) / "run"),
            }
        )  # fmt: skip
        try:
            summary = fine_tune(config, reporter=reporter, origins=origins).summary
        except Interrupted:
            # Its checkpoint goes with the temporary folder.
            raise Interrupted("Interrupted; nothing was written") from None
        except AfinaError as error:
            # One model that needs a network must not cost the others' results.
            reporter.warn(str(error))
            return {"model": name, "failed": str(error)}
    return {
        "model": name,
        "accuracy": summary["test"]["accuracy"],
        "epochs": summary["epochs"],
        "texts_trained_on": summary["examples_seen"],
        "share_truncated": summary["test"]["share_truncated"],
        "seconds": summary["seconds"]["total"],
    }
