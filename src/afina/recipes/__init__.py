"""Recipes room: the only place that joins the rooms. Each recipe is what one command does, as a function.

The names are loaded when first used: looking at data needs no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from afina.lazy import attach

__all__ = [
    "FineTuned",
    "Ladder",
    "Matrix",
    "Planned",
    "ReadOptions",
    "Repeated",
    "Reporter",
    "Silent",
    "TextClassifier",
    "Tuned",
    "audit_labels",
    "check_run",
    "climb_ladder",
    "compare_platforms",
    "compare_runs",
    "compare_tokenizers",
    "describe_platform",
    "estimate_models",
    "evaluate_run",
    "explain_texts",
    "export_run",
    "export_space",
    "fine_tune",
    "fine_tune_seeds",
    "inspect_data",
    "measure_effect",
    "measure_matrix",
    "plan",
    "report_run",
    "resume",
    "split_data",
    "try_report",
    "tune",
    "write_audited",
]

if TYPE_CHECKING:
    from afina.recipes.auditing import audit_labels, write_audited
    from afina.recipes.checking import check_run
    from afina.recipes.choosing import Planned, estimate_models, plan
    from afina.recipes.comparing import compare_runs
    from afina.recipes.estimator import TextClassifier
    from afina.recipes.evaluating import evaluate_run
    from afina.recipes.explaining import explain_texts
    from afina.recipes.exporting import export_run
    from afina.recipes.fine_tuning import FineTuned, fine_tune, resume
    from afina.recipes.inspecting import inspect_data
    from afina.recipes.labelled import ReadOptions
    from afina.recipes.ladder.climbing import Ladder, climb_ladder
    from afina.recipes.matrix.measuring import Matrix, measure_matrix
    from afina.recipes.platforms import compare_platforms, describe_platform
    from afina.recipes.repeating import Repeated, fine_tune_seeds
    from afina.recipes.reporting import Reporter, Silent
    from afina.recipes.run_report import report_run, try_report
    from afina.recipes.space.writing import export_space
    from afina.recipes.splitting import split_data
    from afina.recipes.tokenizer_effect import measure_effect
    from afina.recipes.tokenizer_study import compare_tokenizers
    from afina.recipes.tuning import Tuned, tune
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "FineTuned": "fine_tuning",
            "Ladder": "ladder.climbing",
            "Matrix": "matrix.measuring",
            "Planned": "choosing",
            "ReadOptions": "labelled",
            "Repeated": "repeating",
            "Reporter": "reporting",
            "Silent": "reporting",
            "TextClassifier": "estimator",
            "Tuned": "tuning",
            "audit_labels": "auditing",
            "check_run": "checking",
            "climb_ladder": "ladder.climbing",
            "compare_platforms": "platforms",
            "compare_runs": "comparing",
            "compare_tokenizers": "tokenizer_study",
            "describe_platform": "platforms",
            "estimate_models": "choosing",
            "evaluate_run": "evaluating",
            "explain_texts": "explaining",
            "export_run": "exporting",
            "export_space": "space.writing",
            "fine_tune": "fine_tuning",
            "fine_tune_seeds": "repeating",
            "inspect_data": "inspecting",
            "measure_effect": "tokenizer_effect",
            "measure_matrix": "matrix.measuring",
            "plan": "choosing",
            "report_run": "run_report",
            "resume": "fine_tuning",
            "split_data": "splitting",
            "try_report": "run_report",
            "tune": "tuning",
            "write_audited": "auditing",
        },
        extra="data,train",
    )
