import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from afina.data import load_dataset, open_source
from afina.errors import DataError

datasets = pytest.importorskip("datasets")

CONFIG = """- config_name: {0}
  data_files:
  - split: train
    path: {0}/train-*
  - split: test
    path: {0}/test-*
"""
FEATURES = """- config_name: {0}
  features:
  - name: text
    dtype: string
  - name: label
    dtype:
      class_label:
        names:
          '0': neg
          '1': pos
"""


@pytest.fixture
def repository(tmp_path):
    """A data set repository in the Hub's own layout: a card that names configs and features, and parquet files."""
    folder = tmp_path / "reviews"
    for config in ("en", "es"):
        (folder / config).mkdir(parents=True)
        for split, n in (("train", 40), ("test", 6)):
            columns = {
                "text": [f"{config} {split} film number {i}" for i in range(n)],
                "label": [i % 2 for i in range(n - 1)] + [-1],
            }
            pq.write_table(pa.table(columns), folder / config / f"{split}-00000-of-00001.parquet")
    configs = "configs:\n" + "".join(CONFIG.format(config) for config in ("en", "es"))
    features = "dataset_info:\n" + "".join(FEATURES.format(config) for config in ("en", "es"))
    (folder / "README.md").write_text(f"---\n{configs}{features}---\n# Reviews\n")
    return folder


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "plain").mkdir()
    return tmp_path / "plain"


def read(source):
    rows, notes = open_source(str(source))
    return list(rows), notes[0]


def test_the_train_split_of_a_config_is_read_with_its_label_names(repository):
    rows, notes = read(f"hub:{repository}:en")
    assert len(rows) == notes.rows == 40
    assert rows[1] == {"text": "en train film number 1", "label": 1}
    assert notes.class_names == {"label": ["neg", "pos"]}
    assert (notes.path.name, notes.messages) == ("reviews-en", [])


def test_a_split_is_read_by_its_name_from_a_folder_nearby(repository):
    rows, _ = read("hub:./reviews:es@test")
    assert [row["text"] for row in rows] == [f"es test film number {i}" for i in range(6)]


def test_rows_without_a_label_are_left_out_and_told(repository):
    dataset, notes = load_dataset("hub:./reviews:es@train")
    assert dataset.labels.names == ("negative", "positive")
    assert (len(dataset), dataset.name) == (39, "reviews-es-train")
    assert "Rows set aside: 1 that have no label" in notes.messages


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        ("hub:./reviews", "has several configs", "its configs are en, es; write hub:./reviews:en"),
        ("hub:./reviews:fr", "No config 'fr' in ./reviews", "its configs are en, es"),
        ("hub:./reviews:en@dev", "No split 'dev' in ./reviews", "its splits are train, test"),
    ],
)
def test_an_unknown_config_or_split_is_told_with_those_there_are(repository, source, message, hint):
    with pytest.raises(DataError, match=message) as told:
        read(source)
    assert told.value.hint == hint


def test_files_without_a_card_are_read(folder):
    (folder / "train.csv").write_text("text,label\ngood film,1\nbad film,0\n")
    (folder / "test.csv").write_text("text,label\nother film,1\n")
    assert read("hub:./plain")[0] == [{"text": "good film", "label": 1}, {"text": "bad film", "label": 0}]
    assert read("hub:./plain@test")[0] == [{"text": "other film", "label": 1}]


def test_the_only_split_is_read_and_of_several_one_must_be_named(folder):
    (folder / "test.csv").write_text("text,label\nother film,1\n")
    assert len(read("hub:./plain")[0]) == 1
    (folder / "validation.csv").write_text("text,label\nother film,1\n")
    with pytest.raises(DataError, match="has no split 'train'") as told:
        read("hub:./plain")
    assert "validation" in told.value.hint
    assert "test" in told.value.hint


def test_a_folder_with_a_sign_in_its_name_is_found(folder):
    folder.rename(folder.with_name("a@b:c"))
    (folder.with_name("a@b:c") / "train.csv").write_text("text,label\ngood film,1\n")
    assert len(read("hub:./a@b:c")[0]) == 1


def test_nested_columns_are_left_out_and_told(folder):
    (folder / "train.jsonl").write_text('{"text": "a film", "label": "x", "meta": {"a": 1}, "tags": ["b"]}\n')
    rows, notes = read("hub:./plain")
    assert rows == [{"text": "a film", "label": "x"}]
    assert set(notes.left_out) == {"meta", "tags"}


def test_a_data_set_of_pictures_is_refused_without_opening_one(folder):
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog"])})
    table = pa.table({"image": [{"bytes": b"no picture", "path": None}], "label": [1]}, schema=features.arrow_schema)
    pq.write_table(table, folder / "train.parquet")
    with pytest.raises(DataError, match="No text column in plain") as told:
        read("hub:./plain")
    assert told.value.hint == "its columns are label; no plain values are image (Image)"


def test_a_script_is_refused_and_not_run(folder):
    (folder / "plain.py").write_text("raise SystemExit('run')\n")
    with pytest.raises(DataError, match="is a script, which afina does not run"):
        read("hub:./plain")


def test_damaged_files_are_told_in_one_sentence(folder):
    (folder / "train.csv").write_text('text,label\n"never closed,1\n')
    with pytest.raises(DataError, match=r"The data set \./plain cannot be read") as told:
        read("hub:./plain")
    assert "\n" not in str(told.value)


def test_a_folder_without_data_and_a_missing_one_are_told(folder):
    with pytest.raises(DataError, match=r"The data set \./plain cannot be read"):
        read("hub:./plain")
    with pytest.raises(DataError, match=r"No such folder: \./gone"):
        read("hub:./gone")


@pytest.mark.parametrize("source", ["hub:", "hub:a/b/c", "hub:owner/na me", "hub:@train", "hub:owner/name:a:b"])
def test_what_names_no_data_set_is_told(source):
    with pytest.raises(DataError, match="Not a data set of the Hub"):
        read(source)


def test_the_hub_that_is_switched_off_is_told():
    with pytest.raises(DataError, match="switched off by HF_HUB_OFFLINE: stanfordnlp/imdb is not read"):
        read("hub:stanfordnlp/imdb@test")


def test_a_folder_that_has_the_name_of_a_repository_is_not_taken_for_it(folder):
    with pytest.raises(DataError, match="plain is also a folder here") as told:
        read("hub:plain")
    assert "hub:./plain" in told.value.hint


def test_a_hub_that_does_not_answer_is_told_without_another_try():
    # A port where nothing listens refuses at once; with the retries of the library this takes over a minute.
    code = (
        "from afina.data import open_source\n"
        "from afina.errors import DataError\n"
        "try: open_source('hub:owner/name')\n"
        "except DataError as error: print(error)\n"
    )
    environment = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": "huggingface", "PATH": "", "NO_PROXY": "*"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=50, check=True
    )
    assert done.stdout.startswith("The Hub cannot be reached for owner/name: ")
    assert (done.stdout.count("\n"), done.stderr) == (1, "")


def test_settings_of_the_library_are_as_they_were(folder, capfd):
    (folder / "train.csv").write_text("text,label\ngood film,1\n")
    before = datasets.logging.get_verbosity(), datasets.utils.are_progress_bars_disabled()
    read("hub:./plain")
    assert (datasets.logging.get_verbosity(), datasets.utils.are_progress_bars_disabled()) == before
    assert capfd.readouterr() == ("", "")
