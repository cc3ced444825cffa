"""`afina data split` as a user types it, and training on what it writes."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest
from tests.cli.documents import only_document


def test_split_prints_its_parts_and_how_to_train_on_them(afina_command, reviews_csv, tmp_path):
    out_folder = tmp_path / "my split"
    code, out, err = afina_command("data", "split", reviews_csv, "--out", out_folder)
    assert code == 0, err
    for expected in ("train.parquet", "dev.parquet", "test.parquet", "48", f"afina train '{out_folder}/train.parquet'"):
        assert expected in out
    assert "--keep-labels" not in out


def test_split_says_that_kept_labels_are_to_be_kept_in_training(afina_command, tmp_path):
    source = tmp_path / "stars.csv"
    source.write_text("text,stars\n" + "".join(f"text{i} of{i} some{i} kind{i},{i % 5 + 1}\n" for i in range(60)))
    code, out, err = afina_command("data", "split", source, "--out", tmp_path / "out", "--keep-labels")
    assert code == 0, err
    assert out.rstrip().endswith("test.parquet --keep-labels")


def test_split_prints_its_manifest_as_json(afina_command, reviews_csv, tmp_path):
    code, out, _ = afina_command(
        "data", "split", reviews_csv, "--out", tmp_path / "out", "--shares", "0.6/0.2/0.2", "--json"
    )
    assert code == 0
    document = only_document(out)
    assert document == json.loads((tmp_path / "out" / "split.json").read_text())
    assert [document["parts"][name]["texts"] for name in ("train", "dev", "test")] == [36, 12, 12]


@pytest.mark.parametrize("shares", ["80/10/10", "80,10,10", "0.8/0.1/0.1", " 80 / 10 / 10 "])
def test_split_understands_shares_in_several_ways(afina_command, reviews_csv, tmp_path, shares):
    code, out, err = afina_command(
        "data", "split", reviews_csv, "--out", tmp_path / "out", "--shares", shares, "--json"
    )
    assert code == 0, err
    assert only_document(out)["shares"] == pytest.approx([0.8, 0.1, 0.1])


@pytest.mark.parametrize(
    "shares", ["80/20", "80/10/20", "8/1/1", "100/0/0", "nan/50/50", "120/-10/-10", "most/some/few", "", "inf/1/1"]
)
def test_split_refuses_shares_that_are_none(afina_command, reviews_csv, tmp_path, shares):
    code, out, err = afina_command("data", "split", reviews_csv, "--out", tmp_path / "out", "--shares", shares)
    assert (code, out) == (2, "")
    assert f"--shares {shares}".strip() in err
    assert "hint: for example 80/10/10" in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--few-shot", "3", "--shares", "80/10/10"], "--shares or --few-shot, not both"),
        (["--few-shot", "0"], "at least one text of each label: 0"),
        (["--few-shot", "100"], "at least 201 are needed"),
        (["--group-column", "author"], "Column not found: 'author'"),
        (["--seed", "-1"], "Invalid value"),
        (["--text-column", "txt"], "Column not found: 'txt'"),
    ],
)
def test_split_refuses_bad_options_in_one_sentence(afina_command, reviews_csv, tmp_path, options, expected):
    code, out, err = afina_command("data", "split", reviews_csv, "--out", tmp_path / "out", *options)
    assert (code, out) == (2, "")
    assert expected in err
    assert "Traceback" not in err
    assert not (tmp_path / "out").exists()


def test_split_replaces_a_split_and_nothing_else(afina_command, reviews_csv, tmp_path):
    out = tmp_path / "out"
    assert afina_command("data", "split", reviews_csv, "--out", out)[0] == 0
    code, _, err = afina_command("data", "split", reviews_csv, "--out", out)
    assert code == 2
    assert "exists" in err
    assert afina_command("data", "split", reviews_csv, "--out", out, "--force")[0] == 0
    code, _, err = afina_command("data", "split", reviews_csv, "--out", tmp_path, "--force")
    assert code == 2
    assert "split.json" in err
    assert reviews_csv.exists()


def test_train_runs_on_a_split(afina_command, tiny_model, tmp_path):
    out, source = tmp_path / "out", tmp_path / "reviews.csv"
    # Texts that differ in one word may be divided by a split, and are told apart by training: here all differ in two.
    rows = [f"good{i} film{i} it was lovely,{('negative', 'positive')[i % 2]}" for i in range(60)]
    source.write_text("\n".join(["text,label", *rows]))
    assert afina_command("data", "split", source, "--out", out)[0] == 0
    parts = {name: out / f"{name}.parquet" for name in ("train", "dev", "test")}
    code, printed, err = afina_command(
        "train", parts["train"], "--dev", parts["dev"], "--test", parts["test"], "--model", tiny_model,
        "--max-steps", "2", "--out", tmp_path / "run", "--json",
    )  # fmt: skip
    assert code == 0, err
    assert "warning: Removed" not in err
    assert only_document(printed)["test"]["n"] == 6
    data = json.loads((tmp_path / "run" / "run.json").read_text())["data"]
    assert [data[name]["texts"] for name in ("train", "dev", "test")] == [48, 6, 6]
    assert data["dev_source"] == str(parts["dev"])
    tested = pq.read_table(tmp_path / "run" / "predictions.parquet").column("text").to_pylist()
    assert tested == pq.read_table(parts["test"]).column("text").to_pylist()


def test_train_tells_of_a_dev_set_that_shares_texts(afina_command, reviews_csv, tiny_model, tmp_path):
    lines = reviews_csv.read_text().splitlines()
    dev = tmp_path / "dev.csv"
    dev.write_text("\n".join([lines[0], *lines[1:5], "a new room that was very sad,negative"]))
    code, _, err = afina_command(
        "train", reviews_csv, "--dev", dev, "--model", tiny_model, "--max-steps", "1", "--out", tmp_path / "run"
    )
    assert code == 0, err
    assert "that stand in the" in err


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("text,label\n" + "a text,sarcastic\nother text,ironic\n", "'ironic', 'sarcastic'"),
        ("text,label\n", "No rows"),
    ],
)
def test_train_refuses_a_bad_dev_set(afina_command, reviews_csv, tiny_model, tmp_path, content, expected):
    dev = tmp_path / "dev.csv"
    dev.write_text(content)
    code, out, err = afina_command("train", reviews_csv, "--dev", dev, "--model", tiny_model, "--out", tmp_path / "run")
    assert (code, out) == (2, "")
    assert expected in err
    assert not (tmp_path / "run").exists()


def test_train_refuses_a_dev_set_that_is_the_test_set(afina_command, reviews_csv, tiny_model, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("text,label\n" + "a very new film,positive\na very old room,negative\n")
    code, _, err = afina_command("train", reviews_csv, "--dev", other, "--test", other, "--model", tiny_model)
    assert code == 2
    assert "Every dev text stands in the test set" in err
