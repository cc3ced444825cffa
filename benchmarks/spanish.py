"""An English WordPiece on Spanish reviews: which remedy pays.

    python benchmarks/spanish.py [--seconds N]

Five-fold cross-validation over the 120 Spanish reviews of the sample; each fold is predicted by models that saw the
other four. Prints accuracy with a 95 % bootstrap interval over the 120 texts and the difference to the first remedy;
writes benchmarks/results/spanish.json. The remedies:

- nothing: the embedded model fine-tuned on the English sample alone
- spanish: fine-tuned on the Spanish reviews alone
- both: fine-tuned on English and Spanish together
- vocabulary: as both, after adding the Spanish words that occur twice in the training texts to the vocabulary, each
  starting as the mean of the pieces it was cut into
- embeddings: logistic regression on the frozen model's embeddings of the Spanish reviews
- tfidf: TF-IDF and logistic regression on the Spanish reviews
- scratch: a small encoder with random weights on a byte-level BPE learned from the Spanish reviews
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from transformers import AutoModel, AutoTokenizer

from _machine import describe, write_result
from afina.config import load_config
from afina.data import TextDataset, find_clusters, load_dataset
from afina.data.audit import make_folds, probabilities_from_embeddings
from afina.data.writing import row_writer
from afina.evaluation import TfidfBaseline, bootstrap_mean, paired_difference
from afina.modeling import embed, locate
from afina.recipes import fine_tune
from afina.recipes.scratch_trial import Division, ScratchTrial
from afina.recipes.tokenizer_names import parse_name, train_named
from afina.tokenization.words import count_words

N_FOLDS = 5


def write(dataset: TextDataset, path: Path) -> str:
    """The data set as a file that `fine_tune` reads."""
    with row_writer(path) as writer:
        names = [dataset.labels.names[i] for i in dataset.label_ids]
        writer.write([{"text": text, "label": name} for text, name in zip(dataset.texts, names, strict=True)])
    return str(path)


def joined(one: TextDataset, other: TextDataset) -> TextDataset:
    """Texts of both; their labels are the same."""
    return TextDataset([*one.texts, *other.texts], np.concatenate([one.label_ids, other.label_ids]), one.labels)


def fine_tuned(
    train: TextDataset, dev: TextDataset, test: TextDataset, *, model: str, seconds: float, **more: Any
) -> np.ndarray[Any, Any]:
    """Predicted label ids of the test texts."""
    with tempfile.TemporaryDirectory() as folder:
        files = {name: write(part, Path(folder) / f"{name}.parquet") for name, part in
                 (("source", train), ("dev", dev), ("test", test))}  # fmt: skip
        options = {f"data.{name}": path for name, path in files.items()}
        config, _ = load_config(
            options={**options, "modeling.name": model, "training.budget": f"{seconds}s", "data.title_column": "none",
                     "out": str(Path(folder) / "run"), **more}
        )  # fmt: skip
        probabilities = fine_tune(config).classifier.predict_proba(test.texts)
    return np.asarray(probabilities.argmax(axis=1))


def with_vocabulary(texts: Sequence[str], folder: Path) -> str:
    """The embedded model with the words of these texts as tokens of their own, as a model folder."""
    source = locate("minilm")
    tokenizer, model = AutoTokenizer.from_pretrained(source), AutoModel.from_pretrained(source)
    counts = count_words([text.lower() for text in texts])
    pieces = {word: tokenizer.tokenize(word) for word, count in counts.items() if count >= 2}
    new = sorted(word for word, parts in pieces.items() if len(parts) > 1)
    ids = [tokenizer.convert_tokens_to_ids(pieces[word]) for word in new]
    from tokenizers import AddedToken

    tokenizer.add_tokens([AddedToken(word, single_word=True, normalized=True) for word in new])
    model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    weights = model.get_input_embeddings().weight.data
    for word, parts in zip(new, ids, strict=True):
        weights[tokenizer.convert_tokens_to_ids(word)] = weights[parts].mean(dim=0)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    print(f"  {len(new)} words added")
    return str(folder)


def from_scratch(train: TextDataset, dev: TextDataset, test: TextDataset) -> np.ndarray[Any, Any]:
    """A small encoder on byte-level BPE, thirty epochs."""
    asked = parse_name("bpe:800")
    assert asked is not None
    trial = ScratchTrial(train_named(asked, train.texts), Division(train, dev, test))
    return trial.predictions(30 * trial.operations_per_epoch, seed=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=100)
    options = parser.parse_args()
    spanish, _ = load_dataset("sample:es")
    english, _ = load_dataset("sample:train")
    english_dev, _ = load_dataset("sample:dev")
    folds = make_folds(spanish, find_clusters(spanish.normal_forms), n_folds=N_FOLDS, seed=0)
    embeddings = embed("minilm", spanish.texts)
    predicted = {name: np.full(len(spanish), -1) for name in
                 ("nothing", "spanish", "both", "vocabulary", "embeddings", "tfidf", "scratch")}  # fmt: skip
    predicted["nothing"][:] = fine_tuned(english, english_dev, spanish, model="minilm", seconds=options.seconds)
    predicted["embeddings"][:] = probabilities_from_embeddings(embeddings, spanish.label_ids, folds).argmax(axis=1)
    for number, held_out in enumerate(folds):
        print(f"fold {number + 1} of {N_FOLDS}", flush=True)
        rest = np.setdiff1d(np.arange(len(spanish)), held_out)
        # The fold behind the one held out chooses the weights.
        chooser = folds[(number + 1) % N_FOLDS]
        train, dev = spanish.select(np.setdiff1d(rest, chooser)), spanish.select(np.sort(chooser))
        test = spanish.select(held_out)
        both = joined(english, train)
        predicted["tfidf"][held_out] = TfidfBaseline(spanish.select(rest)).predict_proba(test.texts).argmax(axis=1)
        predicted["spanish"][held_out] = fine_tuned(
            train, dev, test, model="minilm", seconds=options.seconds, **{"training.epochs": 20}
        )
        predicted["both"][held_out] = fine_tuned(both, dev, test, model="minilm", seconds=options.seconds)
        with tempfile.TemporaryDirectory() as folder:
            model = with_vocabulary(train.texts, Path(folder))
            predicted["vocabulary"][held_out] = fine_tuned(
                both, dev, test, model=model, seconds=options.seconds, **{"modeling.freeze_embeddings": False}
            )
        predicted["scratch"][held_out] = from_scratch(train, dev, test)
    results = {}
    for name, labels in predicted.items():
        right = labels == spanish.label_ids
        accuracy = bootstrap_mean(right.astype(float))
        gain = paired_difference(spanish.label_ids, labels, predicted["nothing"])
        results[name] = {"accuracy": accuracy.as_dict(), "gain_over_nothing": gain.as_dict()}
        print(f"{name:12} {accuracy}, gain {gain}")
    write_result("spanish", {**describe(), "texts": len(spanish), "seconds": options.seconds, "remedies": results})


if __name__ == "__main__":
    main()
