import pytest

from afina.recipes.run_report.sentences import answer_sentences


def result(dataset, accuracy, scored="new", sentence=None):
    return {
        "dataset": dataset, "accuracy": {"value": accuracy}, "scored": scored, "honest": scored != "all",
        "leakage": {"rows": 0 if sentence is None else 80, "sentence": sentence},
    }  # fmt: skip


@pytest.mark.parametrize("scored", ["held_out", "all"])
def test_of_its_own_source_only_what_is_true_is_said(scored):
    own = result("books", 0.5, scored, "All 80 texts of books stand in the run's training data")
    assert answer_sentences({}, [own]) == ["All 80 texts of books stand in the run's training data"]
    told = answer_sentences({}, [own, result("kitchen", 0.9)])
    assert told[0] == "On kitchen its accuracy is 90.0%"
    assert answer_sentences({}, [own, result("kitchen", 0.9), result("phones", 0.8)])[0] == (
        "Of 2 data sets it does worst on phones: accuracy 80.0%"
    )
