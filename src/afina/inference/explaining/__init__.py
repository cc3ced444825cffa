"""Which words moved an answer: a predictor and a text in, an `Explanation` out."""

from afina.config import DEFAULT_MAX_EVALS
from afina.inference.explaining.explain import explain
from afina.inference.explaining.explanation import GRADIENTS, METHODS, OCCLUSION, Explanation, WeighedWord
from afina.inference.explaining.faithfulness import PERCENTS, Faithfulness, measure_faithfulness
from afina.inference.explaining.gradients import Completeness, integrate_gradients
from afina.inference.explaining.occlusion import FEWEST_EVALS
from afina.inference.explaining.words import Words, cut_words

__all__ = [
    "DEFAULT_MAX_EVALS",
    "FEWEST_EVALS",
    "GRADIENTS",
    "METHODS",
    "OCCLUSION",
    "PERCENTS",
    "Completeness",
    "Explanation",
    "Faithfulness",
    "WeighedWord",
    "Words",
    "cut_words",
    "explain",
    "integrate_gradients",
    "measure_faithfulness",
]
