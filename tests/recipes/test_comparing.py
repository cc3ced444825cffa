from __future__ import annotations

import csv
import hashlib
import json
import shutil
from dataclasses import dataclass

import numpy as np
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file, save_file
from tests.conftest import train_tiny
from tests.recipes.recorder import Recorder

from afina import Classifier
from afina.data import load_dataset
from afina.errors import ConfigError, DataError, ModelError, OutputError
from afina.recipes import compare_runs
from afina.recipes.contender import weigh_cost


@pytest.fixture
def runs(trained_run, poor_run):
    """A run that has learned its reviews, and one that has not, and the reviews."""
    return trained_run, poor_run, trained_run.parent / "source.csv"


def turn_round(run):
    """Turn the outputs of a run round, labels and weights alike, so that it answers as before."""
    weights = load_file(run / "model" / "model.safetensors")
    for name in ("classifier.weight", "classifier.bias"):
        weights[name] = np.ascontiguousarray(weights[name][::-1])
    save_file(weights, run / "model" / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((run / "model" / "config.json").read_text())
    config |= {"id2label": {"0": "positive", "1": "negative"}, "label2id": {"positive": 0, "negative": 1}}
    (run / "model" / "config.json").write_text(json.dumps(config))
    manifest = json.loads((run / "run.json").read_text())
    manifest["labels"] = ["positive", "negative"]
    for name in ("model/model.safetensors", "model/config.json"):
        manifest["artifacts"][name] = hashlib.sha256((run / name).read_bytes()).hexdigest()
    (run / "run.json").write_text(json.dumps(manifest))


def test_the_better_run_is_named_with_its_lead(runs, new_csv):
    good, poor, _ = runs
    document = compare_runs(poor, good, [str(new_csv)])
    (result,) = document["results"]
    assert result["better"] == "second"
    assert result["sentence"].startswith(f"{good} is better than {poor} by ")
    assert result["n"] == result["first"]["n"] == result["second"]["n"]
    gain = result["second"]["accuracy"]["value"] - result["first"]["accuracy"]["value"]
    assert result["difference"]["accuracy"]["value"] == pytest.approx(gain)
    mcnemar = result["mcnemar"]
    assert (mcnemar["second_only"] - mcnemar["first_only"]) / result["n"] == pytest.approx(gain)
    assert document["first"]["run"] == str(poor)
    assert document["first"]["size_mb"] > 0
    assert json.dumps(document, allow_nan=False)


def test_every_disagreement_is_listed_and_written(runs, new_csv, tmp_path):
    good, poor, _ = runs
    out = tmp_path / "apart.csv"
    (result,) = compare_runs(poor, good, [str(new_csv)], out=out)["results"]
    texts = load_dataset(str(new_csv))[0].texts
    answers = [Classifier.load(run).predict(texts) for run in (poor, good)]
    apart = {text for text, one, other in zip(texts, *answers, strict=True) if one != other}
    assert {row["text"] for row in result["disagreements"]} == apart
    assert result["n_disagreements"] == len(apart)
    with out.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["text"] for row in rows] == [row["text"] for row in result["disagreements"]]
    assert rows[0]["second_predicted"] == result["disagreements"][0]["second"]["predicted"]
    with pytest.raises(OutputError, match="exists"):
        compare_runs(poor, good, [str(new_csv)], out=out)


def test_texts_that_either_has_learned_from_are_removed_and_told(runs, new_csv):
    good, poor, source = runs
    learned = source.read_text().splitlines()[1:]
    new_csv.write_text(new_csv.read_text() + "\n".join(line.replace("the", "THE") for line in learned) + "\n")
    reporter = Recorder()
    (result,) = compare_runs(good, poor, [str(new_csv)], reporter=reporter)["results"]
    # Six of sixty were held out by both runs, and neither has learned from them.
    assert result["removed"]["rows"] == 54
    assert result["removed"]["first"] == {"checked": True, "rows": 54, "exact": 54}
    assert any("54 of" in warning and "left out" in warning for warning in reporter.warned)


