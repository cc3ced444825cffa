from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.recipes.recorder import Recorder

from afina.data import load_dataset
from afina.errors import ConfigError, DataError, OutputError
from afina.recipes import split_data
from afina.recipes.splitting import PARTS

FILES = ("dev.parquet", "split.json", "test.parquet", "train.parquet")


def hashes(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def parts(folder):
    return {name: pq.read_table(folder / f"{name}.parquet").to_pylist() for name in ("train", "dev", "test")}


def write_texts(path, rows, columns="text,label"):
    path.write_text("\n".join([columns, *(",".join(map(str, row)) for row in rows)]) + "\n", encoding="utf-8")
    return str(path)


def variants(n, copies):
    """Texts of twenty words, and copies of each that differ in one word."""
    for i in range(n):
        for copy in range(copies):
            words = [f"w{i}x{j}" for j in range(19)]
            yield " ".join([*words, f"copy{copy}"]), ("good", "bad")[i % 2], i


def test_every_text_goes_to_one_part_and_none_is_lost(reviews_csv, tmp_path):
    document = split_data(str(reviews_csv), tmp_path / "out")
    assert tuple(path.name for path in sorted((tmp_path / "out").iterdir())) == FILES
    texts = {name: [row["text"] for row in rows] for name, rows in parts(tmp_path / "out").items()}
    assert {name: len(rows) for name, rows in texts.items()} == {"train": 48, "dev": 6, "test": 6}
    dataset, _ = load_dataset(str(reviews_csv))
    assert sorted(text for rows in texts.values() for text in rows) == sorted(dataset.texts)
    assert document["texts"] == document["rows"] == 60
    assert document["left_out"] == 0


def test_row_numbers_lead_back_to_the_source(reviews_csv, tmp_path):
    split_data(str(reviews_csv), tmp_path / "out")
    lines = reviews_csv.read_text().splitlines()
    for rows in parts(tmp_path / "out").values():
        assert [lines[row["row"]] for row in rows] == [f"{row['text']},{row['label']}" for row in rows]
        assert [row["row"] for row in rows] == sorted(row["row"] for row in rows)


def test_the_manifest_says_what_the_files_hold(reviews_csv, tmp_path):
    document = split_data(str(reviews_csv), tmp_path / "out", seed=3)
    assert json.loads((tmp_path / "out" / "split.json").read_text()) == document
    assert (document["seed"], document["shares"], document["few_shot"]) == (3, [0.8, 0.1, 0.1], None)
    found = hashes(tmp_path / "out")
    rows = parts(tmp_path / "out")
    for name, part in document["parts"].items():
        assert part["sha256"] == found[part["file"]]
        assert part["texts"] == len(rows[name])
        assert part["labels"] == {
            label: sum(row["label"] == label for row in rows[name]) for label in ("negative", "positive")
        }


def test_a_second_call_gives_the_same_bytes_and_another_seed_others(reviews_csv, tmp_path):
    for name, seed in (("one", 0), ("two", 0), ("other", 1)):
        split_data(str(reviews_csv), tmp_path / name, seed=seed)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")
    assert hashes(tmp_path / "one")["test.parquet"] != hashes(tmp_path / "other")["test.parquet"]


@pytest.mark.parametrize(
    "options",
    [
        [],
        pytest.param(["--few-shot", "3"], marks=pytest.mark.slow),
        pytest.param(["--group-column", "author"], marks=pytest.mark.slow),
    ],
)
def test_the_bytes_do_not_hang_on_the_order_of_hashes(tmp_path, options):
    rows = [(text, label, f"author{i % 7}") for text, label, i in variants(40, 2)]
    source = write_texts(tmp_path / "source.csv", rows, "text,label,author")
    found = []
    for seed in ("1", "2"):
        out = tmp_path / f"hashed-{seed}"
        command = [sys.executable, "-m", "afina", "data", "split", source, "--out", str(out), "--json", *options]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed})
        found.append(hashes(out))
    assert found[0] == found[1]


def test_near_duplicates_stay_on_one_side(tmp_path):
    source = write_texts(tmp_path / "source.csv", ((text, label) for text, label, _ in variants(40, 4)))
    document = split_data(source, tmp_path / "out")
    assert document["near_duplicates"] == 120
    families = {name: {row["text"].split()[0] for row in rows} for name, rows in parts(tmp_path / "out").items()}
    assert sum(map(len, families.values())) == len(set.union(*families.values())) == 40
    assert [document["parts"][name]["texts"] for name in ("train", "dev", "test")] == [128, 16, 16]


