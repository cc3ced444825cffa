"""How faithful explanations are, and what they cost: words left out, integrated gradients, and chance.

    python benchmarks/explanations.py RUN [--texts 200] [--reviews 20] [--threads 2]

RUN is a model of SST-2; where it has been exported, words are left out on the exported model. Each method weighs the
words of the same texts; seconds are those of the weighing alone. Faithfulness is then measured for all on the same
predictor, by AOPC comprehensiveness and sufficiency (DeYoung et al. 2020). Writes benchmarks/results/explanations.json.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import numpy.typing as npt

from _machine import describe, write_result
from _sets import DATA
from afina.data import clean_text, load_dataset, take
from afina.inference import Classifier
from afina.inference.explaining import DEFAULT_MAX_EVALS, cut_words, integrate_gradients, measure_faithfulness
from afina.inference.explaining.gradients import share_among_words
from afina.inference.explaining.occlusion import occlude
from afina.inference.explaining.probing import Probe, log_odds

STEPS = 50
_SEED = 0


@dataclass(frozen=True)
class Task:
    """A text to explain."""

    text: str
    stretches: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    target: int
    probabilities: npt.NDArray[np.float64]


Weights = npt.NDArray[np.float64]


def tasks_of(texts: list[str], served: Classifier) -> list[Task]:
    """What is to be explained of each text: its beginning, as far as the model reads it, and its label."""
    tasks = []
    for text in texts:
        places = np.concatenate(served.encoder.places(clean_text(text)))
        words = cut_words(clean_text(text)[: int(places[:, 1].max())])
        probabilities = served.predict_proba([words.text])
        tasks.append(Task(words.text, words.stretches, words.spans, int(probabilities.argmax()), probabilities))
    return tasks


def by_occlusion(served: Classifier, max_evals: int) -> Callable[[Task], tuple[Weights, int]]:
    def weigh(task: Task) -> tuple[Weights, int]:
        probe = Probe(served, task.stretches, task.target)
        found = occlude(probe, float(log_odds(task.probabilities, task.target)[0]), max_evals=max_evals)
        return found.weights, probe.evals

    return weigh


def by_gradients(torch_model: Classifier) -> Callable[[Task], tuple[Weights, int]]:
    def weigh(task: Task) -> tuple[Weights, int]:
        encoder, pretrained = torch_model.encoder, torch_model.backend.pretrained  # type: ignore[attr-defined]
        found = integrate_gradients(pretrained, encoder, task.text, task.target, n_steps=STEPS, max_steps=STEPS)
        return share_among_words(found, encoder.places(task.text), task.spans), found.evals

    return weigh


def by_chance(task: Task) -> tuple[Weights, int]:
    return np.random.default_rng([_SEED, len(task.text)]).random(len(task.spans)), 0


def measure(name: str, weigh: Callable[[Task], tuple[Weights, int]], tasks: list[Task], served: Classifier) -> Any:
    """Means over the texts, after one that warms up."""
    weigh(tasks[0])
    seconds, evals, found = [], [], []
    for task in tasks:
        started = time.perf_counter()
        weights, asked = weigh(task)
        seconds.append(time.perf_counter() - started)
        evals.append(asked)
        probe = Probe(served, task.stretches, task.target)
        found.append(measure_faithfulness(probe, weights, float(task.probabilities[0, task.target])))
    row = {
        "method": name,
        "seconds_a_text": mean(seconds),
        "median_seconds": float(np.median(seconds)),
        "evals": mean(evals),
        "comprehensiveness": mean(each.comprehensiveness for each in found),
        "sufficiency": mean(each.sufficiency for each in found),
        "comprehensiveness_by_text": [round(each.comprehensiveness, 4) for each in found],
    }
    print(
        f"  {name:<22} {row['seconds_a_text'] * 1000:8.1f} ms a text  {row['evals']:6.1f} evaluations  "
        f"comprehensiveness {row['comprehensiveness']:.3f}  sufficiency {row['sufficiency']:+.3f}",
        flush=True,
    )
    return row


def paired_interval(rows: list[Any], first: str, second: str) -> dict[str, float]:
    """By how much one method is more comprehensive than another on the same texts, with a 95 % bootstrap interval."""
    by_text = {row["method"]: np.array(row["comprehensiveness_by_text"]) for row in rows}
    differences = by_text[first] - by_text[second]
    rng = np.random.default_rng(_SEED)
    means = rng.choice(differences, (2000, len(differences))).mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return {"value": float(differences.mean()), "low": float(low), "high": float(high)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--texts", type=int, default=200, help="sentences of SST-2 dev")
    parser.add_argument("--reviews", type=int, default=20, help="reviews of IMDB")
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--max-evals", type=int, nargs="*", default=[DEFAULT_MAX_EVALS])
    options = parser.parse_args()
    served = Classifier.load(options.run, threads=options.threads)
    in_torch = Classifier.load(options.run, backend="torch", threads=options.threads)
    results = {}
    for name, most in (("sst2_dev", options.texts), ("imdb_train", options.reviews)):
        dataset, _ = load_dataset(str(DATA / f"{name}.parquet"), seed=_SEED)
        tasks = tasks_of(list(take(dataset, most, seed=_SEED).texts), served)
        n_words = mean(len(task.spans) for task in tasks)
        print(f"{name}: {len(tasks)} texts, {n_words:.0f} words a text, words left out on {served.backend.name}")
        methods = {
            **{f"occlusion-{n}": by_occlusion(served, n) for n in options.max_evals},
            f"ig-{STEPS}": by_gradients(in_torch),
            "random": by_chance,
        }
        rows = [measure(method, weigh, tasks, served) for method, weigh in methods.items()]
        gradients = rows[len(options.max_evals)]
        compared = [
            {
                "method": row["method"],
                "share_of_ig_seconds": row["seconds_a_text"] / gradients["seconds_a_text"],
                "more_comprehensive_than_ig": paired_interval(rows, row["method"], gradients["method"]),
            }
            for row in rows[: len(options.max_evals)]
        ]
        for each in compared:
            more = each["more_comprehensive_than_ig"]
            print(
                f"  {each['method']}: {each['share_of_ig_seconds']:.2f} of the time of {gradients['method']}, "
                f"comprehensiveness {more['value']:+.3f} ({more['low']:+.3f} to {more['high']:+.3f})"
            )
        for row in rows:
            del row["comprehensiveness_by_text"]
        results[name] = {"texts": len(tasks), "words_a_text": n_words, "methods": rows, "compared": compared}
    command = f"python benchmarks/explanations.py RUN --texts {options.texts} --reviews {options.reviews}"
    write_result("explanations", {**describe(), "command": command, "backend": served.backend.name, "sets": results})


if __name__ == "__main__":
    main()
