from __future__ import annotations

import csv
import json

import pytest
from tests.recipes.recorder import Recorder

from afina.errors import AfinaError, DataError
from afina.recipes.advice import give_advice
from afina.recipes.inspecting import inspect_data

KEYS = {
    "source", "columns", "rows", "texts", "blank", "unlabelled", "sampled", "set_aside", "rejected", "files",
    "messages", "labels", "imbalance", "order", "lengths", "duplicates", "conflicts", "odd", "languages",
    "telling_words", "examples", "leakage", "advice", "seconds",
}  # fmt: skip


@pytest.fixture
def look(tiny_model, tmp_path):
    """Inspect rows, or a path, with the tiny model's tokens; the document is checked to be JSON without NaN."""

    def inspect(source, name="source.csv", **options):
        if isinstance(source, list):
            source = write_rows(tmp_path / name, source)
        document, _ = inspect_data(str(source), **{"model": str(tiny_model), **options})
        assert json.loads(json.dumps(document, allow_nan=False)) == document
        return document

    return inspect


def write_rows(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"][: len(rows[0])])
        writer.writerows(rows)
    return path


def distinct(n, label="good"):
    return [[f"thing{i} works{i} as{i} told{i}", label] for i in range(n)]


def test_the_document_has_all_its_keys(look, reviews_csv):
    document = look(reviews_csv)
    assert set(document) == KEYS
    assert document["columns"] == {"text": "text", "title": None, "label": "label"}
    assert (document["rows"], document["texts"], document["blank"], document["unlabelled"]) == (60, 60, 0, 0)
    assert [(row["label"], row["texts"], row["share"]) for row in document["labels"]] == [
        ("negative", 30, 0.5), ("positive", 30, 0.5),
    ]  # fmt: skip
    assert document["imbalance"] == 1
    assert document["leakage"] is document["sampled"] is None
    assert document["order"] == {"sorted_by_label": False}


def test_words_and_tokens_are_counted(look, reviews_csv, tiny_model):
    lengths = look(reviews_csv)["lengths"]
    assert (lengths["words"]["unit"], lengths["words"]["max"]) == ("words", 8)
    assert lengths["tokens"]["tokenizer"] == str(tiny_model)
    # Two special tokens, and numbers of two digits are two pieces.
    assert lengths["tokens"]["max"] == 11
    assert lengths["tokens"]["share_truncated"] == {"128": 0, "256": 0, "512": 0}


def test_the_share_of_truncated_texts_counts_special_tokens(look):
    rows = [["the " * n, "good" if n % 2 else "bad"] for n in (126, 127, 300, 600)]
    document = look(rows)
    assert document["lengths"]["tokens"]["share_truncated"] == {"128": 0.75, "256": 0.5, "512": 0.25}
    assert any("50% of the texts are longer than 256 tokens" in sentence for sentence in document["advice"])


def test_sst2_dev_holds_all_150_sample_reviews(look, shared_data):
    document = look(shared_data / "sst2_dev.parquet", against=str(shared_data / "sample_reviews.parquet"))
    leakage = document["leakage"]
    assert (leakage["exact"], leakage["near"]) == (139, 11)
    assert leakage["share"] == pytest.approx(150 / 872)
    assert (leakage["exact_against"] + leakage["near_against"], leakage["texts_against"]) == (150, 150)
    assert leakage["share_against"] == 1.0
    assert leakage["contradicting_labels"] == 0
    assert {example["kind"] for example in leakage["examples"]} == {"exact", "near"}
    assert "150 of its 150 texts" in document["advice"][0]


@pytest.mark.slow
def test_imdb_train_repeats_itself_and_is_sorted(look, shared_data):
    document = look(shared_data / "imdb_train.parquet")
    assert document["texts"] == 25_000
    assert document["duplicates"]["exact"] == 98
    assert document["duplicates"]["exact_after_cleaning"] == 99
    assert document["order"]["sorted_by_label"]
    assert any("sorted by label" in sentence for sentence in document["advice"])


def test_examples_of_leaks_can_be_looked_up(look, tmp_path):
    test = [
        ["the lovely film that I saw with my mother in May", "bad"],
        ["nothing of the kind stands over there", "good"],
    ]
    write_rows(tmp_path / "test.csv", test)
    rows = [
        *distinct(5), ["The lovely film, that I saw with my mother in May!", "good"],
        ["the lovely film that I saw with my mother in may there", "bad"],
    ]  # fmt: skip
    leakage = look(rows, against=str(tmp_path / "test.csv"))["leakage"]
    assert (leakage["exact"], leakage["near"], leakage["exact_against"], leakage["near_against"]) == (1, 1, 1, 0)
    assert leakage["contradicting_labels"] == 1
    by_kind = {example["kind"]: example for example in leakage["examples"]}
    assert (by_kind["exact"]["row"], by_kind["exact"]["match_row"], by_kind["exact"]["similarity"]) == (6, 1, 1.0)
    assert (by_kind["exact"]["label"], by_kind["exact"]["match_label"]) == ("positive", "negative")
    assert by_kind["near"]["row"] == 7
    assert 0.8 <= by_kind["near"]["similarity"] < 1


def test_named_columns_are_used_in_the_other_source_where_it_has_them(look, tmp_path):
    for name in ("train", "test"):
        (tmp_path / f"{name}.csv").write_text(
            "text,body,label\n"
            + "".join(f"{name} header number {i} words,the same body {i} here,{i % 2}\n" for i in range(9))
        )
    document = look(tmp_path / "train.csv", against=str(tmp_path / "test.csv"), text_column="body")
    assert document["leakage"]["exact"] == 9
    (tmp_path / "other.csv").write_text("text,label\n" + "".join(f"the same body {i} here,{i % 2}\n" for i in range(9)))
    document = look(tmp_path / "train.csv", against=str(tmp_path / "other.csv"), text_column="body")
    assert document["leakage"]["exact"] == 9


def test_labels_of_the_other_source_that_cannot_be_read_are_left_out(look, tmp_path):
    rows = distinct(60)
    write_rows(tmp_path / "other.csv", [[text, f"remark {i}"] for i, (text, _) in enumerate(rows)])
    told = Recorder()
    document = look(rows, against=str(tmp_path / "other.csv"), reporter=told)
    assert (document["leakage"]["exact"], document["leakage"]["contradicting_labels"]) == (60, 0)
    assert any("60 distinct values" in message for message in told.warned)


def test_a_source_is_compared_with_itself(look, reviews_csv):
    leakage = look(reviews_csv, against=str(reviews_csv))["leakage"]
    assert (leakage["exact"], leakage["share"], leakage["contradicting_labels"]) == (60, 1.0, 0)


def test_an_other_source_of_blank_texts_shares_nothing(look, reviews_csv, tmp_path):
    write_rows(tmp_path / "blank.csv", [["   ", "good"], ["", "bad"]])
    document = look(reviews_csv, against=str(tmp_path / "blank.csv"), text_column="text")
    assert document["leakage"]["texts_against"] == document["leakage"]["exact"] == 0
    assert document["leakage"]["share_against"] == 0


def test_texts_without_labels_are_looked_at_too(look):
    document = look([[f"this one is about thing{i} and thing{i + 50}"] for i in range(30)])
    assert document["columns"]["label"] is None
    assert (document["labels"], document["imbalance"], document["unlabelled"]) == ([], None, 30)
    assert list(document["examples"]) == [""]
    assert len(document["examples"][""]) == 3
    assert "no labels" in document["advice"][0]


def test_one_label_only_is_told(look):
    document = look(distinct(20))
    assert [row["share"] for row in document["labels"]] == [1.0]
    assert document["imbalance"] is None
    assert not document["order"]["sorted_by_label"]
    assert any("one label only" in sentence for sentence in document["advice"])


def test_a_single_row_is_enough(look):
    document = look([["a good film", "good"]])
    assert (document["texts"], document["duplicates"]["clusters"]) == (1, 0)
    assert document["lengths"]["words"]["min"] == document["lengths"]["words"]["max"] == 3


def test_blank_rows_are_counted(look):
    document = look([*distinct(10), ["   ", "good"], ["<br />", "bad"]])
    assert (document["rows"], document["texts"], document["blank"]) == (12, 10, 2)


def test_nothing_but_blank_rows_is_an_error(look):
    with pytest.raises(DataError, match="all 2 rows are blank"):
        look([["  ", "good"], ["", "bad"]], text_column="text")


def test_free_text_in_the_label_column_is_an_error_with_the_count(look):
    with pytest.raises(DataError, match=r"'label' has 80 distinct values"):
        look([[f"text number {i} is here", f"remark {i}"] for i in range(80)])


def test_rows_without_a_label_are_counted(look):
    document = look([*distinct(8), ["a text of no label at all", ""]])
    assert (document["texts"], document["unlabelled"]) == (9, 1)
    assert sum(row["texts"] for row in document["labels"]) == 8


def test_rows_that_lean_neither_way_are_set_aside_and_told(look, tmp_path):
    source = tmp_path / "stars.csv"
    source.write_text("text,stars\n" + "".join(f"thing{i} works{i} as{i} told{i},{i % 5 + 1}\n" for i in range(25)))
    document = look(source)
    assert document["set_aside"] == [{"reason": "with 3 stars lean neither way", "rows": 5}]
    assert [row["texts"] for row in document["labels"]] == [10, 10]
    assert len(look(source, keep_labels=True)["labels"]) == 5


def test_duplicates_and_conflicts_are_told_apart(look):
    long = "the room was large and the view from it was the best of all that we have had in years"
    rows = [
        *distinct(9), ["It works!", "good"], ["it works", "good"], ["it<br />works", "bad"], [long, "good"],
        [long + " there", "good"],
    ]  # fmt: skip
    document = look(rows)
    duplicates = document["duplicates"]
    assert (duplicates["exact"], duplicates["near"], duplicates["clusters"]) == (1, 1, 2)
    assert duplicates["exact_after_cleaning"] == 2
    assert duplicates["largest"][0]["size"] == 3
    assert (document["conflicts"]["groups"], document["conflicts"]["rows"]) == (1, 3)


def test_a_sample_of_many_rows_says_so(look):
    document = look(
        [[f"thing{i} works{i} as{i} told{i}", "good" if i % 4 else "bad"] for i in range(400)], max_rows=100
    )
    assert document["sampled"] == {"kept": 100, "of": 400}
    assert (document["rows"], document["texts"]) == (400, 100)
    assert document["imbalance"] == pytest.approx(3, abs=0.2)


@pytest.mark.slow
def test_equal_seeds_give_equal_documents_and_others_do_not(look, reviews_csv):
    first, again, other = (look(reviews_csv, seed=seed) for seed in (1, 1, 2))
    assert {**first, "seconds": 0} == {**again, "seconds": 0}
    assert first["examples"] != other["examples"]


def test_other_languages_are_shown(look):
    english = "this is a plain English sentence about the weather and number"
    spanish = "el servicio fue muy malo y la comida estaba fría, no volveremos nunca"
    document = look([*[[f"{english} {i}", "good"] for i in range(18)], [spanish, "bad"], [spanish + " más", "bad"]])
    assert [row["language"] for row in document["languages"]["found"]] == ["en", "es"]
    assert {row["language"] for row in document["languages"]["others"]} == {"es"}
    assert any("Languages are mixed" in sentence for sentence in document["advice"])


def test_a_missing_tokenizer_stops_only_where_it_was_asked_for(look, reviews_csv, monkeypatch):
    with pytest.raises(AfinaError):
        look(reviews_csv, model="nowhere/to-be-found")

    def gone(*_):
        raise DataError("The tokenizer is not here")

    monkeypatch.setattr("afina.modeling.tokenizer.load_tokenizer", gone)
    told = Recorder()
    document = look(reviews_csv, model="minilm", reporter=told)
    assert document["lengths"]["tokens"] is None
    assert told.warned == ["Tokens are not counted: The tokenizer is not here"]


def test_good_data_gets_good_advice(look, reviews_csv):
    rows = [[f"thing{i} works{i} as{i} told{i}", "good" if i % 2 else "bad"] for i in range(240)]
    assert look(rows)["advice"] == ["Nothing was found that stands in the way of training"]


def test_strong_imbalance_is_told_with_the_share(look):
    document = look([[f"thing{i} works{i} as{i} told{i}", "good" if i % 4 else "bad"] for i in range(480)])
    assert document["imbalance"] == 3
    assert any("is right 75% of the time" in sentence for sentence in document["advice"])


def test_advice_counts_one_as_one(look):
    document = look([*distinct(3), *distinct(1), ["only this one", "bad"], ["a <b>bold</b> one", "good"]])
    advice = " ".join(give_advice(document))
    assert "'negative' has 1 text:" in advice
    assert "Repeated texts: 1 row;" in advice
    assert "HTML tags: 1 text;" in advice
    assert "1 texts" not in advice
