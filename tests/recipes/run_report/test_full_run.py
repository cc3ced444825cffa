"""The run that the report is tested on, written by hand, has the form of a real one."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest
from tests.conftest import NEGATIVE, POSITIVE, tiny_options, write_reviews
from tests.full_run import write_full_run
from tests.key_differences import differences, merged

from afina.config import load_config
from afina.recipes import check_run, evaluate_run, fine_tune_seeds
from afina.run_folder import RunFolder

# Keys that come from the data, the settings or the machine.
FREE = {
    "run.artifacts", "run.libraries", "run.machine", "run.origins", "run.data.augment.kinds", "run.data.set_aside",
    "evaluations.set_aside", "evaluations.leakage.by_role",
}  # fmt: skip


@pytest.fixture(scope="module")
def real(tiny_model, tmp_path_factory):
    """A run with all that a run can hold."""
    folder = tmp_path_factory.mktemp("real")
    source = write_reviews(folder / "source.csv", 60)
    settings = {"training.max_steps": 4, "data.augment": "negation", "evaluation.bootstrap_samples": 100}
    config, origins = load_config(options=tiny_options(tiny_model, source, folder / "run", settings))
    run = fine_tune_seeds(config, n_seeds=2, origins=origins).run.root
    new = [f"this {word} room was not a film,{label}" for label, words in
           (("negative", NEGATIVE), ("positive", POSITIVE)) for word in words]  # fmt: skip
    lines = [*source.read_text().splitlines()[:11], *new, "this room and it was,neutral"]
    (folder / "mixed.csv").write_text("\n".join(lines) + "\n")
    evaluate_run(run, [str(folder / "mixed.csv")], samples=100)
    check_run(run, n_cases=20)
    return RunFolder(run)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return RunFolder(write_full_run(tmp_path_factory.mktemp("made") / "runs" / "books"))


@pytest.mark.parametrize("name", ["manifest", "metrics", "mistakes", "behaviour"])
def test_documents_have_the_keys_of_real_ones(made, real, name):
    path = getattr(made, name)
    documents = [json.loads(getattr(run, name).read_text()) for run in (made, real)]
    assert list(differences(*documents, path.stem, free=FREE)) == []


def test_evaluations_have_the_keys_of_real_ones(made, real):
    (found,) = (json.loads(path.read_text()) for path in real.evaluations.glob("*.json"))
    assert found["leakage"]["rows"]
    assert found["neutral"]
    for path in made.evaluations.glob("*.json"):
        assert list(differences(json.loads(path.read_text()), found, "evaluations", free=FREE)) == []


def test_history_and_predictions_have_the_columns_of_real_ones(made, real):
    steps = [merged(map(json.loads, run.history.read_text().splitlines())) for run in (made, real)]
    assert list(differences(*steps, "history")) == []
    assert pq.read_schema(made.predictions).names == pq.read_schema(real.predictions).names
