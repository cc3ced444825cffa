import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from afina.data import load_dataset
from afina.errors import DataError
from afina.labels import LabelSet

TWO = LabelSet(("negative", "positive"))


def table(path, header, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return str(path)


def reviews(path, *labels, column="label"):
    return table(path, ("text", column), [(f"a film with number {i} on it", label) for i, label in enumerate(labels)])


def test_reviews_become_cleaned_texts_with_label_ids(tmp_path):
    rows = [("It&#39;s  good<br /><br />really", "Positive"), (" bad ", "NEG")]
    data, notes = load_dataset(table(tmp_path / "reviews.csv", ("text", "label"), rows))
    assert list(data.texts) == ["It's good\n\nreally", "bad"]
    assert (data.labels.names, data.label_ids.tolist()) == (("negative", "positive"), [1, 0])
    assert data.name == "reviews"
    assert notes.columns == "text from 'text', label from 'label'"
    assert notes.messages == ["Labels mapped: NEG -> negative, Positive -> positive"]


def test_the_notes_count_every_row_once(tmp_path):
    rows = [
        ("good film", 5), ("Good, film!", 5), ("good film", 1), ("bad film", 1), ("so so", 3), ("<br />", 1),
        ("", 5), ("no label", ""), ("fine", 4),
    ]  # fmt: skip
    data, notes = load_dataset(table(tmp_path / "r.csv", ("text", "stars"), rows))
    counted = (notes.rows, notes.blank, notes.unlabelled, notes.set_aside, notes.duplicates, len(data))
    assert counted == (9, 2, 1, 1, 1, 4)
    assert notes.rows == notes.blank + notes.unlabelled + notes.set_aside + notes.duplicates + len(data)
    assert list(data.texts) == ["good film", "good film", "bad film", "fine"]
    assert notes.messages[1:] == [
        "Rows dropped: 2 blank, 1 without a label, 1 duplicates (same words and label)",
        "Rows set aside: 1 that with 3 stars lean neither way",
    ]


def test_title_and_text_are_joined_unless_refused(tmp_path):
    source = table(tmp_path / "r.csv", ("title", "text", "label"), [("Great", "it works", 1), ("Poor", "it broke", 0)])
    assert list(load_dataset(source)[0].texts) == ["Great\nit works", "Poor\nit broke"]
    assert list(load_dataset(source, title_column="none")[0].texts) == ["it works", "it broke"]


def test_options_choose_columns_labels_and_name(tmp_path):
    source = table(tmp_path / "r.csv", ("text", "label", "said", "mood"), [("x", 0, "yes it is", 7), ("y", 1, "no", 8)])
    data, _ = load_dataset(source, text_column="said", label_column="mood", name="mine")
    assert (list(data.texts), data.labels.names, data.name) == (["yes it is", "no"], ("7", "8"), "mine")
    assert load_dataset(source, keep_labels=True)[0].labels.names == ("0", "1")


def test_a_missing_column_is_told_with_the_columns_there_are(tmp_path):
    with pytest.raises(DataError, match="Column not found: 'txt'") as told:
        load_dataset(reviews(tmp_path / "r.csv", 0, 1), text_column="txt")
    assert "columns are text, label" in told.value.hint


@pytest.mark.parametrize("labels", [(0, 1), (-1, 1), ("0.0", "1.0"), (1, 5), ("neg", "pos")])
def test_usual_codes_become_negative_and_positive(tmp_path, labels):
    data, _ = load_dataset(reviews(tmp_path / "r.csv", *labels))
    assert (data.labels, data.label_ids.tolist()) == (TWO, [0, 1])


def test_float_and_whole_labels_in_json_are_the_same(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_text(
        "".join(json.dumps({"text": f"film {i}", "label": label}) + "\n" for i, label in enumerate([0.0, 1, 1.0]))
    )
    data, _ = load_dataset(str(path))
    assert data.label_ids.tolist() == [0, 1, 1]


def test_ratings_out_of_ten_set_the_middle_aside(tmp_path):
    data, notes = load_dataset(reviews(tmp_path / "r.csv", *range(1, 11), column="rating"))
    assert data.counts() == {"negative": 4, "positive": 4}
    assert notes.set_aside == 2
    assert notes.messages[-1] == "Rows set aside: 2 that with 5 or 6 of 10 points lean neither way"


def test_class_names_in_parquet_name_the_labels(tmp_path):
    features = {"mood": {"names": ["joy", "anger"], "_type": "ClassLabel"}}
    columns = pa.table({"text": ["what a day", "go away now"], "mood": [0, 1]})
    columns = columns.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(columns, tmp_path / "r.parquet")
    data, notes = load_dataset(str(tmp_path / "r.parquet"), label_column="mood")
    assert (data.labels.names, data.label_ids.tolist()) == (("anger", "joy"), [1, 0])
    assert notes.messages == ["Labels mapped: 0 -> joy, 1 -> anger"]


def test_a_foreign_test_set_takes_the_ids_of_known_labels_and_sets_neutral_aside(tmp_path):
    data, notes = load_dataset(reviews(tmp_path / "r.csv", 1, 0, -1, 0), labels=TWO)
    assert (data.labels, data.label_ids.tolist()) == (TWO, [1, 0])
    assert notes.set_aside == 2
    assert notes.messages[-1] == "Rows set aside: 2 that are neutral, which this model does not know"


def test_labels_that_the_model_does_not_know_are_refused(tmp_path):
    with pytest.raises(DataError, match="does not know: 'eggs', 'spam'"):
        load_dataset(reviews(tmp_path / "r.csv", "spam", "eggs"), labels=TWO)


def test_a_label_column_of_many_values_is_refused(tmp_path):
    with pytest.raises(DataError, match="60 distinct values"):
        load_dataset(reviews(tmp_path / "r.csv", *(f"user{i}" for i in range(60))))


def test_one_label_is_not_enough_to_learn_from(tmp_path):
    with pytest.raises(DataError, match="at least two labels, found 1: positive"):
        load_dataset(reviews(tmp_path / "r.csv", "positive", "positive"))
    assert len(load_dataset(reviews(tmp_path / "r.csv", "positive", "positive"), labels=TWO)[0]) == 2


def test_a_header_without_rows_is_told(tmp_path):
    with pytest.raises(DataError, match="No rows in"):
        load_dataset(reviews(tmp_path / "r.csv"))


def test_rows_that_are_all_blank_or_set_aside_are_told(tmp_path):
    with pytest.raises(DataError, match="No labelled texts left"):
        load_dataset(reviews(tmp_path / "r.csv", 3, 3, column="stars"))


def test_a_label_column_that_is_empty_is_told(tmp_path):
    with pytest.raises(DataError, match="No labelled texts left"):
        load_dataset(reviews(tmp_path / "r.csv", "", ""))


def test_a_headerless_csv_is_understood_by_content_and_told(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("".join(f"{i % 2},this is a rather long review with number {i}\n" for i in range(12)))
    data, notes = load_dataset(str(path))
    assert data.counts() == {"negative": 6, "positive": 6}
    assert notes.columns == "text from 'column_2', label from 'column_1'"
    assert "no header line" in notes.messages[0]


def test_skipped_rows_and_encodings_are_told_first(tmp_path):
    path = tmp_path / "r.csv"
    body = "".join(f"una película número {i} para el señor,{i % 2}\n" for i in range(20))
    path.write_bytes(f"text,label\n{body}una,dos,tres\n".encode("latin-1"))
    data, notes = load_dataset(str(path))
    assert len(data) == 20
    assert notes.messages[:2] == [
        "r.csv is not UTF-8; it was read as latin_1",
        "1 rows of r.csv could not be understood and were skipped",
    ]


def test_columns_are_found_beyond_the_rows_looked_at_first(tmp_path):
    data, notes = load_dataset(reviews(tmp_path / "r.csv", *(i % 2 for i in range(1200))))
    assert (len(data), notes.rows) == (1200, 1200)


def test_a_folder_per_label_leaves_unlabelled_reviews_out(tmp_path):
    for label, text in (("neg", "bad<br />film"), ("pos", "good film"), ("unsup", "some film")):
        (tmp_path / "train" / label).mkdir(parents=True)
        (tmp_path / "train" / label / "0_1.txt").write_text(text)
    data, notes = load_dataset(str(tmp_path / "train"))
    assert (list(data.texts), data.label_ids.tolist(), data.name) == (["bad\nfilm", "good film"], [0, 1], "train")
    assert notes.messages[-1] == "Rows set aside: 1 that have no label"


def test_fasttext_lines_are_labelled_texts(tmp_path):
    (tmp_path / "r.txt").write_text("__label__spam buy now\n__label__ham see you at noon\n")
    data, _ = load_dataset(str(tmp_path / "r.txt"))
    assert (data.labels.names, data.label_ids.tolist()) == (("ham", "spam"), [1, 0])


def test_a_text_file_without_labels_is_told(tmp_path):
    (tmp_path / "r.txt").write_text("a film\nanother film\n")
    with pytest.raises(DataError, match="No label column found among: text"):
        load_dataset(str(tmp_path / "r.txt"))


def test_the_reasons_for_setting_rows_aside_are_all_told(tmp_path):
    _, notes = load_dataset(reviews(tmp_path / "r.csv", "neg", "pos", "neutral", "unsup"), labels=TWO)
    assert notes.set_aside == 2
    assert "2 that are neutral" not in notes.messages[-1]


@pytest.mark.parametrize(
    ("name", "rows", "kept", "labels"),
    [
        ("sst2_dev", 872, 872, ("negative", "positive")),
        ("cr", 3775, 3763, ("negative", "positive")),
        ("emotion4_val", 374, 374, ("0", "1", "2", "3")),
    ],
)
def test_real_reviews_load(shared_data, name, rows, kept, labels):
    data, notes = load_dataset(str(shared_data / f"{name}.parquet"))
    assert (notes.rows, len(data), data.labels.names) == (rows, kept, labels)


def test_rows_set_aside_are_counted_by_reason_and_neutral_texts_are_kept(tmp_path):
    source = tmp_path / "stars.csv"
    source.write_text("text,stars\n" + "".join(f"a room with number {i},{i % 5 + 1}\n" for i in range(10)))
    _, notes = load_dataset(str(source))
    assert notes.reasons == {"with 3 stars lean neither way": 2}
    assert notes.neutral == ["a room with number 2", "a room with number 7"]
    assert notes.mapping == "Labels mapped: 1 -> negative, 2 -> negative, 4 -> positive, 5 -> positive"


def test_values_are_called_what_the_user_says(tmp_path):
    source = tmp_path / "moods.csv"
    source.write_text("text,label\n" + "".join(f"a room with number {i},{i % 3}\n" for i in range(9)))
    names = {"0": "negative", "1": "positive", "2": "positive"}
    dataset, notes = load_dataset(str(source), label_names=names)
    assert dataset.counts() == {"negative": 3, "positive": 6}
    assert "2 -> positive" in notes.mapping


def test_what_the_group_column_says_is_kept_for_the_texts_that_stay(tmp_path):
    path = tmp_path / "shop.csv"
    path.write_text(
        "text,label,product\nfine words,good,books\nFine words!,good,phones\nbad ones,bad,\nworse,bad,row 4\n"
    )
    dataset, notes = load_dataset(str(path), group_column="product")
    assert notes.domains == ["books", None, "row 4"]
    assert len(dataset.groups) == 3
    assert load_dataset(str(path))[1].domains is None