def test_groups_stay_on_one_side(tmp_path):
    rows = [(f"text{i} by{i} some{i} one{i}", ("good", "bad")[i % 2], f"author{i // 2 % 20}") for i in range(200)]
    source = write_texts(tmp_path / "source.csv", rows, "text,label,author")
    document = split_data(source, tmp_path / "out", group_column="author")
    assert document["group_column"] == "author"
    authors = {name: {row["group"] for row in rows} for name, rows in parts(tmp_path / "out").items()}
    assert sum(map(len, authors.values())) == len(set.union(*authors.values())) == 20


def test_a_group_column_that_is_not_there_is_named(reviews_csv, tmp_path):
    with pytest.raises(DataError, match="Column not found: 'author'"):
        split_data(str(reviews_csv), tmp_path / "out", group_column="author")
    assert not (tmp_path / "out").exists()
    assert list(tmp_path.glob("*.tmp")) == []


def test_labels_keep_their_shares(tmp_path):
    rows = [(f"text{i} of{i} some{i} kind{i}", "rare" if i % 10 == 0 else "common") for i in range(500)]
    document = split_data(write_texts(tmp_path / "source.csv", rows), tmp_path / "out", shares=(0.6, 0.2, 0.2))
    counts = [document["parts"][name]["labels"] for name in ("train", "dev", "test")]
    assert counts == [
        {"common": 270, "rare": 30}, {"common": 90, "rare": 10}, {"common": 90, "rare": 10},
    ]  # fmt: skip


def test_few_shots_are_drawn_by_label_and_the_rest_is_tested_on(reviews_csv, tmp_path):
    document = split_data(str(reviews_csv), tmp_path / "out", few_shot=4)
    labels = [document["parts"][name]["labels"] for name in ("train", "dev", "test")]
    assert labels == [{"negative": n, "positive": n} for n in (4, 4, 22)]
    assert (document["few_shot"], document["shares"], document["left_out"]) == (4, None, 0)


def test_twins_of_few_shots_are_left_out(tmp_path):
    source = write_texts(tmp_path / "source.csv", ((text, label) for text, label, _ in variants(20, 3)))
    document = split_data(source, tmp_path / "out", few_shot=2)
    assert [document["parts"][name]["texts"] for name in ("train", "dev", "test")] == [4, 4, 36]
    assert document["left_out"] == 16
    families = {name: {row["text"].split()[0] for row in rows} for name, rows in parts(tmp_path / "out").items()}
    assert sum(map(len, families.values())) == 20


@pytest.mark.parametrize("few_shot", [0, -3])
def test_no_shots_are_too_few(reviews_csv, tmp_path, few_shot):
    with pytest.raises(ConfigError, match="at least one text"):
        split_data(str(reviews_csv), tmp_path / "out", few_shot=few_shot)


def test_more_shots_than_there_are_texts_is_an_error(reviews_csv, tmp_path):
    with pytest.raises(DataError, match=r"'negative' of reviews has 30 texts, at least 31 are needed"):
        split_data(str(reviews_csv), tmp_path / "out", few_shot=15)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "shares", [(0.8, 0.2), (0.8, 0.1, 0.2), (1.1, -0.05, -0.05), (1, 0, 0), (float("nan"), 0.5, 0.5), (), (80, 10, 10)]
)
def test_shares_that_are_none_are_refused(reviews_csv, tmp_path, shares):
    with pytest.raises(ConfigError, match="must be positive and sum to 1"):
        split_data(str(reviews_csv), tmp_path / "out", shares=shares)
    assert not (tmp_path / "out").exists()


def test_a_label_with_too_few_texts_is_named(tmp_path):
    rows = [*((f"text{i} of{i} some{i} kind{i}", "good") for i in range(20)), ("one bad text", "bad")]
    with pytest.raises(DataError, match="The label 'negative' of source has 1 text, at least 3 are needed"):
        split_data(write_texts(tmp_path / "source.csv", rows), tmp_path / "out")


def test_repeated_rows_are_dropped_and_counted(tmp_path):
    rows = [(f"text{i % 20} of{i % 20} some{i % 20} kind{i % 20}", i % 2) for i in range(30)]
    document = split_data(write_texts(tmp_path / "source.csv", rows), tmp_path / "out")
    assert (document["rows"], document["texts"], document["duplicates_dropped"]) == (30, 20, 10)
    assert sum(part["texts"] for part in document["parts"].values()) == 20


