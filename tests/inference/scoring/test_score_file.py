"""Rows scored in files: what is written of an answer, and of its certainty."""

from __future__ import annotations

import json

import numpy as np
import pytest

from afina.inference import is_uncertain, score_file
from afina.labels import LabelSet


class ByLength:
    """Surer of longer texts."""

    labels = LabelSet(("negative", "positive"))

    def predict_proba(self, texts):
        share = np.array([len(text) / 10 for text in texts])
        return np.stack([1 - share, share], axis=1).reshape(-1, 2)


@pytest.fixture
def source(tmp_path):
    """Texts of 9, 7, 6 and no letters."""
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(json.dumps({"text": text}) for text in ("very good", "so fine", "mostly", "")))
    return path


@pytest.mark.parametrize(
    ("threshold", "expected", "n"),
    [(0.7, [False, False, True, None], 1), (0.0, [False, False, False, None], 0), (None, [None] * 4, None)],
)
def test_answers_below_the_threshold_are_uncertain(source, tmp_path, threshold, expected, n):
    out = tmp_path / "out.jsonl"
    result = score_file(ByLength(), str(source), out, threshold=threshold)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["uncertain"] for row in rows] == expected
    assert [row["predicted_score"] for row in rows] == [0.9, 0.7, 0.6, None]
    assert (result.uncertain, result.blank, result.rows) == (n, 1, 4)


def test_a_probability_as_high_as_the_threshold_is_sure():
    assert is_uncertain(0.7, 0.7) is False
    assert is_uncertain(0.6999, 0.7) is True
    assert is_uncertain(0.5, None) is None
