"""Training room: a model, batches and a budget in, training steps out.

Imports the modeling room and those before it; it is handed the evaluation it needs as a function.
"""

from afina.training.budget import Budget
from afina.training.checkpoint import load_checkpoint, restore_weights, save_checkpoint, trained_weights
from afina.training.checkpoint_folder import Checkpoint, find_checkpoint
from afina.training.cooldown import Cooldown
from afina.training.device import make_accelerator
from afina.training.feed import Feed
from afina.training.loop import (
    ALL_STEPS,
    BUDGET,
    EARLY,
    NON_FINITE,
    DevScore,
    LoopSettings,
    LoopState,
    TrainingStep,
    training_steps,
)
from afina.training.optimizer import make_optimizer
from afina.training.schedule import linear_multiplier
from afina.training.seeds import seed_everything

__all__ = [
    "ALL_STEPS",
    "BUDGET",
    "EARLY",
    "NON_FINITE",
    "Budget",
    "Checkpoint",
    "Cooldown",
    "DevScore",
    "Feed",
    "LoopSettings",
    "LoopState",
    "TrainingStep",
    "find_checkpoint",
    "linear_multiplier",
    "load_checkpoint",
    "make_accelerator",
    "make_optimizer",
    "restore_weights",
    "save_checkpoint",
    "seed_everything",
    "trained_weights",
    "training_steps",
]
