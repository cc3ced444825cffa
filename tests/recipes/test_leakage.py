import numpy as np
import pytest

from afina.data import Fingerprints, TextDataset
from afina.errors import ModelError
from afina.labels import LabelSet
from afina.recipes.leakage import Leakage, fingerprint, read_fingerprints
from afina.recipes.preparation import PreparedData
from afina.run_folder import RunFolder

LABELS = LabelSet(("negative", "positive"))


def dataset(*texts, ids=None, rows=None):
    ids = np.zeros(len(texts), np.int64) if ids is None else np.array(ids)
    return TextDataset(texts, ids, LABELS, "reviews", row_numbers=rows)


TRAIN = dataset("A fine film, it was!", "the room was very cold", ids=[1, 0], rows=np.array([4, 6]))
DEV = dataset("nothing here is any good", ids=[0])
PRINTS = Fingerprints.of({"train": TRAIN, "dev": DEV})


def test_shared_texts_are_counted_by_kind_and_role_and_shown_with_their_row():
    tested = dataset(
        "new", "a fine film it was", "the room was very warm", "NOTHING here is any good", ids=[1, 0, 0, 0]
    )
    leakage = Leakage.look(tested, PRINTS)
    assert leakage.new_rows.tolist() == [0]
    told = leakage.as_dict()
    assert (told["checked"], told["exact"], told["near"], told["rows"], told["share"]) == (True, 2, 1, 3, 0.75)
    assert told["by_role"] == {"dev": 1, "train": 2}
    assert told["other_label"] == 1
    near, first, second = told["examples"]
    assert (near["kind"], near["text"], near["training_row"], near["training_text"]) == (
        "near", "the room was very warm", 6, None,
    )  # fmt: skip
    assert (first["training_label"], first["label"], first["role"]) == ("positive", "negative", "train")
    assert (second["role"], second["training_row"]) == ("dev", None)
    assert "3 of the 4 texts" in leakage.sentence
    assert "stand in the run's training data (2 exactly, 1 nearly)" in leakage.sentence
    assert "the other 1" in leakage.sentence


def test_nothing_shared_needs_no_word():
    leakage = Leakage.look(dataset("all new", "and this one too"), PRINTS)
    assert leakage.sentence is None
    assert leakage.new_rows.tolist() == [0, 1]
    assert leakage.as_dict()["examples"] == []


def test_all_shared_leaves_no_honest_figure():
    leakage = Leakage.look(dataset("a fine film it was"), PRINTS)
    assert not len(leakage.new_rows)
    assert (leakage.scored, leakage.scored_rows.tolist()) == ("all", [0])
    assert "no honest figure" in leakage.sentence


def test_texts_held_out_by_the_run_are_scored_only_where_none_is_new():
    held = dataset("kept apart for the last look", "and this one was kept as well")
    prints = Fingerprints.of({"train": TRAIN, "test": held})
    both = Leakage.look(dataset("a fine film it was", "Kept apart, for the last look"), prints)
    assert (both.scored, both.scored_rows.tolist()) == ("held_out", [1])
    assert both.sentence == (
        "All 2 texts of reviews stand in the source that the run was trained on (2 exactly, 0 nearly); the figures are "
        "of the 1 that it held out for its own test"
    )
    mixed = Leakage.look(dataset("a fine film it was", "Kept apart, for the last look", "new"), prints)
    assert (mixed.scored, mixed.scored_rows.tolist()) == ("new", [2])
    assert mixed.as_dict()["by_role"] == {"test": 1, "train": 1}


def test_all_that_the_training_source_held_is_kept_each_text_once():
    train = dataset("one text of four", "two here is another", "three is not used at all", ids=[0, 1, 1])
    dev, test = dataset("four chose the weights"), dataset("five was held out", "two here is another")
    data = PreparedData(train.select(np.array([0])), dev, test, {}, [], {"train": train, "dev": dev, "test": test})
    prints = fingerprint(data, train.select(np.array([0, 1])))
    assert prints.roles == ["train", "train", "dev", "unused", "test"]
    assert fingerprint(PreparedData(train, dev, test, {}, []), train).roles == ["train"] * 3 + ["dev"]


def test_without_fingerprints_nothing_is_known(tmp_path):
    leakage = Leakage.look(dataset("a fine film it was"), read_fingerprints(RunFolder(tmp_path)))
    assert "Not known whether" in leakage.sentence
    assert leakage.new_rows.tolist() == [0]
    told = leakage.as_dict()
    assert (told["checked"], told["rows"], told["examples"]) == (False, 0, [])


def test_damaged_fingerprints_are_a_sentence(tmp_path):
    run = RunFolder(tmp_path)
    run.fingerprints.write_bytes(b"no parquet")
    with pytest.raises(ModelError, match="cannot be read"):
        read_fingerprints(run)


def test_what_is_like_a_learned_text_was_learned_though_a_held_out_one_is_nearer():
    learned = "one two three four five six seven eight nine ten eleven"
    held_out = "one two three four five six seven eight nine ten twelve thirteen"
    prints = Fingerprints.of({"train": dataset(learned), "test": dataset(held_out)})
    leakage = Leakage.look(dataset("one two three four five six seven eight nine ten twelve"), prints)
    assert leakage.rows_with(["train"]).tolist() == [0]
    assert leakage.scored == "all", "there is nothing that it has not learned"
    # A text that the run held out, and learned all but one word of, was as good as learned.
    exact = Leakage.look(
        dataset(f"{learned} twelve"), Fingerprints.of({"train": dataset(learned), "test": dataset(f"{learned} twelve")})
    )
    assert exact.rows_with(["train"]).tolist() == [0]
    assert (exact.overlap.exact.tolist(), exact.overlap.near.tolist()) == ([], [0])


def test_texts_it_had_no_time_for_are_not_remembered():
    prints = Fingerprints.of({"train": dataset("something else altogether it is"), "unused": TRAIN})
    leakage = Leakage.look(TRAIN, prints)
    assert leakage.scored == "all"
    assert "no time to learn" in leakage.sentence
    assert "remembers" not in leakage.sentence