def test_only_a_split_is_replaced(reviews_csv, tmp_path):
    out = tmp_path / "out"
    split_data(str(reviews_csv), out)
    before = hashes(out)
    with pytest.raises(OutputError, match="exists"):
        split_data(str(reviews_csv), out, seed=1)
    assert hashes(out) == before
    split_data(str(reviews_csv), out, seed=1, force=True)
    assert hashes(out) != before
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match=r"holds no split\.json"):
        split_data(str(reviews_csv), mine, force=True)
    assert (mine / "thesis.txt").read_text() == "years of work"
    with pytest.raises(OutputError, match="is a file"):
        split_data(str(reviews_csv), mine / "thesis.txt", force=True)


def test_a_failed_replacement_leaves_the_old_split(reviews_csv, tmp_path):
    out = tmp_path / "out"
    split_data(str(reviews_csv), out)
    before = hashes(out)
    with pytest.raises(DataError):
        split_data(str(reviews_csv), out, few_shot=100, force=True)
    assert hashes(out) == before
    assert [path.name for path in tmp_path.glob("*.tmp")] == []


def test_a_missing_source_is_told_and_nothing_is_written(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        split_data("nowhere.csv", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_labels_kept_as_they_stand_can_be_read_back(tmp_path):
    rows = [(f"text{i} of{i} some{i} kind{i}", i % 5 + 1) for i in range(100)]
    split_data(write_texts(tmp_path / "source.csv", rows, "text,stars"), tmp_path / "out", keep_labels=True)
    dataset, _ = load_dataset(str(tmp_path / "out" / "test.parquet"), keep_labels=True)
    assert list(dataset.labels) == ["1", "2", "3", "4", "5"]
    assert np.bincount(dataset.label_ids).tolist() == [2, 2, 2, 2, 2]


def test_texts_with_line_breaks_quotes_and_emoji_come_through(tmp_path):
    texts = [f'first line{i}\nsecond "line" {i} 🙂 ' + "é" * i for i in range(1, 21)]
    source = tmp_path / "source.jsonl"
    lines = (json.dumps({"text": text, "label": ("good", "bad")[i % 2]}) for i, text in enumerate(texts))
    source.write_text("\n".join(lines), encoding="utf-8")
    split_data(str(source), tmp_path / "out")
    wanted, _ = load_dataset(str(source))
    found = [row["text"] for rows in parts(tmp_path / "out").values() for row in rows]
    assert sorted(found) == sorted(wanted.texts)
    assert len(found) == 20


def test_rejected_rows_are_written_beside(tmp_path):
    source = tmp_path / "source.jsonl"
    lines = [json.dumps({"text": f"text{i} of{i} some{i}", "label": ("good", "bad")[i % 2]}) for i in range(40)]
    source.write_text("\n".join([*lines[:5], "{not json", *lines[5:]]), encoding="utf-8")
    document = split_data(str(source), tmp_path / "out")
    assert document["rejected_rows"] == 1
    (record,) = map(json.loads, (tmp_path / "out" / "rejected.jsonl").read_text().splitlines())
    assert "{not json" in record["content"]


def test_the_parts_keep_the_other_columns_of_the_source(tmp_path):
    lines = [
        json.dumps({"id": i, "review": f"room {i} was {word} on day {i * 7}", "stars": star, "extra": extra})
        for i in range(30)
        for word, star, extra in (("awful", 1, "x"), ("lovely", 5, 2))
    ]
    path = tmp_path / "reviews.jsonl"
    path.write_text("\n".join(lines) + "\n")
    split_data(str(path), tmp_path / "out")
    rows = [row for name in PARTS for row in pq.read_table(tmp_path / "out" / f"{name}.parquet").to_pylist()]
    assert set(rows[0]) == {"text", "label", "row", "id", "extra"}
    given = [json.loads(line) for line in lines]
    for row in rows:
        source = given[row["row"] - 1]
        # Numbers beside words are words; numbers alone stay numbers.
        assert (row["id"], row["extra"]) == (source["id"], str(source["extra"]))


def test_shares_that_groups_do_not_allow_are_told(tmp_path):
    lines = ["text,label,author"]
    lines += [f"room {i} was {'good' if i % 2 else 'bad'} on {i * 7},{i % 2},author {i % 3}" for i in range(90)]
    path = tmp_path / "authors.csv"
    path.write_text("\n".join(lines) + "\n")
    reporter = Recorder()
    split_data(str(path), tmp_path / "out", group_column="author", reporter=reporter)
    assert any("33/33/33" in warning for warning in reporter.warned)
