import numpy as np
import pytest

from afina.evaluation import Interval, bootstrap_mean, bootstrap_mean_of_sets, exact_share
from afina.evaluation.intervals import bootstrap_from_confusion, confusion_metrics


def confusion_of(label_ids, predicted, n_labels):
    return np.bincount(label_ids * n_labels + predicted, minlength=n_labels**2).reshape(n_labels, n_labels)


@pytest.mark.parametrize(("n_labels", "positive_id"), [(2, 1), (3, None)])
def test_the_interval_equals_that_of_resampled_rows(n_labels, positive_id):
    rng = np.random.default_rng(0)
    label_ids = rng.integers(0, n_labels, size=250)
    predicted = np.where(rng.random(250) < 0.75, label_ids, rng.integers(0, n_labels, size=250))
    direct = bootstrap_from_confusion(
        confusion_of(label_ids, predicted, n_labels), positive_id=positive_id, samples=5_000, seed=0
    )
    rows = rng.integers(0, 250, size=(5_000, 250))
    resampled = np.stack([confusion_of(label_ids[draw], predicted[draw], n_labels) for draw in rows])
    plain = confusion_metrics(resampled, positive_id=positive_id)
    assert set(direct) == set(plain) == {"accuracy", "f1", "precision", "recall", "matthews"}
    for name, values in plain.items():
        assert direct[name] == pytest.approx(tuple(np.quantile(values, (0.025, 0.975))), abs=0.012)


def test_the_interval_of_accuracy_covers_the_truth_about_95_times_in_100():
    rng = np.random.default_rng(1)
    covered = 0
    for seed in range(300):
        wrong = int((rng.random(200) > 0.8).sum())
        half = (200 - wrong) // 2
        confusion = np.array([[half, wrong // 2], [wrong - wrong // 2, 200 - wrong - half]])
        low, high = bootstrap_from_confusion(confusion, positive_id=1, samples=400, seed=seed)["accuracy"]
        covered += low <= 0.8 <= high
    assert 0.91 <= covered / 300 <= 0.985


def test_an_interval_is_told_as_a_share_an_amount_and_a_difference_from_either_side():
    difference = Interval(0.031, -0.003, 0.059)
    assert difference.as_percent() == "3.1% (-0.3% to 5.9%)"
    assert difference.as_points() == "3.1 points (-0.3 to 5.9)"
    assert difference.as_difference() == "+3.1 points, 95 % interval -0.3 to +5.9"
    assert -difference == Interval(-0.031, -0.059, 0.003)


def test_four_times_the_texts_halve_the_interval():
    def width(n):
        low, high = bootstrap_from_confusion(np.array([[4, 1], [1, 4]]) * n, positive_id=1, samples=4_000, seed=0)[
            "accuracy"
        ]
        return high - low

    assert width(100) / width(25) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("confusion", [[[1, 0], [0, 0]], [[0, 1], [0, 0]], [[0, 0, 0], [0, 7, 0], [0, 0, 0]]])
def test_a_matrix_with_one_filled_cell_has_an_interval_of_one_point(confusion):
    intervals = bootstrap_from_confusion(np.array(confusion), positive_id=None, samples=100, seed=0)
    for low, high in intervals.values():
        assert low == high
        assert 0 <= low <= 1


def test_matthews_of_very_many_rows_is_exact():
    counts = np.array([[[40_000_000, 10_000_000], [10_000_000, 40_000_000]]])
    assert confusion_metrics(counts, positive_id=1)["matthews"][0] == pytest.approx(0.6, abs=1e-9)


def test_an_interval_reads_as_a_value_and_its_range():
    interval = Interval(0.9, 0.8512, 0.94)
    assert str(interval) == "0.900 (0.851 to 0.940)"
    assert interval.as_dict() == {"value": 0.9, "low": 0.8512, "high": 0.94}


@pytest.mark.parametrize(("hits", "n", "low", "high"), [(0, 1, 0, 0.975), (1, 1, 0.025, 1), (5, 10, 0.1871, 0.8129)])
def test_an_exact_share_is_wide_where_texts_are_few(hits, n, low, high):
    interval = exact_share(hits, n)
    assert (interval.value, interval.low, interval.high) == pytest.approx((hits / n, low, high), abs=1e-4)


def test_an_exact_share_covers_the_truth_at_least_95_times_in_100():
    rng = np.random.default_rng(0)
    drawn = [exact_share(int(hits), 30) for hits in rng.binomial(30, 0.9, size=400)]
    assert np.mean([each.low <= 0.9 <= each.high for each in drawn]) >= 0.94


def test_the_interval_of_a_mean_equals_that_of_resampled_values():
    rng = np.random.default_rng(0)
    values = rng.integers(0, 4, size=120) / 3
    interval = bootstrap_mean(values, samples=4000)
    plain = np.quantile(values[rng.integers(0, 120, size=(4000, 120))].mean(axis=1), (0.025, 0.975))
    assert interval.value == pytest.approx(values.mean())
    assert (interval.low, interval.high) == pytest.approx(tuple(plain), abs=0.01)


def test_the_mean_of_equal_values_is_certain():
    interval = bootstrap_mean(np.full(7, 0.3), samples=100)
    assert (interval.value, interval.low, interval.high) == pytest.approx((0.3, 0.3, 0.3))


def test_the_interval_of_a_mean_over_sets_is_that_of_resampling_each():
    rng = np.random.default_rng(0)
    values = [(rng.random(n) < share).astype(float) for n, share in ((400, 0.8), (100, 0.6))]
    found = bootstrap_mean_of_sets(values, samples=4000)
    assert found.value == pytest.approx(np.mean([each.mean() for each in values]))
    deviation = np.sqrt(sum(each.var() / len(each) for each in values)) / 2
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * deviation, rel=0.06)
