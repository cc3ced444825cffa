"""What clients may know of a run."""

from __future__ import annotations

import json

from afina.run_folder import RunFolder
from afina.serving.computing.served import describe_run


def test_a_run_is_described_from_its_records(trained_run):
    described = describe_run(RunFolder(trained_run))
    metrics = json.loads((trained_run / "metrics.json").read_text())["test"]
    assert described["test"]["accuracy"] == metrics["accuracy"]
    assert described["test"]["n"] == metrics["n"]
    assert described["method"] == "full"
    assert described["created"]
    assert described["sha256"]["model/model.safetensors"]
    assert described["export"] is None


def test_no_folder_of_this_machine_is_told(trained_run):
    described = describe_run(RunFolder(trained_run))
    assert described["training_data"] == "source.csv"
    assert str(trained_run.parents[1]) not in json.dumps(described)
    assert "/" not in json.dumps({**described, "sha256": None})


def test_a_hub_name_keeps_its_owner(tmp_path):
    config = {"modeling": {"name": "google/bert_uncased"}, "data": {"source": ["C:\\Users\\me\\a.csv", "./b.csv"]}}
    (tmp_path / "run.json").write_text(json.dumps({"labels": ["a", "b"], "config": config}))
    described = describe_run(RunFolder(tmp_path))
    assert described["base_model"] == "google/bert_uncased"
    assert described["training_data"] == ["a.csv", "b.csv"]
    assert described["test"] is None
