import json
import os
import shutil
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from afina.data import open_source
from afina.errors import DataError

HEADER = "text,label\n"


def read(source):
    rows, notes = open_source(str(source))
    return list(rows), notes


def texts(source):
    return [row["text"] for row in read(source)[0]]


@pytest.fixture
def reviews(tmp_path):
    folder = tmp_path / "reviews"
    (folder / "deep").mkdir(parents=True)
    for name in ("b.csv", "a.csv", "deep/c.csv"):
        (folder / name).write_text(f"{HEADER}film {name[-5]},1\n")
    return folder


# Globs, lists and folders


def test_a_glob_reads_its_files_in_order_each_with_its_notes(reviews):
    rows, notes = read(f"{reviews}/*.csv")
    assert [row["text"] for row in rows] == ["film a", "film b"]
    assert [(file.path.name, file.rows) for file in notes] == [("a.csv", 1), ("b.csv", 1)]


def test_two_stars_read_folders_below(reviews):
    assert texts(f"{reviews}/**/*.csv") == ["film a", "film b", "film c"]


def test_a_glob_without_files_is_told(reviews):
    with pytest.raises(DataError, match=r"No file matches: .*\*\.tsv"):
        read(f"{reviews}/*.tsv")
    with pytest.raises(DataError, match="No file matches"):
        read(f"{reviews}/dee[p]")


def test_a_list_is_read_in_its_own_order(reviews):
    assert texts(f"{reviews}/b.csv, {reviews}/deep/*.csv,{reviews}/a.csv") == ["film b", "film c", "film a"]


def test_a_file_named_twice_is_read_once(reviews):
    assert texts(f"{reviews}/b.csv,{reviews}/*.csv,{reviews}/../reviews/a.csv") == ["film b", "film a"]


def test_the_missing_file_of_a_list_is_told(reviews):
    with pytest.raises(DataError, match=r"No such file or folder: gone\.csv$"):
        read(f"{reviews}/b.csv,gone.csv")


@pytest.mark.parametrize("name", ["a,b.csv", "[ab].csv", "a*.csv"])
def test_a_file_that_exists_wins_over_what_its_name_could_mean(tmp_path, name):
    (tmp_path / name).write_text(HEADER + "odd name,1\n")
    (tmp_path / "a.csv").write_text(HEADER + "other,1\n")
    assert texts(tmp_path / name) == ["odd name"]


def test_a_folder_of_data_files_is_read(reviews):
    (reviews / "_SUCCESS").touch()
    (reviews / ".c.csv").write_text("hidden")
    (reviews / "notes.txt").write_text("a note")
    (reviews / "picture.png").write_bytes(b"x")
    assert texts(reviews) == ["film a", "film b"]


def test_a_folder_named_like_a_file_is_read_as_a_folder(reviews):
    assert texts(reviews.rename(reviews.with_name("x.csv"))) == ["film a", "film b"]


def test_a_folder_of_texts_is_read(tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("one film\n")
    assert read(tmp_path / "texts")[0] == [{"text": "one film"}]


def test_a_folder_with_labels_is_read_by_label_though_files_lie_beside(reviews):
    (reviews / "pos").mkdir()
    (reviews / "pos" / "1.txt").write_text("good")
    assert read(reviews)[0] == [{"text": "good", "label": "pos"}]


@pytest.mark.parametrize("name", ["empty", "x.csv"])
def test_a_folder_without_data_is_refused(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(DataError, match=f"The folder .*{name} has no data files"):
        read(tmp_path / name)


def test_a_folder_downloaded_from_the_hub_is_refused_with_the_way_to_read_it(tmp_path):
    (tmp_path / "repo" / "data").mkdir(parents=True)
    (tmp_path / "repo" / "README.md").touch()
    (tmp_path / "repo" / "data" / "train.parquet").touch()
    with pytest.raises(DataError) as told:
        read("repo")
    assert told.value.hint.endswith("write hub:./repo")


# Columns of several files


@pytest.mark.parametrize("other", ["review,stars\ngood,1\n", "text,label,id\ngood,1,2\n", "text\ngood\n"])
def test_a_file_with_other_columns_is_refused_and_both_are_named(reviews, other):
    (reviews / "c.csv").write_text(other)
    with pytest.raises(DataError, match=r"Columns differ: .*c\.csv has .*; .*a\.csv has label, text"):
        read(reviews)


def test_the_order_of_columns_does_not_matter_nor_does_the_format(reviews):
    (reviews / "c.csv").write_text("label,text\n1,film c\n")
    (reviews / "d.jsonl").write_text(json.dumps({"text": "film d", "label": 1}))
    assert texts(reviews) == ["film a", "film b", "film c", "film d"]


def test_rows_of_json_may_leave_out_a_column(reviews):
    first = {"text": "film 0", "label": 1, "note": "n"}
    (reviews / "0.jsonl").write_text(json.dumps(first))
    (reviews / "1.jsonl").write_text('{"text": "film 1", "label": 1}')
    assert texts(reviews) == ["film 0", "film 1", "film a", "film b"]


def test_a_file_with_a_header_alone_agrees_with_all(reviews):
    (reviews / "0.csv").write_text("other,columns\n")
    assert texts(reviews) == ["film a", "film b"]


def test_label_ids_that_mean_different_names_are_refused(tmp_path):
    for name, labels in (("a", ["neg", "pos"]), ("b", ["pos", "neg"])):
        metadata = {"huggingface": json.dumps({"info": {"features": {"label": {"names": labels}}}})}
        table = pa.table({"text": ["film"], "label": [1]}).replace_schema_metadata(metadata)
        pq.write_table(table, tmp_path / f"{name}.parquet")
    with pytest.raises(DataError, match=r"Labels of 'label' differ: .*b\.parquet has pos, neg"):
        read(f"{tmp_path}/*.parquet")


# Files that cannot be read


@pytest.mark.parametrize("target", ["loop.csv", "gone.csv"])
def test_a_link_that_leads_nowhere_is_told(tmp_path, target):
    (tmp_path / "loop.csv").symlink_to(tmp_path / target)
    with pytest.raises(DataError, match=r"The link .*loop\.csv leads nowhere"):
        read(tmp_path / "loop.csv")


def test_a_pipe_among_files_is_refused_at_once(reviews):
    os.mkfifo(reviews / "c.csv")
    with pytest.raises(DataError, match=r"Not a regular file: .*c\.csv"):
        read(f"{reviews}/*.csv")


@pytest.fixture
def closed_to_me():
    """A readable folder with a file, and a user other than root, whom nothing would stop."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    (folder / "x.csv").write_text(HEADER + "a film,1\n")
    me = os.geteuid()
    if me == 0:
        os.seteuid(65534)
    yield folder
    os.seteuid(me)
    folder.chmod(0o755)
    shutil.rmtree(folder)


def close(path):
    me = os.geteuid()
    if me == 65534:
        os.seteuid(0)
    path.chmod(0o000)
    os.seteuid(me)


@pytest.mark.parametrize("name", ["x.csv", "."])
def test_a_file_without_permission_is_told(closed_to_me, name):
    close(closed_to_me / name)
    with pytest.raises(DataError, match="cannot be read: Permission denied"):
        read(closed_to_me / "x.csv")


def test_a_folder_without_permission_is_told(closed_to_me):
    close(closed_to_me)
    with pytest.raises(DataError, match="cannot be read: Permission denied"):
        read(closed_to_me)
