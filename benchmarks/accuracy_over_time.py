"""Accuracy against seconds of training: full, frozen, head, lora and TF-IDF on real reviews.

    python benchmarks/accuracy_over_time.py [--sets sst2_train,imdb_train] [--methods full,tfidf] [--minutes N]

Each method trains once by the code of `afina train` with its defaults, on as many texts as its plan for `--minutes` of
training takes; the learning rate falls to zero where that time or the plan's epochs end. Now and then training pauses
and the model is scored on held-out texts: all of sst2_dev, or up to 1,000 of a tenth of imdb_train. The clock stands
still meanwhile, and for loading and tokenizing; filling a prefix cache counts. These scores choose nothing: the last
point is of the last weights. A point before the end is not what a run planned for that time would reach, since its
learning rate is still high; and of noisy scores the first that passes a mark is a little lucky (one standard error is
about 0.01). The points of TF-IDF are fits on growing parts of the texts.

Prints the minutes to each mark; writes benchmarks/results/accuracy_over_time.json and
docs/results/accuracy_over_time_SET.svg. Curves in the JSON that were measured on the same machine, within the same
limit, and are not asked for again stay.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from _afina_training import UNDISTURBED, PausableClock, Prepared, fit, prepare
from _curves import draw_curves
from _machine import RESULTS, describe, write_result
from _sets import DATA, SETS, load_pool_and_test
from afina.config import load_config
from afina.data import TextDataset, take
from afina.errors import AfinaError
from afina.evaluation import TfidfBaseline
from afina.recipes.reporting import Silent
from afina.training import TrainingStep

NAME = "accuracy_over_time"
METHODS = ("full", "frozen", "head", "lora", "tfidf")
MARKS = (0.85, 0.88, 0.90)
MAX_TEST = 1000
FIGURES = Path(__file__).resolve().parents[1] / "docs" / "results"
_TFIDF_SHARES = (1 / 64, 1 / 16, 1 / 4, 1 / 2, 1)


class Scorer(Silent):
    """Scores the model between steps, while the clock stands still.

    Args:
        prepared: The model in training.
        test: Held-out texts.
        clock: Counts the seconds of training.
        scores: Number of scores, closer together at the beginning, where accuracy rises.
    """

    def __init__(self, prepared: Prepared, test: TextDataset, *, clock: PausableClock, scores: int) -> None:
        session = prepared.session
        # What frozen layers make of the test texts is kept too where it is for the training texts; none of it counts.
        plan = replace(prepared.allocation.cache, on_disk=False)
        self._feed = session.feed(session.encoder.encode(test.texts), plan, file=Path("unused"))
        self._label_ids, self._clock, self._texts = test.label_ids, clock, 0
        self._due = [(number / scores) ** 1.5 for number in range(1, scores)]
        self.points: list[dict[str, float]] = []

    def step(self, step: TrainingStep, *, seconds_left: float) -> None:
        """Score if it is time; the last weights are scored when training is over."""
        self._texts += step.n_texts
        if self._due and step.progress >= self._due[0] and not step.stopped_by:
            self._due = [share for share in self._due if share > step.progress]
            self.score()

    def score(self) -> None:
        """Add a point."""
        with self._clock.paused():
            accuracy = float(np.mean(self._feed.predict().argmax(axis=1) == self._label_ids))
        self.points.append({"seconds": self._clock(), "texts": self._texts, "accuracy": accuracy})


def train_curve(
    method: str, pool: TextDataset, test: TextDataset, *, max_tokens: int, minutes: float, scores: int
) -> dict[str, Any]:
    """Points of one training."""
    config, _ = load_config(
        options={"modeling.method": method, "tokenization.max_tokens": max_tokens, **UNDISTURBED}
    )  # fmt: skip
    prepared = prepare(config, pool, seconds=60 * minutes)
    clock = PausableClock()
    with clock.paused():
        scorer = Scorer(prepared, test, clock=clock, scores=scores)
    fitted = fit(prepared, clock=clock, reporter=scorer, seconds=60 * minutes)
    scorer.score()
    return {
        "points": scorer.points,
        "train_texts": len(prepared.train),
        "epochs": prepared.allocation.epochs,
        "prefix_cache": prepared.allocation.cache_precision,
        "steps": fitted.state.step,
        "stopped_by": fitted.state.stopped_by,
        "settings": prepared.session.settings.as_dict(),
        "resources": prepared.session.resources,
    }


def tfidf_curve(pool: TextDataset, test: TextDataset) -> dict[str, Any]:
    """Fits on growing parts of the texts."""
    TfidfBaseline(take(pool, 50, seed=0))  # The first fit of a process loads scikit-learn.
    points = []
    for share in _TFIDF_SHARES:
        part = take(pool, int(share * len(pool)), seed=0)
        started = time.perf_counter()
        baseline = TfidfBaseline(part)
        seconds = time.perf_counter() - started
        accuracy = float(np.mean(baseline.predict_proba(test.texts).argmax(axis=1) == test.label_ids))
        points.append({"seconds": seconds, "texts": len(part), "accuracy": accuracy})
    return {"points": points, "train_texts": len(pool)}


def minutes_to(points: Sequence[dict[str, float]], mark: float) -> float | None:
    """Minutes at the first point that reaches a mark; nothing is interpolated."""
    return next((point["seconds"] / 60 for point in points if point["accuracy"] >= mark), None)


def show(name: str, curves: dict[str, dict[str, Any]], *, n_test: int) -> None:
    """Print the minutes to each mark."""
    print(f"{name}, accuracy on {n_test} texts; minutes of training to {', '.join(f'{mark:.2f}' for mark in MARKS)}")
    for method, curve in curves.items():
        if "error" in curve:
            print(f"  {method:7} failed: {curve['error']}")
            continue
        points = curve["points"]
        best = max(points, key=lambda point: point["accuracy"])
        cells = [f"{minutes:.2f}" if (minutes := minutes_to(points, mark)) is not None else "-" for mark in MARKS]
        missed = f"; best {best['accuracy']:.3f} at {best['seconds'] / 60:.2f} min" if "-" in cells else ""
        print(
            f"  {method:7} {'  '.join(f'{cell:>6}' for cell in cells)}  last {points[-1]['accuracy']:.3f} at "
            f"{points[-1]['seconds'] / 60:.2f} min{missed}",
            flush=True,
        )


def kept_curves(common: dict[str, Any], out: str) -> dict[str, Any]:
    """Sets with curves of an earlier call that may stand beside new ones."""
    path = RESULTS / f"{out}.json"
    if not path.exists():
        return {}
    before = json.loads(path.read_text(encoding="utf-8"))
    return dict(before["sets"]) if {key: before.get(key) for key in common} == common else {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", default="sst2_train,imdb_train")
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--minutes", type=float, default=6.0, help="limit on the training of each method")
    parser.add_argument("--evaluations", type=int, default=15, help="points of a curve")
    parser.add_argument("--max-texts", type=int, help="train on fewer texts, for a trial")
    parser.add_argument("--test-texts", type=int, default=MAX_TEST)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", default=NAME, help="name of the result and the figures; trials take another")
    parser.add_argument("--figures", type=Path, default=FIGURES)
    options = parser.parse_args()
    methods, names = options.methods.split(","), options.sets.split(",")
    if unknown := (set(methods) - set(METHODS)) | (set(names) - set(SETS)):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    common = json.loads(json.dumps({**describe(), "minutes": options.minutes, "marks": MARKS}))
    sets = kept_curves(common, options.out)
    for name in names:
        pool, test = load_pool_and_test(name, options.data, max_test=options.test_texts)
        pool = take(pool, options.max_texts or len(pool), seed=0)
        document = sets.setdefault(name, {"curves": {}})
        document |= {"texts": len(pool), "test_texts": len(test), "max_tokens": SETS[name].max_tokens}
        for method in methods:
            try:
                curve = (
                    tfidf_curve(pool, test)
                    if method == "tfidf"
                    else train_curve(
                        method, pool, test, max_tokens=SETS[name].max_tokens, minutes=options.minutes,
                        scores=options.evaluations,
                    )
                )  # fmt: skip
                curve["minutes_to"] = {f"{mark:.2f}": minutes_to(curve["points"], mark) for mark in MARKS}
            except AfinaError as error:
                curve = {"error": str(error)}
            document["curves"][method] = curve
            show(name, {method: curve}, n_test=len(test))
            write_result(options.out, {**common, "sets": sets})
        curves = {method: document["curves"][method] for method in METHODS if method in document["curves"]}
        show(name, curves, n_test=len(test))
        drawn = {method: curve["points"] for method, curve in curves.items() if "points" in curve}
        if drawn:
            options.figures.mkdir(parents=True, exist_ok=True)
            figure = options.figures / f"{options.out}_{name}.svg"
            figure.write_text(draw_curves(drawn, marks=MARKS, name=name) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
