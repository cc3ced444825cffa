from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from afina.evaluation.mcnemar import detectable_difference, mcnemar_mid_p, texts_needed


@pytest.mark.parametrize(("first_only", "second_only"), [(0, 1), (0, 4), (3, 9), (9, 3), (40, 61), (500, 600)])
def test_mid_p_is_the_exact_p_value_less_half_of_what_was_seen_on_each_side(first_only, second_only):
    apart = first_only + second_only
    exact = binomtest(first_only, apart).pvalue
    seen = binomtest(first_only, apart, alternative="less").pvalue - (
        binomtest(first_only - 1, apart, alternative="less").pvalue if first_only else 0
    )
    assert mcnemar_mid_p(first_only, second_only) == pytest.approx(exact - seen)


def test_where_none_or_equally_many_tell_them_apart_nothing_is_shown():
    assert mcnemar_mid_p(0, 0) == 1
    # Fagerland et al. 2013: one less half the chance of a draw.
    assert mcnemar_mid_p(2, 2) == pytest.approx(1 - 6 / 16 / 2)


def test_equal_classifiers_are_seldom_told_apart():
    draws = np.random.default_rng(0).binomial(40, 0.5, size=4000)
    share = np.mean([mcnemar_mid_p(int(k), 40 - int(k)) < 0.05 for k in draws])
    assert 0.02 < share <= 0.055


def test_the_texts_needed_do_show_the_difference_in_four_of_five_tries():
    n = texts_needed(60, 90, 1000)
    draws = np.random.default_rng(0).multinomial(n, [0.06, 0.09, 0.85], size=2000)
    found = [mcnemar_mid_p(int(first), int(second)) < 0.05 for first, second, _ in draws]
    assert np.mean(found) == pytest.approx(0.8, abs=0.04)


def test_more_texts_are_needed_for_a_smaller_difference_and_none_are_known_for_no_difference():
    assert texts_needed(10, 12, 100) > texts_needed(10, 20, 100)
    assert texts_needed(5, 5, 100) is None
    assert texts_needed(0, 0, 100) is None


def test_the_detectable_difference_shrinks_with_the_root_of_the_texts():
    assert detectable_difference(10, 10, 100) == pytest.approx(2 * detectable_difference(40, 40, 400))
    assert detectable_difference(0, 0, 100) is None
    assert detectable_difference(1, 0, 1) == 1
