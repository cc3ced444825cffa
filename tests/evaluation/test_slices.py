import json

import numpy as np
import pytest
from scipy.stats import binomtest

from afina.evaluation import expected_calibration_error
from afina.evaluation.slices import score_slices
from afina.evaluation.slicing import Members


def answers_of(correct):
    """Texts of label 1, answered rightly or wrongly with 0.8."""
    correct = np.asarray(correct, dtype=bool)
    positive = np.where(correct, 0.8, 0.2)
    return np.ones(len(correct), dtype=np.int64), np.column_stack([1 - positive, positive])


def two_slices(n, n_here):
    here = np.arange(n) < n_here
    return [Members("negation", "yes", here), Members("negation", "no", ~here)]


def test_accuracy_of_a_slice_has_an_exact_interval_and_the_others_beside_it():
    correct = [True] * 6 + [False] * 2 + [True] * 9 + [False]
    here, elsewhere = score_slices(*answers_of(correct), two_slices(18, 8))
    exact = binomtest(6, 8).proportion_ci(0.95)
    assert (here.slice, here.value, here.n) == ("negation", "yes", 8)
    assert (here.accuracy.value, here.accuracy.low, here.accuracy.high) == pytest.approx((0.75, exact.low, exact.high))
    assert here.accuracy_elsewhere == elsewhere.accuracy.value == 0.9
    assert elsewhere.accuracy_elsewhere == 0.75


def test_a_slice_of_one_text_says_next_to_nothing():
    here, _ = score_slices(*answers_of([False] + [True] * 30), two_slices(31, 1))
    assert (here.accuracy.low, here.accuracy.high) == pytest.approx((0, 0.975))
    assert here.ece is None
    # The one wrong text of 31 is this one by chance one time in 31, of two slices.
    assert not here.worse


def test_a_slice_is_worse_where_chance_does_not_explain_it():
    correct = np.arange(400) % 10 > 0
    correct[:100] = np.arange(100) % 3 > 0
    here, elsewhere = score_slices(*answers_of(correct), two_slices(400, 100))
    assert here.worse
    assert not elsewhere.worse
    swapped, _ = score_slices(*answers_of(~correct), two_slices(400, 100))
    assert not swapped.worse


def test_many_slices_of_chance_are_rarely_called_worse():
    rng = np.random.default_rng(0)
    false_alarms = 0
    for _ in range(100):
        rows = np.eye(20, dtype=bool)[rng.integers(0, 20, size=600)].T
        slices = [Members("domain", str(i), each) for i, each in enumerate(rows)]
        false_alarms += any(each.worse for each in score_slices(*answers_of(rng.random(600) < 0.7), slices))
    # 5 on average at most; without the correction it would be more than half.
    assert false_alarms <= 12


def test_one_slice_that_is_worse_is_found_among_many():
    rng = np.random.default_rng(0)
    domains = rng.integers(0, 20, size=4000)
    correct = rng.random(4000) < np.where(domains == 7, 0.6, 0.9)
    slices = [Members("domain", str(i), domains == i) for i in range(20)]
    assert [each.value for each in score_slices(*answers_of(correct), slices) if each.worse] == ["7"]


def test_the_calibration_error_is_told_of_a_hundred_texts_and_more():
    label_ids, probabilities = answers_of(np.arange(199) % 2 == 0)
    here, elsewhere = score_slices(label_ids, probabilities, two_slices(199, 100))
    assert here.ece == pytest.approx(expected_calibration_error(label_ids[:100], probabilities[:100]))
    assert elsewhere.ece is None


def test_the_json_form_has_the_documented_keys():
    (here, _) = score_slices(*answers_of([True, False]), two_slices(2, 1))
    document = json.loads(json.dumps(here.as_dict()))
    assert list(document) == ["slice", "value", "n", "accuracy", "accuracy_elsewhere", "ece", "worse"]
    assert document["worse"] is False


def test_no_slices_are_no_rows():
    assert score_slices(*answers_of([True]), []) == ()
