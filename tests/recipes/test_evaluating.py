from __future__ import annotations

import csv
import json
import shutil

import numpy as np
import pytest
from tests.conftest import NEGATIVE, POSITIVE, WORDS, write_reviews
from tests.recipes.planting import disguise, keep_fingerprints
from tests.recipes.recorder import Recorder

from afina.config import load_config
from afina.data import Fingerprints, TextDataset, load_dataset
from afina.errors import DataError, ModelError
from afina.labels import LabelSet
from afina.recipes import ReadOptions, evaluate_run, fine_tune
from afina.recipes.run_report import report_document
from afina.run_folder import RunFolder

BASE_KEYS = {
    "dataset", "n", "labels", "accuracy", "f1", "precision", "recall", "matthews", "log_loss", "ece", "confusion",
    "average", "texts_per_second", "share_truncated",
}  # fmt: skip
OWN_KEYS = {
    "source", "scored", "honest", "leakage", "with_shared", "mapping", "set_aside", "neutral", "unsure", "mistakes",
}  # fmt: skip
DETAIL_KEYS = {"per_class", "curves", "calibration", "slices"}


def train(folder, source, tiny_model, steps=60):
    options = {
        "data.source": str(source), "modeling.name": str(tiny_model), "training.max_steps": steps,
        "training.learning_rate": 1e-2, "training.precision": "fp32", "tokenization.batch_tokens": 128,
        "out": str(folder / "run"),
    }  # fmt: skip
    return fine_tune(load_config(options=options)[0]).run


