from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest

from afina.recipes.training_texts import training_texts_of
from afina.run_folder import RunFolder


@pytest.fixture
def run(tune):
    return tune(settings={"training.max_steps": 1}).run


def without_fingerprints(run):
    run.fingerprints.unlink()
    manifest = json.loads(run.manifest.read_text())
    del manifest["artifacts"][run.fingerprints.name]
    run.manifest.write_text(json.dumps(manifest))


def test_they_are_those_of_the_source_that_the_run_learned_from(run, reviews_csv):
    found = training_texts_of(run)
    held_out = set(pq.read_table(run.predictions)["text"].to_pylist())
    assert len(found.texts) == run.read_manifest()["data"]["train"]["texts"]
    assert not held_out & set(found.texts.texts)
    assert found.origin == f"the {len(found.texts)} texts of {reviews_csv} that it learned from"
    (near,) = found.nearest([found.texts.normal_forms[3]], n=1)
    assert near[0].text == found.texts.texts[3]


def test_a_run_without_fingerprints_has_all_texts_of_its_source(run, reviews_csv):
    without_fingerprints(run)
    found = training_texts_of(run)
    assert len(found.texts) == 60
    assert found.origin == f"the texts of {reviews_csv}, of which it learned a part"


def test_there_are_none_where_the_source_is_gone(run, reviews_csv):
    reviews_csv.unlink()
    assert training_texts_of(run) is None


def test_there_are_none_where_the_source_holds_other_texts(run, reviews_csv):
    reviews_csv.write_text("text,label\nanother thing altogether,positive\nnothing of the kind,negative\n")
    assert training_texts_of(run) is None


@pytest.mark.parametrize("source", ["hub:owner/name", "postgresql://me:***@host/reviews#texts"])
def test_nothing_is_fetched_from_a_network(run, source):
    manifest = json.loads(run.manifest.read_text())
    manifest["config"]["data"]["source"] = source
    run.manifest.write_text(json.dumps(manifest))
    assert training_texts_of(run) is None


def test_settings_of_a_later_version_are_no_failure(run):
    manifest = json.loads(run.manifest.read_text())
    manifest["config"]["data"]["unheard_of"] = 1
    run.manifest.write_text(json.dumps(manifest))
    assert training_texts_of(run) is None


def test_a_folder_that_is_no_run_has_none(tmp_path):
    assert training_texts_of(RunFolder(tmp_path)) is None
