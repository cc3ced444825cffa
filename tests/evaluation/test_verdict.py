import pytest

from afina.evaluation import Interval, against_baseline


@pytest.mark.parametrize(
    ("interval", "beats", "sentence"),
    [
        (
            Interval(0.05, 0.01, 0.09), True,
            "The fine-tuned model beats TF-IDF (+5.0 points, 95 % interval +1.0 to +9.0)",
        ),
        (
            Interval(-0.05, -0.09, -0.01), False,
            "The fine-tuned model does NOT beat TF-IDF, it is worse (-5.0 points, 95 % interval -9.0 to -1.0)",
        ),
        (
            Interval(0.02, -0.01, 0.05), False,
            "The fine-tuned model does NOT clearly beat TF-IDF: these texts cannot tell them apart "
            "(+2.0 points, 95 % interval -1.0 to +5.0)",
        ),
    ],
)  # fmt: skip
def test_the_sentence_says_what_the_interval_shows(interval, beats, sentence):
    assert against_baseline(interval, baseline="TF-IDF") == (beats, sentence)


@pytest.mark.parametrize("interval", [Interval(0.02, 0.0, 0.04), Interval(-0.02, -0.04, 0.0), Interval(0.0, 0.0, 0.0)])
def test_an_interval_that_touches_zero_tells_nothing_apart(interval):
    beats, sentence = against_baseline(interval, baseline="TF-IDF")
    assert not beats
    assert "cannot tell them apart" in sentence
