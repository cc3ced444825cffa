import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afina.data.lengths import summarise_lengths


def summary(*lengths, **options):
    return summarise_lengths(np.array(lengths, dtype=np.int64), **options)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.integers(0, 5000) | st.integers(0, 12) | st.just(10**9), min_size=1))
def test_the_histogram_counts_every_text_once_between_ascending_edges(lengths):
    found = summary(*lengths)
    edges, counts = found["histogram"]["edges"], found["histogram"]["counts"]
    assert sum(counts) == len(lengths)
    assert len(edges) == len(counts) + 1 <= 32
    assert edges[0] == 0
    assert len(set(np.diff(edges).tolist())) == 1
    assert edges[1] >= 1
    # All bins but the last hold what their edges say.
    for low, high, count in list(zip(edges, edges[1:], counts, strict=False))[:-1]:
        assert count == sum(low <= length < high for length in lengths)


@settings(deadline=None)
@given(st.lists(st.integers(0, 300), min_size=1))
def test_quantiles_are_lengths_that_occur_in_ascending_order(lengths):
    found = summary(*lengths)
    values = [found[name] for name in ("min", "p5", "p25", "median", "p75", "p95", "max")]
    assert values == sorted(values)
    assert set(values) <= set(lengths)
    assert (values[0], values[-1]) == (min(lengths), max(lengths))
    assert found["mean"] == pytest.approx(sum(lengths) / len(lengths))


def test_quantiles_of_a_hundred_lengths():
    found = summary(*range(1, 101))
    quantiles = {name: found[name] for name in ("min", "p5", "p25", "median", "p75", "p95", "max")}
    assert quantiles == {"min": 1, "p5": 5, "p25": 25, "median": 50, "p75": 75, "p95": 95, "max": 100}


def test_one_text_has_one_length():
    found = summary(7)
    assert {found[name] for name in ("min", "median", "max", "mean")} == {7.0}
    assert found["histogram"] == {"edges": list(range(9)), "counts": [0, 0, 0, 0, 0, 0, 0, 1]}
    assert found["share_truncated"] is None


def test_equal_lengths_stand_in_one_bin():
    counts = summary(*[40] * 9)["histogram"]["counts"]
    assert counts[-1] == 9
    assert sum(counts) == 9


def test_texts_of_length_nought_are_counted():
    assert summary(0, 0, 0)["histogram"]["counts"][0] == 3


def test_a_huge_text_does_not_stretch_the_histogram():
    found = summary(*range(1, 1000), 10**9)
    assert found["histogram"]["edges"][-1] < 1100
    assert found["histogram"]["counts"][-1] >= 1
    assert found["max"] == 10**9


def test_the_share_above_each_limit_is_told_and_the_limit_itself_is_not_above():
    found = summary(127, 128, 129, 300, limits=(128, 256, 512))
    assert found["share_truncated"] == {"128": 0.5, "256": 0.25, "512": 0.0}


def test_the_summary_can_be_written_as_json():
    found = summary(3, 5, 8, limits=(4,))
    assert json.loads(json.dumps(found)) == found