@pytest.fixture(scope="module")
def trained_run(tiny_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    source = write_reviews(folder / "source.csv", 60)
    run = train(folder, source, tiny_model)
    keep_fingerprints(run, train=load_dataset(str(source))[0])
    return run.root


@pytest.fixture
def run(trained_run, tmp_path):
    return RunFolder(shutil.copytree(trained_run, tmp_path / "run"))


def write(path, rows, header=("text", "label")):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return str(path)


def new_reviews(n, labels=("negative", "positive")):
    """Reviews that the run has not learned from."""
    words = (NEGATIVE, POSITIVE)
    return [
        (f"this {words[i % 2][i % 8]} film number {i + 500} was very {words[i % 2][i // 2 % 8]}", labels[i % 2])
        for i in range(n)
    ]


def evaluate(run, *sources, **options):
    reporter = Recorder()
    document = evaluate_run(run.root, list(sources), reporter=reporter, samples=200, **options)
    return document["results"], reporter


def test_new_texts_are_scored_and_all_is_told(run, tmp_path):
    (result,), reporter = evaluate(run, write(tmp_path / "new.csv", new_reviews(40)))
    assert set(result) == BASE_KEYS | OWN_KEYS | DETAIL_KEYS
    assert (result["n"], result["honest"], result["with_shared"], result["mapping"]) == (40, True, None, None)
    assert result["leakage"] == {
        "checked": True, "sentence": None, "exact": 0, "near": 0, "rows": 0, "share": 0.0, "by_role": {},
        "other_label": 0, "examples": [],
    }  # fmt: skip
    assert result["scored"] == "new"
    assert result["accuracy"]["value"] > 0.8
    assert not reporter.warned
    assert json.loads(json.dumps(result)) == result


def test_shared_texts_are_left_out_first_and_scored_beside(run, tmp_path):
    shared = load_dataset(str(write_reviews(tmp_path / "known.csv", 60)))[0]
    rows = [
        (text.upper(), shared.labels.names[i]) for text, i in zip(shared.texts[:10], shared.label_ids, strict=False)
    ]
    (result,), reporter = evaluate(run, write(tmp_path / "mixed.csv", [*new_reviews(30), *rows]))
    assert result["leakage"]["exact"] == 10
    assert (result["n"], result["with_shared"]["n"], result["honest"]) == (30, 40, True)
    assert set(result["with_shared"]) == BASE_KEYS
    assert sum(map(sum, result["confusion"])) == 30
    assert any("10 of the 40 texts" in told for told in reporter.warned)
    shown = result["leakage"]["examples"][0]
    assert shown["text"] == shown["training_text"].upper()
    (alone,), _ = evaluate(run, write(tmp_path / "new.csv", new_reviews(30)))
    for key in ("accuracy", "confusion", "f1"):
        assert result[key] == alone[key]


def test_mistakes_stand_beside_the_training_texts_nearest_to_them(run, tmp_path):
    rows = [(text, {"negative": "positive", "positive": "negative"}[label]) for text, label in new_reviews(20)]
    (result,), _ = evaluate(run, write(tmp_path / "wrong.csv", rows))
    mistakes = result["mistakes"]
    assert mistakes["n"] == 20 - sum(result["confusion"][i][i] for i in range(2))
    (nearest, *_) = mistakes["confident"][0]["neighbours"]
    assert "film number" in nearest["text"]


def test_a_set_that_is_all_known_has_no_honest_figure(run, tmp_path):
    (result,), reporter = evaluate(run, str(write_reviews(tmp_path / "known.csv", 60)))
    assert (result["honest"], result["n"], result["leakage"]["share"]) == (False, 60, 1.0)
    assert result["scored"] == "all"
    assert result["with_shared"]["accuracy"] == result["accuracy"]
    assert any("no honest figure" in told for told in reporter.warned)


def test_a_run_scores_the_part_of_its_source_that_it_held_out(tiny_model, tmp_path):
    source = write(tmp_path / "all.csv", new_reviews(80))
    run = train(tmp_path, source, tiny_model, steps=2)
    (result,), _ = evaluate(run, source)
    assert result["leakage"]["by_role"] == {"dev": 8, "test": 8, "train": 64}
    assert (result["n"], result["scored"], result["honest"], result["with_shared"]["n"]) == (8, "held_out", True, 80)
    told = report_document(run)["answer"]["sentences"]
    assert result["leakage"]["sentence"] in told
    assert "the figures are of the 8 that it held out" in result["leakage"]["sentence"]
    assert not any(sentence.startswith("On all ") for sentence in told)


def test_the_test_split_of_the_sample_is_new_to_a_run_on_the_sample(tiny_model, tmp_path):
    run = train(tmp_path, "sample", tiny_model, steps=1)
    (result,), _ = evaluate(run, "sample")
    assert (result["leakage"]["checked"], result["leakage"]["rows"], result["honest"]) == (True, 0, True)


def test_a_run_without_fingerprints_is_told(run, tmp_path):
    run.fingerprints.unlink()
    manifest = run.read_manifest()
    del manifest["artifacts"]["fingerprints.parquet"]
    run.manifest.write_text(json.dumps(manifest))
    (result,), reporter = evaluate(run, write(tmp_path / "new.csv", new_reviews(20)))
    assert (result["leakage"]["checked"], result["honest"]) == (False, True)
    assert any("keeps no fingerprints" in told for told in reporter.warned)


@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_missing_or_changed_fingerprints_are_refused(run, tmp_path, damage):
    if damage == "missing":
        run.fingerprints.unlink()
    else:
        Fingerprints.of({}).write(run.fingerprints)
    with pytest.raises(ModelError, match=r"fingerprints\.parquet"):
        evaluate(run, write(tmp_path / "new.csv", new_reviews(20)))


def test_neutral_rows_are_counted_and_what_the_model_says_of_them(run, tmp_path):
    neutral = [(f"this room and number {i} it was", "neutral") for i in range(6)]
    (result,), reporter = evaluate(run, write(tmp_path / "three.csv", [*new_reviews(20), *neutral]))
    assert result["n"] == 20
    assert result["set_aside"] == {"are neutral, which this model does not know": 6}
    assert result["neutral"]["n"] == sum(result["neutral"]["predicted"].values()) == 6
    assert 0.5 <= result["neutral"]["mean_confidence"] <= 1
    assert any("6 that are neutral" in told for told in reporter.told)


def test_stars_and_names_are_mapped_and_told(run, tmp_path):
    stars = write(tmp_path / "stars.csv", new_reviews(20, labels=(1, 5)), header=("text", "stars"))
    numbers = write(tmp_path / "numbers.csv", new_reviews(20, labels=(0, 1)))
    swapped = write(tmp_path / "swapped.csv", new_reviews(20, labels=("bad", "good")))
    results, _ = evaluate(run, stars, numbers, swapped)
    assert [result["mapping"] for result in results] == [
        "Labels mapped: 1 -> negative, 5 -> positive",
        "Labels mapped: 0 -> negative, 1 -> positive",
        "Labels mapped: bad -> negative, good -> positive",
    ]
    assert len({result["accuracy"]["value"] for result in results}) == 1


def test_what_the_user_says_of_labels_holds_and_nonsense_is_noticed(run, tmp_path):
    source = write(tmp_path / "coded.csv", new_reviews(40, labels=("x", "y")))
    (right,), reporter = evaluate(run, source, reading=ReadOptions(label_names={"x": "negative", "y": "positive"}))
    assert not any("chance" in told for told in reporter.warned)
    (wrong,), reporter = evaluate(run, source, reading=ReadOptions(label_names={"x": "positive", "y": "negative"}))
    assert wrong["accuracy"]["value"] == pytest.approx(1 - right["accuracy"]["value"])
    assert any("worse than chance" in told for told in reporter.warned)


def test_one_label_only_is_refused(run, tmp_path):
    rows = [(text, "positive") for text, _ in new_reviews(10)]
    with pytest.raises(DataError, match=r"Only one label occurs in .*one\.csv: all 10 texts are positive") as told:
        evaluate(run, write(tmp_path / "one.csv", rows))
    assert "says nothing about the others" in told.value.hint


def test_a_mistake_in_the_last_source_is_found_before_the_first_is_classified(run, tmp_path):
    good = write(tmp_path / "good.csv", new_reviews(20))
    with pytest.raises(DataError, match="No such file"):
        evaluate(run, good, str(tmp_path / "nowhere.csv"))
    assert not run.evaluations.exists()


def test_accuracy_is_given_by_domain(run, tmp_path):
    rows = [(text, label, ("books", "phones", "")[i // 2 % 3]) for i, (text, label) in enumerate(new_reviews(60))]
    # As a row that names no domain was once called; and one that repeats an earlier one takes no place.
    rows[6:7] = [(*rows[6][:2], "row 7"), rows[6]]
    source = write(tmp_path / "shop.csv", rows, header=("text", "label", "product"))
    (result,), _ = evaluate(run, source, domain_column="product")
    domains = {each["value"]: each["n"] for each in result["slices"] if each["slice"] == "domain"}
    assert domains == {"books": 19, "phones": 20, "none given": 20, "row 7": 1}
    with pytest.raises(DataError, match="kind"):
        evaluate(run, source, domain_column="kind")


def test_documents_are_kept_beside_the_run(run, tmp_path):
    (tmp_path / "other").mkdir()
    first = write(tmp_path / "shop.csv", new_reviews(20))
    second = write(tmp_path / "other" / "shop.csv", new_reviews(30))
    results, _ = evaluate(run, first, second)
    kept = [json.loads((run.evaluations / name).read_text()) for name in ("shop.json", "shop-2.json")]
    assert kept == results
    # What is evaluated again is replaced, alone or not; the other, of the same name, stays.
    (again,), _ = evaluate(run, second)
    assert json.loads((run.evaluations / "shop-2.json").read_text()) == again
    assert json.loads((run.evaluations / "shop.json").read_text()) == results[0]
    assert len(list(run.evaluations.iterdir())) == 2
    run.verify()


def test_a_run_that_cannot_be_written_to_is_evaluated_all_the_same(run, tmp_path):
    run.evaluations.write_text("in the way")
    (result,), reporter = evaluate(run, write(tmp_path / "new.csv", new_reviews(20)))
    assert result["n"] == 20
    assert any("not kept beside the run" in told for told in reporter.warned)


def test_progress_is_told_text_by_text(run, tmp_path, monkeypatch):
    monkeypatch.setattr("afina.recipes.labelled._TEXTS_AT_A_TIME", 8)
    (parts,), _ = evaluate(run, write(tmp_path / "new.csv", new_reviews(20)))
    monkeypatch.undo()
    (whole,), _ = evaluate(run, write(tmp_path / "new.csv", new_reviews(20)))
    assert parts["confusion"] == whole["confusion"]
    assert parts["log_loss"] == pytest.approx(whole["log_loss"], abs=1e-5)


def test_a_model_of_three_labels_is_evaluated_on_two(tiny_model, tmp_path):
    words = {"negative": "awful", "neutral": "and", "positive": "lovely"}
    rows = [
        (f"the {word} film number {i} was {word} it {word}", label) for i in range(20) for label, word in words.items()
    ]
    three = train(tmp_path, write(tmp_path / "three.csv", rows), tiny_model)
    tested = [*new_reviews(20), ("this and room and number it and a very and", "positive")]
    (result,), _ = evaluate(three, write(tmp_path / "two.csv", tested))
    assert result["labels"] == ["negative", "neutral", "positive"]
    assert result["set_aside"] == {}
    (neutral,) = [each for each in result["per_class"] if each["label"] == "neutral"]
    assert (neutral["n"], neutral["roc_auc"]) == (0, None)
    assert neutral["predicted"] > 0
    numbered = [(text, {"negative": 0, "positive": 2}[label]) for text, label in tested]
    numbered.append(("a room it was and this", 1))
    (result,), _ = evaluate(three, write(tmp_path / "numbers.csv", numbered))
    assert result["mapping"] == "Labels mapped: 0 -> negative, 1 -> neutral, 2 -> positive"


def test_a_run_that_learned_a_tenth_of_the_test_rows_is_found_out(tiny_model, tmp_path):
    """Some in another case, some with one word changed: found, left out, and the honest figure comes first."""
    tested = new_reviews(100)
    planted = np.random.default_rng(0).permutation(100)[:10]
    training = load_dataset(str(write_reviews(tmp_path / "clean.csv", 60)))[0]
    rows = [(text, training.labels.names[i]) for text, i in zip(training.texts, training.label_ids, strict=True)]
    hidden = disguise([tested[i][0] for i in planted], WORDS, np.random.default_rng(0))
    source = write(
        tmp_path / "leaky.csv", [*rows, *((text, tested[i][1]) for text, i in zip(hidden, planted, strict=True))]
    )
    run = train(tmp_path, source, tiny_model, steps=4)
    (result,), _ = evaluate(run, write(tmp_path / "test.csv", tested))
    assert result["leakage"]["rows"] >= 10
    assert (result["n"], result["with_shared"]["n"]) == (100 - result["leakage"]["rows"], 100)
    assert result["honest"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_planted_sentences_of_all_lengths_are_found(shared_data, tmp_path, tiny_model, seed):
    training, _ = load_dataset(str(shared_data / "sst2_train.parquet"))
    tested, _ = load_dataset(str(shared_data / "sst2_dev.parquet"))
    rng = np.random.default_rng(seed)
    planted = rng.permutation(len(tested))[: len(tested) // 10]
    words = sorted({word for text in training.texts for word in text.split() if word.isalpha()})
    hidden = disguise([tested.texts[i] for i in planted], words, rng)
    leaky = TextDataset(
        [*training.texts, *hidden],
        np.concatenate([training.label_ids, tested.label_ids[planted]]),
        LabelSet(("negative", "positive")),
    )
    rows = zip(leaky.texts, leaky.label_ids, strict=True)
    run = train(tmp_path, write(tmp_path / "leaky.csv", rows), tiny_model, steps=2)
    (result,), _ = evaluate(run, str(shared_data / "sst2_dev.parquet"))
    assert result["leakage"]["rows"] >= 0.95 * len(planted)
    # No more than one or two others, which differ in one word by chance.
    assert result["leakage"]["rows"] <= len(planted) + 3
    assert result["n"] == len(tested) - result["leakage"]["rows"]
