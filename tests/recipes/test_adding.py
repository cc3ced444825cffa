from __future__ import annotations

import json

import numpy as np
import pytest
from tests.conftest import train_tiny
from tests.recipes.recorder import Recorder

from afina.config import DataConfig, load_config
from afina.data.quality import find_overlap
from afina.errors import DataError
from afina.recipes.preparation import prepare_data, without_passwords


@pytest.fixture
def reporter():
    return Recorder()


def texts(what, n, label=None):
    # Two words differ from set to set, or the texts would be near copies of one another.
    return [(f"{what}{i} of{i} some{i} kind{i} {what}", label or ("negative", "positive")[i % 2]) for i in range(n)]


def write_csv(path, rows, header="text,label"):
    path.write_text("\n".join([header, *(",".join(row) for row in rows)]) + "\n", encoding="utf-8")
    return str(path)


def write_feedback(path, rows):
    """Rows as `GET /v1/feedback/export` gives them."""
    with path.open("w", encoding="utf-8") as file:
        for text, label in rows:
            row = {"text": text, "label": label, "predicted": "negative", "score": 0.7, "model": "m", "revision": "r",
                   "created": "2026-01-02T03:04:05Z", "reviewed": "2026-01-03T03:04:05Z"}  # fmt: skip
            file.write(json.dumps(row) + "\n")
    return str(path)


@pytest.fixture
def prepare(tmp_path, reporter):
    """Prepare forty texts to train on, with texts added; each set is given or split off."""

    def run(add, source=None, *, seed=0, **config):
        paths = {name: write_csv(tmp_path / f"{name}.csv", rows) for name, rows in config.items() if name != "augment"}
        settings = DataConfig(
            source=write_csv(tmp_path / "source.csv", source or texts("train", 40)),
            add=write_feedback(tmp_path / "feedback.jsonl", add),
            augment=config.get("augment", ()),
            **paths,
        )
        return prepare_data(settings, seed=seed, reporter=reporter)

    return run


def test_added_texts_are_trained_on_and_stand_in_no_other_part(prepare, reporter):
    before = prepare(texts("train", 1), dev=texts("dev", 10), test=texts("test", 10))
    data = prepare(texts("mine", 6, "positive"), dev=texts("dev", 10), test=texts("test", 10))
    assert len(data.train) == 46
    assert [data.train.texts[i] for i in data.added] == [text for text, _ in texts("mine", 6)]
    assert data.train.row_numbers[data.added.start :].tolist() == [0] * 6
    assert (data.dev.fingerprint(), data.test.fingerprint()) == (before.dev.fingerprint(), before.test.fingerprint())
    assert data.record["train"]["texts"] == 46
    assert data.record["add"]["source"].endswith("feedback.jsonl")
    added = {name: data.record["add"][name] for name in ("given", "texts", "labels", "in_dev", "in_test", "repeated")}
    assert added == {
        "given": 6, "texts": 6, "labels": {"negative": 0, "positive": 6}, "in_dev": 0, "in_test": 0, "repeated": 0,
    }  # fmt: skip
    assert "Added to the training texts: 6 of feedback" in reporter.told


@pytest.mark.parametrize("given", [("dev", "test"), ()])
def test_what_stands_in_dev_and_test_is_not_added_and_told(given, prepare, reporter):
    source = texts("train", 100)
    parts = {part: texts(part, 10) for part in given}
    clean = prepare(texts("mine", 2), source, **parts)
    leaks = [*zip(clean.dev.texts[:3], ["positive"] * 3, strict=True)]
    leaks += [(text + " indeed", "positive") for text in clean.test.texts[:2]]  # nearly the same
    data = prepare([*texts("mine", 2), *leaks], source, **parts)
    assert (data.record["add"]["texts"], data.record["add"]["in_dev"], data.record["add"]["in_test"]) == (2, 3, 2)
    assert (data.dev.fingerprint(), data.test.fingerprint()) == (clean.dev.fingerprint(), clean.test.fingerprint())
    for part in (data.dev, data.test):
        assert not find_overlap(data.train.normal_forms, part.normal_forms)
    assert reporter.warned == [
        f"Not added since they stand in the {part} set, exactly or nearly: {n} of feedback"
        for part, n in (("dev", 3), ("test", 2))
    ]


def test_repeats_are_left_out_and_corrections_replace_what_they_correct(prepare, reporter):
    source = texts("train", 40)
    parts = {"dev": texts("dev", 10), "test": texts("test", 10)}
    wrong = [(source[0][0], "positive")]
    data = prepare([*source[1:4], *wrong, *texts("mine", 1)], source, **parts)
    assert len(data.train) == 41
    assert (data.record["add"]["repeated"], data.record["add"]["replaced"]) == (3, 1)
    labels = [data.train.labels.names[id] for id, text in zip(data.train.label_ids, data.train.texts, strict=True)
              if text == source[0][0]]  # fmt: skip
    assert labels == ["positive"]
    assert "Training texts that feedback gives another label, which stands: 1" in reporter.told
    assert "Not added since they are training texts already: 3 of feedback" in reporter.told


def test_columns_of_the_source_need_not_be_those_of_what_is_added(tmp_path, reporter):
    source = write_csv(tmp_path / "source.csv", texts("train", 60), header="opinion,verdict")
    config = DataConfig(
        source=source, text_column="opinion", label_column="verdict",
        add=write_feedback(tmp_path / "feedback.jsonl", texts("mine", 4)),
    )  # fmt: skip
    assert prepare_data(config, seed=0, reporter=reporter).record["add"]["texts"] == 4
    more = write_csv(tmp_path / "more.csv", texts("mine", 4), header="opinion,verdict")
    data = prepare_data(config.model_copy(update={"add": more}), seed=0, reporter=reporter)
    assert data.record["add"]["texts"] == 4


def test_a_label_that_the_source_lacks_is_refused(prepare):
    with pytest.raises(DataError, match="anger"):
        prepare(texts("mine", 4, "anger"))


def test_added_texts_are_used_however_short_the_time_is(prepare):
    data = prepare(texts("mine", 6), texts("train", 100), augment="typos")
    mine = {text for text, _ in texts("mine", 6)}
    for size in (20, 40, len(data.train), 1000):
        part = data.take_training(size, seed=3)
        assert len(part) == min(size, len(data.train))
        assert mine < set(part.texts)
    assert len(data.take_training(4, seed=3)) == 4
    again, other = (data.take_training(20, seed=seed).fingerprint() for seed in (3, 4))
    assert data.take_training(20, seed=3).fingerprint() == again != other


def test_passwords_of_what_is_added_are_left_out():
    config, _ = load_config(options={"data.add": "postgresql://me:secret@host/db#t"})
    assert "secret" not in str(without_passwords(config).data.add)


def test_a_run_learns_from_added_texts_and_records_them(tiny_model, tmp_path):
    source = write_csv(tmp_path / "source.csv", texts("good", 60))
    extra = [(f"stale number {i} brilliant kind{i} thing{i}", "positive") for i in range(12)]
    settings = {"data.add": write_feedback(tmp_path / "feedback.jsonl", extra), "training.max_steps": 80}
    tuned = train_tiny(tiny_model, source, tmp_path / "run", settings)
    manifest = tuned.run.read_manifest()
    assert manifest["data"]["add"]["texts"] == 12
    assert manifest["config"]["data"]["add"].endswith("feedback.jsonl")
    probabilities = tuned.classifier.predict_proba(["stale number brilliant thing"])
    assert np.argmax(probabilities[0]) == 1
