"""Recipes room: the only place that joins the rooms. Each recipe is what one command does, as a function."""

from afina.recipes.evaluating import evaluate_run
from afina.recipes.fine_tuning import FineTuned, fine_tune, resume
from afina.recipes.reporting import Reporter, Silent

__all__ = ["FineTuned", "Reporter", "Silent", "evaluate_run", "fine_tune", "resume"]