def test_of_their_own_source_only_what_was_held_out_is_compared(runs, tmp_path):
    good, poor, source = runs
    held_out = set(pq.read_table(good / "predictions.parquet")["text"].to_pylist())
    (result,) = compare_runs(good, poor, [str(source)])["results"]
    assert result["n"] == len(held_out)
    learned = tmp_path / "learned.csv"
    lines = [line for line in source.read_text().splitlines() if line.rsplit(",", 1)[0] not in held_out]
    learned.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match=f"has learned from each of the {60 - len(held_out)} texts"):
        compare_runs(good, poor, [str(learned)])


def test_a_smaller_run_of_the_same_speed_costs_less():
    @dataclass
    class Sized:
        name: str
        size_mb: float

    small, large = Sized("small", 20.0), Sized("large", 90.0)
    assert weigh_cost((small, large), (100.0, 95.0))[0] == "first"
    assert weigh_cost((large, small), (100.0, 95.0))[0] == "second"
    assert weigh_cost((small, large), (100.0, 190.0)) == (
        None, "small: 100 texts/s, 20.0 MB; large: 190 texts/s, 90.0 MB: neither costs clearly less",
    )  # fmt: skip
    assert weigh_cost((small, Sized("same", 20.1)), (100.0, 105.0))[0] is None


def test_labels_in_another_order_are_aligned(runs, new_csv, tmp_path):
    good = runs[0]
    turned = shutil.copytree(good, tmp_path / "turned")
    turn_round(turned)
    (result,) = compare_runs(good, turned, [str(new_csv)])["results"]
    assert result["n_disagreements"] == 0
    assert "give the same label to each" in result["sentence"]
    assert result["difference"]["log_loss"]["value"] == pytest.approx(0, abs=1e-6)


def test_runs_with_other_labels_cannot_be_compared(runs, tiny_model, tmp_path):
    lines = [f"the {word} film number {i},{label}" for i in range(12) for word, label in
             (("good", "joy"), ("bad", "anger"), ("sad", "grief"))]  # fmt: skip
    source = tmp_path / "moods.csv"
    source.write_text("text,label\n" + "\n".join(lines) + "\n")
    other = train_tiny(tiny_model, source, tmp_path / "moods", {"training.max_steps": 1}).run.root
    with pytest.raises(ModelError, match=r"other labels: .*negative, positive apart, .*anger, grief, joy"):
        compare_runs(runs[0], other, [str(source)])


def test_bad_input_is_refused_before_anything_is_classified(runs, new_csv, tmp_path):
    good, poor, _ = runs
    with pytest.raises(ConfigError, match="Both runs are"):
        compare_runs(good, good / ".." / good.name, [str(new_csv)])
    with pytest.raises(ModelError, match="No such run"):
        compare_runs(good, tmp_path / "none", [str(new_csv)])
    with pytest.raises(DataError, match="Cannot write"):
        compare_runs(good, poor, [str(new_csv)], out=tmp_path / "rows.pdf")
    one_class = tmp_path / "one.csv"
    one_class.write_text("text,label\na new good thing,positive\nanother lovely one,positive\n")
    with pytest.raises(DataError, match="Only one label"):
        compare_runs(good, poor, [str(new_csv), str(one_class)])
    one_class.write_text("text,label\na new good thing,great\nanother lovely one,odd\n")
    with pytest.raises(DataError, match="does not know"):
        compare_runs(good, poor, [str(one_class)])


def test_a_run_without_fingerprints_is_compared_with_a_warning(runs, new_csv, tmp_path):
    old = shutil.copytree(runs[1], tmp_path / "old")
    (old / "fingerprints.parquet").unlink()
    manifest = json.loads((old / "run.json").read_text())
    manifest["artifacts"].pop("fingerprints.parquet")
    (old / "run.json").write_text(json.dumps(manifest))
    reporter = Recorder()
    (result,) = compare_runs(runs[0], old, [str(new_csv)], reporter=reporter)["results"]
    assert result["removed"]["second"]["checked"] is False
    assert any("older afina" in warning for warning in reporter.warned)
