from __future__ import annotations

import csv
import json
import sqlite3

import pytest
from tests.conftest import write_reviews
from tests.recipes.recorder import Recorder

from afina.config import DataConfig, RunConfig, load_config
from afina.errors import DataError
from afina.recipes.preparation import prepare_data, without_passwords

SECRET = "hunter2"


@pytest.fixture
def reporter():
    return Recorder()


@pytest.fixture
def prepare(tmp_path, reporter):
    """Prepare sources given as lists of texts and labels."""

    def run(**sources):
        paths = {name: str(write_texts(tmp_path / f"{name}.csv", rows)) for name, rows in sources.items()}
        return prepare_data(DataConfig(**paths), seed=0, reporter=reporter)

    return run


def write_texts(path, rows):
    path.write_text("\n".join(["text,label", *(",".join(row) for row in rows)]) + "\n", encoding="utf-8")
    return path


def texts(what, n):
    # Two words differ from set to set, or the texts would be near copies of one another.
    return [(f"{what}{i} of{i} some{i} kind{i} {what}", ("negative", "positive")[i % 2]) for i in range(n)]


def test_parts_that_are_given_are_used_as_they_are(prepare, reporter):
    data = prepare(source=texts("train", 40), dev=texts("dev", 10), test=texts("test", 12))
    assert [part.name for part in (data.train, data.dev, data.test)] == ["source", "dev", "test"]
    assert [len(part) for part in (data.train, data.dev, data.test)] == [40, 10, 12]
    assert all(text.startswith("dev") for text in data.dev.texts)
    assert data.record["dev"]["sha256"] == data.dev.fingerprint()
    assert data.record["dev_source"].endswith("dev.csv")
    assert data.record["leakage"] == {"test_exact": 0, "test_near": 0, "train_removed": 0}
    assert reporter.warned == []
    assert [notes.path.name for notes in data.files] == ["source.csv", "dev.csv", "test.csv"]


def test_a_dev_set_alone_leaves_the_test_set_to_be_split_off(prepare):
    data = prepare(source=texts("train", 100), dev=texts("dev", 10))
    assert [len(part) for part in (data.train, data.dev, data.test)] == [90, 10, 10]
    assert all(text.startswith("train") for text in data.test.texts)
    assert data.record["test_source"] is None


def test_a_test_set_alone_leaves_the_dev_set_to_be_split_off(prepare):
    data = prepare(source=texts("train", 100), test=texts("test", 10))
    assert [len(part) for part in (data.train, data.dev, data.test)] == [90, 10, 10]
    assert all(text.startswith("train") for text in data.dev.texts)


def test_dev_texts_that_stand_in_the_test_set_are_removed_and_told(prepare, reporter):
    test = texts("test", 12)
    data = prepare(source=texts("train", 40), dev=[*texts("dev", 10), *test[:3]], test=test)
    assert len(data.dev) == 10
    assert len(data.test) == 12
    assert reporter.warned == ["Removed 3 dev texts that stand in the test set, exactly or nearly"]


def test_training_texts_that_stand_in_the_dev_set_are_removed_and_told(prepare, reporter):
    train = texts("train", 40)
    data = prepare(source=train, dev=[*texts("dev", 10), *train[:4]], test=texts("test", 12))
    assert (len(data.train), len(data.dev)) == (36, 14)
    assert not set(data.train.texts) & set(data.dev.texts)
    assert reporter.warned == ["Removed 4 training texts that stand in the dev set, exactly or nearly"]


def test_near_copies_count_too(prepare, reporter):
    long = "there was a large room with a wide view of the old town and of the hills behind it"
    data = prepare(
        source=[*texts("train", 40), (f"{long} there", "positive")], dev=[*texts("dev", 10), (long, "positive")],
        test=[*texts("test", 12), (f"{long} too", "positive")],
    )  # fmt: skip
    assert (len(data.train), len(data.dev), len(data.test)) == (40, 10, 13)
    assert data.record["leakage"] == {"test_exact": 0, "test_near": 1, "train_removed": 1}
    assert len(reporter.warned) == 2


def test_no_text_is_in_two_parts_however_the_sources_overlap(prepare):
    everything = texts("any", 90)
    data = prepare(source=everything, dev=everything[40:70], test=everything[60:])
    assert (len(data.train), len(data.dev), len(data.test)) == (40, 20, 30)
    parts = [set(part.texts) for part in (data.train, data.dev, data.test)]
    assert sum(map(len, parts)) == len(set.union(*parts))


def test_a_dev_set_that_is_the_test_set_is_an_error(prepare):
    same = texts("test", 12)
    with pytest.raises(DataError, match="Every dev text stands in the test set, so nothing is left"):
        prepare(source=texts("train", 40), dev=same, test=same)


@pytest.mark.parametrize("part", ["dev", "test"])
def test_training_texts_that_all_stand_elsewhere_are_an_error(prepare, part):
    train = texts("train", 40)
    with pytest.raises(DataError, match=f"Every training text stands in the {part} set") as raised:
        prepare(source=train, **{part: train})
    assert f"--{part}" in raised.value.hint


