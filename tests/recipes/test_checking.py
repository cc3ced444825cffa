from __future__ import annotations

import json

import pytest
from tests.recipes.recorder import Recorder
from tests.untrained_run import write_untrained_run

from afina.errors import ConfigError, DataError, ModelError
from afina.labels import LabelSet
from afina.recipes.checking import check_run


@pytest.fixture(scope="module")
def run(tiny_model, tmp_path_factory):
    return write_untrained_run(tmp_path_factory.mktemp("run"), tiny_model, augment=["negation"])


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "mine.csv"
    lines = [f'"the film {i} was good, and Anna didn\'t leave London",{i % 3}' for i in range(30)]
    path.write_text("text,label\n" + "\n".join(lines), encoding="utf-8")
    return str(path)


def test_the_document_is_written_into_the_run(run):
    document = check_run(run.root, n_cases=20, capabilities=["negation", "typos"])
    assert json.loads(run.behaviour.read_text(encoding="utf-8")) == json.loads(json.dumps(document, allow_nan=False))
    assert not list(run.root.glob("*.tmp"))
    assert set(document) == {
        "run", "labels", "language", "seed", "cases", "on", "taught", "tests", "capabilities", "overall", "published",
        "published_source", "skipped", "seconds", "limit",
    }  # fmt: skip
    assert [each["capability"] for each in document["capabilities"]] == ["negation", "typos"]


def test_counts_of_tests_capabilities_and_all_agree(run):
    document = check_run(run.root, n_cases=20)
    tests = document["tests"]
    assert len(tests) == document["overall"]["tests"] >= 40
    for each in [*tests, *document["capabilities"], document["overall"]]:
        rate = each["failure_rate"]
        assert rate["value"] == pytest.approx(each["failed"] / each["n"])
        assert 0 <= rate["low"] <= rate["value"] <= rate["high"] <= 1
    for each in document["capabilities"]:
        own = [test for test in tests if test["capability"] == each["capability"]]
        assert (each["n"], each["failed"]) == (sum(t["n"] for t in own), sum(t["failed"] for t in own))
    assert sum(test["failed"] for test in tests) == document["overall"]["failed"]
    compared = [test for test in tests if test["published"] is not None]
    assert document["published"] == {
        "compared": len(compared), "below": sum(t["failure_rate"]["value"] < t["published"] for t in compared)
    }  # fmt: skip
    assert all("CheckList" in test["published_source"] for test in compared)


def test_examples_are_failures_with_their_scores(run):
    for test in check_run(run.root, n_cases=20)["tests"]:
        assert len(test["examples"]) == min(2, test["failed"])
        for example in test["examples"]:
            assert set(example) == {"text", "other", "expected", "predicted", "scores", "scores_before"}
            assert (example["other"] is None) == (test["kind"] == "MFT")
            assert max(example["scores"], key=example["scores"].get) == example["predicted"]


def test_taught_capabilities_are_marked(run, tiny_model, tmp_path):
    document = check_run(run.root, n_cases=20, capabilities=["negation", "names"])
    assert {test["capability"] for test in document["tests"] if test["taught"]} == {"negation"}
    assert [each["taught"] for each in document["capabilities"]] == [True, False]
    assert document["taught"] == ["negation"]
    plain = check_run(write_untrained_run(tmp_path / "run", tiny_model).root, n_cases=20, capabilities=["negation"])
    assert not any(test["taught"] for test in plain["tests"])


def test_equal_seeds_give_equal_documents(run):
    first, again, other = (
        check_run(run.root, n_cases=20, capabilities=["negation"], seed=seed) for seed in (0, 0, 1)
    )  # fmt: skip
    assert first["tests"] == again["tests"]
    assert first["tests"] != other["tests"]


def test_what_is_skipped_is_told(run):
    recorder = Recorder()
    document = check_run(run.root, n_cases=20, capabilities=["negation"], reporter=recorder)
    assert [each["name"] for each in document["skipped"]] == ["Negated facts"]
    assert any("does not know neutral: Negated facts" in message for message in recorder.told)


def test_own_texts_are_tested_with_or_without_known_labels(run, texts):
    document = check_run(run.root, n_cases=20, capabilities=["typos", "names"], on=texts)
    mine = [test for test in document["tests"] if test["on"] == "mine"]
    assert {test["name"] for test in mine} >= {"Two letters swapped", "First names exchanged"}
    assert all(test["n"] == 20 and test["kind"] == "INV" for test in mine)
    assert document["on"] == "mine"


def test_other_labels_need_own_texts(tiny_model, tmp_path, texts):
    other = write_untrained_run(tmp_path / "run", tiny_model, labels=LabelSet(("anger", "joy")))
    with pytest.raises(ConfigError, match="The labels are anger, joy") as raised:
        check_run(other.root, n_cases=20)
    assert "--on" in raised.value.hint
    document = check_run(other.root, n_cases=20, on=texts)
    assert {test["on"] for test in document["tests"]} == {"mine"}
    assert len(document["skipped"]) > 30
    with pytest.raises(ConfigError, match="nothing to test"):
        check_run(other.root, n_cases=20, on=texts, capabilities=["fairness"])


def test_the_limit_is_held_by_each_capability(run):
    strict = check_run(run.root, n_cases=20, capabilities=["negation", "typos"], max_failure_rate=0.0)["limit"]
    assert "negation" in strict["above"]
    assert check_run(run.root, n_cases=20, max_failure_rate=1.0)["limit"]["above"] == []


def test_a_run_in_another_language_is_warned_of(tiny_model, tmp_path):
    pytest.importorskip("py3langid")
    spanish = ["la película que vimos anoche en el cine del centro no nos gustó nada, porque duraba demasiado"]
    english = ["the film that we saw last night in the old theatre was not to our liking, because it was too long"]
    for texts, warned in ((spanish, True), (english, False)):
        recorder = Recorder()
        run = write_untrained_run(tmp_path / str(warned), tiny_model, tested=texts)
        check_run(run.root, n_cases=20, capabilities=["names"], reporter=recorder)
        assert any("another language (es)" in warning for warning in recorder.warned) == warned


def test_bad_input_is_one_sentence(run, tmp_path):
    with pytest.raises(ModelError, match="No such run"):
        check_run(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="Unknown capability: 'irony'"):
        check_run(run.root, capabilities=["irony"])
    with pytest.raises(DataError, match="No such file"):
        check_run(run.root, on="nowhere.csv")
    long = tmp_path / "long.csv"
    long.write_text("text\n" + "\n".join(f"{i} " + "word " * 400 for i in range(5)), encoding="utf-8")
    with pytest.raises(DataError, match="No text of at most 1,000 characters"):
        check_run(run.root, on=str(long))


def test_a_run_that_cannot_be_written_to_is_tested_all_the_same(tiny_model, tmp_path):
    run = write_untrained_run(tmp_path / "run", tiny_model)
    run.behaviour.mkdir()
    reporter = Recorder()
    assert check_run(run.root, n_cases=20, capabilities=["typos"], reporter=reporter)["tests"]
    assert any("Not kept in the run" in warning for warning in reporter.warned)


@pytest.mark.parametrize("content", [b"", b"not a table"])
def test_damaged_predictions_cost_only_the_hint_at_another_language(tiny_model, tmp_path, content):
    run = write_untrained_run(tmp_path / "run", tiny_model)
    run.predictions.write_bytes(content)
    assert check_run(run.root, n_cases=20, capabilities=["typos"])["tests"]
