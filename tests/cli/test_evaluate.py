"""`afina evaluate` as a user types it."""

from __future__ import annotations

import csv
import json
import re
import shutil

import pytest
from tests.conftest import NEGATIVE, POSITIVE, write_reviews

from afina.config import load_config
from afina.data import Fingerprints
from afina.recipes import fine_tune


@pytest.fixture(scope="module")
def trained_run(tiny_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    options = {
        "data.source": str(write_reviews(folder / "known.csv", 60)), "modeling.name": str(tiny_model),
        "training.max_steps": 60, "training.learning_rate": 1e-2, "training.precision": "fp32",
        "tokenization.batch_tokens": 128, "out": str(folder / "run"),
    }  # fmt: skip
    return fine_tune(load_config(options=options)[0]).run.root


@pytest.fixture
def run(trained_run, tmp_path):
    return shutil.copytree(trained_run, tmp_path / "run")


def write(path, rows, header=("text", "label")):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def reviews(n, labels=("negative", "positive")):
    words = (NEGATIVE, POSITIVE)
    return [
        (f"this {words[i % 2][i % 8]} film number {i + 500} was very {words[i % 2][i // 2 % 8]}", labels[i % 2])
        for i in range(n)
    ]


def test_new_texts_give_a_table_with_intervals_and_what_lies_behind_it(afina_command, run, tmp_path):
    code, out, err = afina_command("evaluate", run, write(tmp_path / "new.csv", reviews(60, labels=(0, 1))))
    assert code == 0, err
    assert re.search(r"new +60 +\d\.\d{3} \(\d\.\d{3}–\d\.\d{3}\)", out), out
    for expected in (
        "None of these texts stands in the run's training data",
        "Labels mapped: 0 -> negative, 1 -> positive",
        "Calibration: mean confidence",
        "called negative",
        "ROC AUC",
    ):
        assert expected in out
    assert "warning" not in err


def test_many_sets_are_one_table(afina_command, run, tmp_path):
    sets = [write(tmp_path / f"set{i}.csv", reviews(10 + i)) for i in range(4)]
    code, out, _ = afina_command("evaluate", run, *sets)
    assert code == 0
    table, rest = out.split("\n\nset0\n")
    assert all(re.search(rf"set{i} +{10 + i} ", table) for i in range(4))
    assert "called negative" not in rest
    code, out, _ = afina_command("evaluate", run, *sets, "--json")
    assert [(each["dataset"], each["n"]) for each in json.loads(out)["results"]] == [
        (f"set{i}", 10 + i) for i in range(4)
    ]


def test_the_honest_figure_comes_before_the_other(afina_command, run, tmp_path, trained_run):
    known = [(row["text"].upper(), row["label"]) for row in read(trained_run.parent / "known.csv")]
    code, out, err = afina_command("evaluate", run, write(tmp_path / "mixed.csv", [*reviews(40), *known[:10]]))
    assert code == 0
    lines = [line for line in out.splitlines() if re.search(r"\d\.\d{3} \(", line)]
    assert lines[0].split()[:2] == ["mixed", "40"]
    assert lines[1].split()[:7] == ["with", "texts", "of", "its", "training", "data", "50"]
    assert (
        "10 of the 50 texts of mixed stand in the source that the run was trained on (10 exactly, 0 nearly)"
        in " ".join(out.split())
    )
    assert "warning: 10 of the 50 texts of mixed" in err


def test_a_set_of_training_texts_only_is_called_what_it_is(afina_command, run, tmp_path, trained_run):
    known = read(trained_run.parent / "known.csv")
    prints = Fingerprints.read(run / "fingerprints.parquet")
    rows = {int(row) for role, row in zip(prints.roles, prints.row_numbers, strict=True) if role == "train"}
    learned = [(row["text"], row["label"]) for i, row in enumerate(known, start=1) if i in rows]
    assert len(learned) == 48
    code, out, err = afina_command("evaluate", run, write(tmp_path / "learned.csv", learned))
    assert code == 0
    assert "All 48 texts of learned stand in" in out
    assert "there is no honest figure" in err
    code, out, _ = afina_command("evaluate", run, trained_run.parent / "known.csv")
    assert "the figures are of the 6 that it held out" in out
    assert "48 it learned from, 6 it chose its weights by, 6 it held out for its own test" in out


def test_neutral_rows_are_set_aside_and_shown(afina_command, run, tmp_path):
    neutral = [(f"this room and number {i} it was", "neutral") for i in range(6)]
    code, out, _ = afina_command("evaluate", run, write(tmp_path / "three.csv", [*reviews(20), *neutral]))
    assert code == 0
    assert "Not in these figures: 6 rows that are neutral, which this model does not know" in out
    assert "the model calls them" in out


def test_what_labels_mean_can_be_said(afina_command, run, tmp_path):
    rows = [*reviews(20, labels=(0, 2)), *((f"this room and number {i} it was", 1) for i in range(6))]
    source = write(tmp_path / "tweets.csv", rows)
    code, _, err = afina_command("evaluate", run, source)
    assert code == 2
    assert "--label-names" in err
    names = "0=negative,1=neutral,2=positive"
    code, out, err = afina_command("evaluate", run, source, "--label-names", names, "--json")
    assert code == 0, err
    (result,) = json.loads(out)["results"]
    assert (result["n"], result["neutral"]["n"]) == (20, 6)


def test_accuracy_is_given_by_domain(afina_command, run, tmp_path):
    rows = [(text, label, ("books", "phones")[i // 2 % 2]) for i, (text, label) in enumerate(reviews(80))]
    source = write(tmp_path / "shop.csv", rows, header=("text", "label", "product"))
    code, out, _ = afina_command("evaluate", run, source, "--domain-column", "product", "--json")
    assert code == 0
    (result,) = json.loads(out)["results"]
    assert [each["value"] for each in result["slices"] if each["slice"] == "domain"] == ["books", "phones"]


def _bad_sources(folder):
    emotions = [(f"so glad today {i}", ("joy", "anger", "optimism", "sadness")[i % 4]) for i in range(20)]
    (folder / "binary.csv").write_bytes(bytes(range(256)) * 40)
    (folder / "empty.csv").write_text("")
    return {
        "unknown labels": (write(folder / "emotions.csv", emotions), "'anger', 'joy', 'optimism', 'sadness'"),
        "one label": (write(folder / "one.csv", [(text, "positive") for text, _ in reviews(9)]), "Only one label"),
        "one number": (write(folder / "ones.csv", [(text, 1) for text, _ in reviews(9)]), "The only label is '1'"),
        "three numbers": (write(folder / "n.csv", [(f"text {i}", i % 3) for i in range(9)]), "does not know: '0'"),
        "three labels": (write(folder / "l.csv", [(f"text {i}", "abc"[i % 3]) for i in range(9)]), "'a', 'b', 'c'"),
        "empty": (folder / "empty.csv", "is empty"),
        "header only": (write(folder / "header.csv", []), "No rows"),
        "blank": (write(folder / "blank.csv", [("  ", "positive"), ("", "negative")]), "No labelled texts left"),
        "not text": (folder / "binary.csv", "not text"),
        "missing": (folder / "nowhere.csv", "No such file"),
    }


BAD_SOURCES = (
    "unknown labels", "one label", "one number", "three numbers", "three labels", "empty", "header only", "blank",
    "not text", "missing",
)  # fmt: skip


@pytest.mark.parametrize("case", BAD_SOURCES)
def test_a_bad_set_is_one_sentence(afina_command, run, tmp_path, case):
    source, expected = _bad_sources(tmp_path)[case]
    code, out, err = afina_command("evaluate", run, source)
    assert (code, out) == (2, "")
    assert expected in err
    assert err.count("error:") == 1
    assert "Traceback" not in err
    assert not (run / "evaluations").exists()


@pytest.mark.parametrize("name", ["model/model.safetensors", "model/tokenizer.json", "fingerprints.parquet"])
@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_a_damaged_run_is_one_sentence(afina_command, run, tmp_path, name, damage):
    if damage == "missing":
        (run / name).unlink()
    else:
        with (run / name).open("ab") as file:
            file.write(b"!")
    code, out, err = afina_command("evaluate", run, write(tmp_path / "new.csv", reviews(20)))
    assert (code, out) == (2, "")
    assert name in err
    assert err.count("error:") == 1


@pytest.mark.parametrize("folder", ["nowhere", "."])
def test_what_is_no_run_is_one_sentence(afina_command, tmp_path, folder):
    code, out, err = afina_command("evaluate", folder, write(tmp_path / "new.csv", reviews(20)))
    assert (code, out) == (2, "")
    assert "error: N" in err


@pytest.mark.parametrize("names", ["", "0", "0=", "=negative", "0=negative,0=positive", "0=negative,,1=positive"])
def test_names_that_say_nothing_are_one_sentence(afina_command, run, tmp_path, names):
    code, _, err = afina_command("evaluate", run, write(tmp_path / "new.csv", reviews(20)), "--label-names", names)
    assert code == 2
    assert "--label-names takes each value once" in err
