from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.conftest import NEGATIVE, POSITIVE

from afina.data import load_dataset
from afina.errors import DataError, ModelError, OutputError
from afina.recipes.auditing import audit_labels, write_audited

FLIPPED = tuple(range(4, 100, 9))


def write_flipped(path, n=120, flipped=FLIPPED):
    """Texts whose words tell the label, some of them with the other label; `flipped` counts rows from 0."""
    lines = ["text,label"]
    for i in range(n):
        words = (NEGATIVE, POSITIVE)[i % 2]
        given = ("negative", "positive")[(i + (i in flipped)) % 2]
        text = " ".join(words[(i // 2 * step + step) % 8] for step in (1, 3, 5))
        lines.append(f"the {text} film number {i},{given}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def source(tmp_path):
    return write_flipped(tmp_path / "source.csv")


@pytest.fixture
def audited(source, tiny_model):
    return audit_labels(source, model=str(tiny_model))


def test_flipped_labels_are_found_first(audited):
    ranked = audited.document["ranked"]
    assert {row["row"] - 1 for row in ranked[: len(FLIPPED)]} == set(FLIPPED)
    assert all(row["likely_error"] and row["suggested_label"] != row["label"] for row in ranked[: len(FLIPPED)])
    assert [row["label_quality"] for row in ranked] == sorted(row["label_quality"] for row in ranked)
    assert ranked[0]["label_quality"] < 0.5 < ranked[-1]["label_quality"]
    assert audited.document["likely_errors"] == len(FLIPPED)
    assert audited.document["share"] == pytest.approx(len(FLIPPED) / 120)
    assert audited.document["agreement"] == pytest.approx(1 - len(FLIPPED) / 120)


def test_the_document_is_json_and_says_what_was_audited(audited, source, tiny_model):
    document = json.loads(json.dumps(audited.document, allow_nan=False))
    assert set(document) == {
        "source", "model", "texts", "labels", "likely_errors", "share", "agreement", "ranked", "measured", "seconds",
    }  # fmt: skip
    assert (document["source"], document["model"], document["texts"]) == (source, str(tiny_model), 120)
    assert document["labels"] == {"negative": 59, "positive": 61}
    assert document["measured"] == []


def test_clean_labels_are_left_alone(tmp_path, tiny_model):
    audited = audit_labels(write_flipped(tmp_path / "clean.csv", flipped=()), model=str(tiny_model))
    assert audited.document["likely_errors"] == 0


def test_show_says_how_many_rows_are_ranked(source, tiny_model):
    for show, expected in ((0, 0), (3, 3), (500, 120)):
        assert len(audit_labels(source, model=str(tiny_model), show=show).document["ranked"]) == expected


def test_equal_seeds_give_equal_rankings(source, tiny_model):
    first, again, other = (audit_labels(source, model=str(tiny_model), seed=seed) for seed in (0, 0, 1))
    assert first.document["ranked"] == again.document["ranked"]
    assert not np.array_equal(first.audit.quality, other.audit.quality)


def read(path):
    return pq.read_table(path).to_pylist()


def test_all_rows_are_written_and_none_is_changed(audited, source, tmp_path):
    counts = write_audited(audited, tmp_path / "out.parquet")
    assert counts == {"rows": 120, "removed": 0, "relabelled": 0, "not_audited": 0}
    rows = read(tmp_path / "out.parquet")
    assert list(rows[0]) == ["text", "label", "suggested_label", "label_quality", "likely_error"]
    given, _ = load_dataset(source)
    assert [row["text"] for row in rows] == given.texts
    assert [row["label"] for row in rows] == [given.labels.names[i] for i in given.label_ids]
    assert [i for i, row in enumerate(rows) if row["likely_error"]] == list(FLIPPED)


def test_remove_leaves_out_likely_errors_alone(audited, source, tmp_path):
    assert write_audited(audited, tmp_path / "out.parquet", mend="remove") == {
        "rows": 109, "removed": 11, "relabelled": 0, "not_audited": 0,
    }  # fmt: skip
    given, _ = load_dataset(source)
    kept = [text for i, text in enumerate(given.texts) if i not in FLIPPED]
    rows = read(tmp_path / "out.parquet")
    assert [row["text"] for row in rows] == kept
    assert not any(row["likely_error"] for row in rows)


def test_relabel_gives_the_suggested_label_and_keeps_the_given_one(audited, tmp_path):
    counts = write_audited(audited, tmp_path / "out.parquet", mend="relabel")
    assert counts == {"rows": 120, "removed": 0, "relabelled": 11, "not_audited": 0}
    rows = read(tmp_path / "out.parquet")
    assert [row["label"] for row in rows] == ["negative", "positive"] * 60
    assert [i for i, row in enumerate(rows) if row["label"] != row["given_label"]] == list(FLIPPED)


def test_rows_that_cannot_be_audited_and_other_columns_are_kept(tmp_path, tiny_model):
    lines = ["id,review,stars,date"]
    lines += [f"{i},room number {i} was {word} for us,{star},2024" for i in range(24)
              for word, star in (("awful", 1), ("lovely", 5))]  # fmt: skip
    lines += ["x,it was a room like others,3,2024", "y,,5,2024", "z,no stars given here,,2023"]
    path = tmp_path / "stars.csv"
    path.write_text("\n".join(lines) + "\n")
    audited = audit_labels(str(path), model=str(tiny_model))
    counts = write_audited(audited, tmp_path / "out.csv")
    assert counts == {"rows": 51, "removed": 0, "relabelled": 0, "not_audited": 3}
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:4] == ["id", "review", "stars", "date"]
    assert [row["id"] for row in rows[-3:]] == ["x", "y", "z"]
    assert [row["likely_error"] for row in rows[-3:]] == ["", "", ""]
    write_audited(audited, tmp_path / "relabelled.csv", mend="relabel")
    dataset, _ = load_dataset(str(tmp_path / "relabelled.csv"))
    assert dataset.counts() == {"negative": 24, "positive": 24}


def test_the_source_is_never_replaced(audited, source):
    with pytest.raises(OutputError, match="The output is the source"):
        write_audited(audited, Path(source), force=True)


@pytest.mark.parametrize("mend", ["nothing", "remove", "relabel"])
@pytest.mark.parametrize("name", ["out.csv", "out.tsv.gz", "out.jsonl", "out.parquet"])
def test_what_is_written_can_be_trained_on(audited, tmp_path, name, mend):
    counts = write_audited(audited, tmp_path / name, mend=mend)
    dataset, notes = load_dataset(str(tmp_path / name))
    assert len(dataset) == counts["rows"]
    assert notes.columns == "text from 'text', label from 'label'"
    wrong = sum(
        label_id != int(text.split()[6]) % 2 for text, label_id in zip(dataset.texts, dataset.label_ids, strict=True)
    )
    assert wrong == (len(FLIPPED) if mend == "nothing" else 0)


def test_an_audit_of_the_relabelled_texts_finds_nothing(audited, tmp_path, tiny_model):
    write_audited(audited, tmp_path / "out.csv", mend="relabel")
    assert audit_labels(str(tmp_path / "out.csv"), model=str(tiny_model)).document["likely_errors"] == 0


def test_what_stands_there_is_replaced_only_when_asked(audited, tmp_path):
    out = tmp_path / "out.csv"
    out.write_text("mine")
    with pytest.raises(OutputError, match="exists"):
        write_audited(audited, out)
    assert out.read_text() == "mine"
    write_audited(audited, out, force=True)
    assert out.read_text().startswith("text,label")


def test_a_format_that_cannot_be_written_is_named(audited, tmp_path):
    with pytest.raises(DataError, match=r"out\.xyz"):
        write_audited(audited, tmp_path / "out.xyz")


def test_flips_are_measured_and_found_better_than_by_chance(tmp_path, tiny_model):
    source = write_flipped(tmp_path / "clean.csv", n=200, flipped=())
    document = audit_labels(source, model=str(tiny_model), flips=(0.05, 0.2)).document
    assert [row["flipped"] for row in document["measured"]] == [0.05, 0.2]
    for row in document["measured"]:
        assert set(row["average_precision"]) == {"embeddings", "tfidf", "both"}
        assert row["average_precision"]["both"] > 0.8
        assert row["precision"] > 0.5
        assert row["recall"] > 0.5
    assert document["likely_errors"] == 0


def test_a_share_that_rounds_to_nothing_flips_one_label(tmp_path, tiny_model):
    source = write_flipped(tmp_path / "few.csv", n=10, flipped=())
    (row,) = audit_labels(source, model=str(tiny_model), flips=(0.01,)).document["measured"]
    assert row["flipped"] == pytest.approx(0.1)
    json.dumps(row, allow_nan=False)


def test_repeated_texts_are_kept(tmp_path, tiny_model):
    write_flipped(tmp_path / "once.csv")
    header, *rows = (tmp_path / "once.csv").read_text().splitlines()
    (tmp_path / "twice.csv").write_text("\n".join([header, *rows, *rows[:10]]))
    audited = audit_labels(str(tmp_path / "twice.csv"), model=str(tiny_model))
    assert audited.document["texts"] == 130
    # Both copies of a flipped label are found: neither vouches for the other.
    assert {4, 124} <= set(np.flatnonzero(audited.audit.is_issue).tolist())


def test_three_labels_are_audited(tmp_path, tiny_model):
    words = {"joy": "happy", "anger": "rude", "fear": "stale"}
    rows = [(f"the {words[name]} film number {i} of{i} thing{i}", name) for i in range(60) for name in words]
    rows[7] = (rows[7][0], "fear")
    source = tmp_path / "three.csv"
    source.write_text("\n".join(["text,label", *(",".join(row) for row in rows)]))
    document = audit_labels(str(source), model=str(tiny_model), flips=(0.1,)).document
    assert (document["ranked"][0]["row"], document["ranked"][0]["suggested_label"]) == (8, "anger")
    assert document["measured"][0]["average_precision"]["both"] > 0.8


def test_too_few_texts_of_a_label_are_told(tmp_path, tiny_model):
    source = write_flipped(tmp_path / "few.csv", n=8, flipped=())
    with pytest.raises(DataError, match="The label 'negative' has 4 distinct texts, an audit needs at least 5"):
        audit_labels(source, model=str(tiny_model))


def test_an_unknown_model_is_one_sentence(source):
    with pytest.raises(ModelError):
        audit_labels(source, model="nowhere/to-be-found")


def test_one_label_only_cannot_be_audited(tmp_path, tiny_model):
    source = tmp_path / "one.csv"
    source.write_text("text,label\n" + "".join(f"text{i} of{i} some{i} kind{i},good\n" for i in range(30)))
    with pytest.raises(DataError, match="at least two labels"):
        audit_labels(str(source), model=str(tiny_model))
