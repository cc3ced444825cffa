import os

import pytest

from afina.data import is_sample, open_source, public_name, source_name
from afina.data.sources import label_folders
from afina.errors import DataError


def folder_of(root, **texts):
    for label, contents in texts.items():
        (root / label).mkdir(parents=True)
        for i, content in enumerate(contents):
            data = content if isinstance(content, bytes) else content.encode("utf-8")
            (root / label / f"{i}.txt").write_bytes(data)
    return root


def read(source):
    rows, notes = open_source(str(source))
    return list(rows), notes


def test_a_folder_per_label_gives_its_texts_with_the_folder_names(tmp_path):
    root = folder_of(tmp_path / "reviews", pos=["good", "fine\nindeed"], neg=["bad"])
    (root / ".cache").mkdir()
    (root / "README.txt").write_text("not a review")
    (root / "pos" / "notes.md").write_text("not a review")
    rows, notes = read(root)
    assert rows == [
        {"text": "bad", "label": "neg"},
        {"text": "good", "label": "pos"},
        {"text": "fine\nindeed", "label": "pos"},
    ]
    assert notes[0].rows == 3
    assert notes[0].messages == []


def test_latin_1_texts_in_folders_are_read_and_told(tmp_path):
    rows, notes = read(folder_of(tmp_path / "reviews", pos=["café".encode("latin-1")], neg=["\ufeffmalo"]))
    assert [row["text"] for row in rows] == ["malo", "café"]
    assert notes[0].messages == ["reviews is not UTF-8; it was read as latin_1"]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_folders_know_the_encodings_that_files_know(tmp_path, encoding):
    text = "it’s a “good” film, don’t miss it — a café scene, and it’s over before you know it"
    rows, _ = read(folder_of(tmp_path / "reviews", pos=[text.encode(encoding)], neg=["bad"]))
    assert rows[1]["text"] == text


BINARY = b"PK\x03\x04\x00\x00\xff\xfe\x00\x01" * 20


def test_more_than_a_fifth_of_binary_files_in_folders_is_refused(tmp_path):
    root = folder_of(tmp_path / "reviews", pos=[BINARY], neg=["bad"] * 3)
    with pytest.raises(DataError, match=r"1 of 4 rows .*pos/0\.txt.* not text but a zip archive"):
        read(root)


def test_a_few_files_in_folders_that_are_no_text_are_skipped_and_kept_aside(tmp_path, monkeypatch):
    monkeypatch.setattr(label_folders, "MAX_LINE_CHARS", 1 << 20)
    root = folder_of(tmp_path / "reviews", pos=["good"] * 9, neg=["bad"] * 9 + [BINARY, "long " * (1 << 18)])
    os.mkfifo(root / "pos" / "pipe.txt")
    (root / "pos" / "loop.txt").symlink_to(root / "pos" / "loop.txt")
    rows, notes = read(root)
    assert len(rows) == notes[0].rows == 18
    assert notes[0].skipped == 4
    assert [(row.place, row.reason) for row in notes[0].rejected[1:]] == [
        ("neg/9.txt", f"The file {root}/neg/9.txt is not text but a zip archive or an Excel file"),
        ("pos/loop.txt", "no regular file"),
        ("pos/pipe.txt", "no regular file"),
    ]
    assert (notes[0].rejected[0].place, notes[0].rejected[0].reason) == ("neg/10.txt", "more than 1 MB")


def test_a_folder_without_texts_is_refused_and_explained(tmp_path):
    (tmp_path / "empty" / "pos").mkdir(parents=True)
    with pytest.raises(DataError, match=r"no sub-folders with \.txt files") as told:
        open_source(str(tmp_path / "empty"))
    assert "each label is a sub-folder" in told.value.hint


def test_the_folder_one_too_high_is_refused_and_the_right_one_named(tmp_path):
    folder_of(tmp_path / "data" / "train", pos=["good"], neg=["bad"])
    with pytest.raises(DataError) as told:
        open_source(str(tmp_path / "data"))
    assert told.value.hint == f"try {tmp_path / 'data' / 'train'}"


def test_the_root_of_aclimdb_is_refused_and_a_split_named(tmp_path):
    for split in ("train", "test"):
        root = folder_of(tmp_path / "aclImdb" / split, pos=["good"], neg=["bad"])
        (root / "urls_pos.txt").write_text("http://www.imdb.com/title/tt0453418/usercomments\n")
    with pytest.raises(DataError) as told:
        open_source(str(tmp_path / "aclImdb"))
    assert str(tmp_path / "aclImdb") in (told.value.hint or "")


def test_a_missing_source_is_told(tmp_path):
    with pytest.raises(DataError, match=r"No such file or folder: nowhere\.csv"):
        open_source("nowhere.csv")
    with pytest.raises(DataError) as told:
        open_source("smaple")
    assert "'sample'" in told.value.hint


def test_a_home_folder_sign_is_understood(tmp_path):
    (tmp_path / "home" / "mine.csv").write_text("text,label\ngood,1\n")
    assert read("~/mine.csv")[0] == [{"text": "good", "label": "1"}]


def test_an_unknown_split_of_the_sample_is_told():
    with pytest.raises(DataError, match="no split 'validation'") as told:
        open_source("sample:validation")
    assert "train, dev, test" in told.value.hint
    assert "sample:es" in told.value.hint


def test_the_spanish_reviews_are_no_part_of_the_sample():
    spanish, _ = read("sample:es")
    assert len(spanish) == 120
    assert not {row["text"] for row in spanish} & {row["text"] for row in read("sample")[0]}


@pytest.mark.parametrize(
    ("source", "expected"),
    [("sample", True), ("sample:test", True), ("sample.csv", False), ("./sample", False), ("samples", False)],
)
def test_the_sample_is_known_by_its_name(source, expected):
    assert is_sample(source) is expected


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("a/b/reviews.csv.gz", "reviews"),
        ("data/", "data"),
        ("sample:dev", "sample-dev"),
        (".hidden.csv", ".hidden.csv"),
        ("reviews/*.csv", "reviews"),
        ("data/**/part-?.csv", "data"),
        ("*.csv", "files"),
        ("a/x.csv,b/y.csv, z.csv", "x-and-2-more"),
        ("book.xlsx#A sheet", "book-A-sheet"),
        ("hub:owner/name", "name"),
        ("hub:owner/name:config@split", "name-config-split"),
        ("hub:./folder@test", "folder-test"),
        ("sqlite:///a/reviews.db", "reviews"),
        ("sqlite:///a/reviews.db#stars of 2020", "stars-of-2020"),
        ("postgresql://me:secret@host/shop#SELECT text FROM reviews", "shop"),
    ],
)
def test_sources_have_short_names(source, name):
    assert source_name(source) == name


def test_the_current_folder_has_its_own_name(tmp_path):
    assert source_name(".") == tmp_path.name


@pytest.mark.parametrize("source", ["a.csv", "sample:es", "hub:owner/name@x", "me:you@home.csv", "sqlite:///a.db#t"])
def test_a_source_without_a_password_is_public_as_it_stands(source):
    assert public_name(source) == source


@pytest.mark.parametrize("source", ["x" * 300, "a film, and a good one, " * 20, "a\0b", "~nobody-here/x.csv", ","])
def test_what_cannot_be_a_path_is_told_in_one_sentence(source):
    with pytest.raises(DataError, match="No such file or folder") as told:
        open_source(source)
    assert len(str(told.value)) < 300
