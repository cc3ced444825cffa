"""What a classifier does with sentences made to test one capability each; see `checking` for where this comes from."""

from afina.evaluation.behaviour.cases import BehaviourTest, Case, SkippedTest, build_tests
from afina.evaluation.behaviour.checking import TOLERANCE, TestResult, run_tests
from afina.evaluation.behaviour.suite_files import CAPABILITIES

__all__ = [
    "CAPABILITIES",
    "TOLERANCE",
    "BehaviourTest",
    "Case",
    "SkippedTest",
    "TestResult",
    "build_tests",
    "run_tests",
]