def test_a_label_that_overlap_removes_from_training_is_named(prepare):
    train = texts("train", 40)
    positive = [row for row in train if row[1] == "positive"]
    with pytest.raises(DataError, match="The label 'positive' of source has 1 text, at least 2 are needed"):
        prepare(source=train, dev=[*texts("dev", 10), *positive[1:]], test=texts("test", 12))


def test_a_dev_set_may_lack_a_label(prepare):
    test = texts("test", 12)
    negative = [row for row in texts("dev", 20) if row[1] == "negative"]
    data = prepare(source=texts("train", 40), dev=[*negative, test[1]], test=test)
    assert data.dev.counts() == {"negative": 10, "positive": 0}


@pytest.mark.parametrize("part", ["dev", "test"])
def test_labels_that_training_lacks_are_named(prepare, part):
    strange = [(text, "sarcastic") for text, _ in texts(part, 10)]
    with pytest.raises(DataError, match="'sarcastic'"):
        prepare(source=texts("train", 40), **{part: strange})


def test_label_ids_mean_the_same_in_every_part(prepare):
    data = prepare(source=texts("train", 40), dev=texts("dev", 11)[1:2] + texts("dev", 1), test=texts("test", 12)[::-1])
    for part in (data.train, data.dev, data.test):
        assert part.labels == data.train.labels
        for text, label_id in zip(part.texts, part.label_ids, strict=True):
            number = int(text.split()[1].removeprefix("of"))
            assert part.labels.names[label_id] == ("negative", "positive")[number % 2]


def test_equal_seeds_give_equal_parts(tmp_path, reporter):
    config = DataConfig(source=str(write_reviews(tmp_path / "source.csv", 60)))
    first, again, other = (prepare_data(config, seed=seed, reporter=reporter).record for seed in (0, 0, 1))
    assert first == again
    assert first["test"]["sha256"] != other["test"]["sha256"]


def test_the_sample_with_a_dev_set_of_ones_own_is_split_like_any_source(tmp_path, reporter):
    dev = write_texts(tmp_path / "dev.csv", texts("dev", 10))
    data = prepare_data(DataConfig(source="sample", dev=str(dev)), seed=0, reporter=reporter)
    assert len(data.dev) == 10
    assert data.test.name.startswith("sample")
    assert not set(data.train.texts) & set(data.test.texts)


def test_passwords_are_left_out_of_settings_that_are_written():
    url = f"postgresql://anna:{SECRET}@localhost/reviews#reviews"
    config, _ = load_config(options={"data.source": url, "data.dev": url, "data.test": url, "out": "here"})
    public = without_passwords(config)
    assert SECRET not in public.model_dump_json()
    assert public.data.source.startswith("postgresql://anna")
    assert public.model_copy(update={"data": config.data}) == config


def test_settings_without_a_database_are_written_as_they_are(tmp_path):
    config = RunConfig(data=DataConfig(source=str(tmp_path / "a b@c:d.csv"), dev="sample:dev"))
    assert without_passwords(config) == config


def test_a_database_out_of_reach_is_told_without_its_password(reporter):
    config = DataConfig(source=f"postgresql://anna:{SECRET}@127.0.0.1:1/reviews#reviews")
    with pytest.raises(DataError) as raised:
        prepare_data(config, seed=0, reporter=reporter)
    assert SECRET not in f"{raised.value} {raised.value.hint}"


def test_a_run_names_the_database_it_was_trained_on(tune, tmp_path, reviews_csv):
    with sqlite3.connect(tmp_path / "reviews.db") as database:
        database.execute("create table reviews (text, label)")
        with reviews_csv.open() as file:
            database.executemany("insert into reviews values (:text, :label)", list(csv.DictReader(file)))
    database.close()
    result = tune(settings={"data.source": f"sqlite:///{tmp_path}/reviews.db#reviews"})
    manifest = json.loads(result.run.manifest.read_text())
    assert manifest["config"]["data"]["source"] == f"sqlite:///{tmp_path}/reviews.db#reviews"
    assert manifest["data"]["train"]["texts"] == 48


def test_what_the_source_was_divided_into_is_known_whole(prepare):
    data = prepare(source=texts("train", 100))
    assert {part: len(dataset) for part, dataset in data.whole.items()} == {"train": 80, "dev": 10, "test": 10}
    data = prepare(source=texts("train", 100), test=texts("test", 12))
    assert set(data.whole) == {"train", "dev"}


def test_the_texts_may_be_divided_by_a_seed_of_their_own(tmp_path, reporter):
    source = str(write_texts(tmp_path / "texts.csv", [*texts("good", 40), *texts("bad", 40)]))
    config = DataConfig(source=source)
    by_three = prepare_data(config, seed=3, reporter=reporter)
    given = prepare_data(config.model_copy(update={"split_seed": 3}), seed=0, reporter=reporter)
    assert given.record == by_three.record
    assert prepare_data(config, seed=0, reporter=reporter).record != by_three.record
