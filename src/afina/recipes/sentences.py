"""What a fine-tuning tells its user, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from afina.planning import FROZEN, Allocation, Settings
from afina.recipes.fitting import Fitted
from afina.recipes.preparation import PreparedData
from afina.recipes.reporting import Reporter
from afina.recipes.session import Session
from afina.training import ALL_STEPS, BUDGET, EARLY

_READ = {
    "head": "only their beginning is read",
    "head-tail": "only their beginning and their end are read",
    "windows": "only a part of their windows is read",
}


def tell_cut(share: float, settings: Settings, reporter: Reporter) -> None:
    """How many training texts are longer than what is read, and what is read of them."""
    if share:
        reporter.tell(
            f"{share:.0%} of the training texts are longer than {settings.max_tokens} tokens; "
            f"{_READ[settings.long_text]} (--max-tokens, --long-text)"
        )


def tell_method(session: Session, reporter: Reporter, *, was_open: bool) -> None:
    """What is trained and what it takes; and why, where the method was left open."""
    settings, resources = session.settings, session.resources
    frozen = f" ({settings.freeze_layers} layers frozen)" if settings.freeze_layers else ""
    why = ", since there is no time for all layers on all texts" if was_open and settings.method == FROZEN else ""
    trained, weights = resources["trained"] / 1e6, resources["all"] / 1e6
    reporter.tell(
        f"Method {settings.method}{frozen}{why}: {trained:,.2f} of {weights:,.2f} million weights are trained; "
        f"weights take {resources['weights_mb']:,.0f} MB, a checkpoint {resources['checkpoint_mb']:,.0f} MB"
    )


def tell_plan(allocation: Allocation, session: Session, reporter: Reporter) -> None:
    """How much is read how often, and what it is expected to take, where that was measured."""
    if allocation.forecast_seconds is None:
        return
    epochs = allocation.expected_epochs or allocation.epochs
    read = allocation.train_texts if epochs >= 1 else round(epochs * allocation.train_texts)
    often = f", {_count(epochs, 'epoch')}" if epochs >= 1 else ""
    memory = f" and {allocation.forecast_memory_mb:,.0f} MB of memory" if allocation.forecast_memory_mb else ""
    reporter.tell(
        f"Plan: {read:,} texts{often}, {session.settings.max_tokens} tokens of each at most; about "
        f"{allocation.forecast_seconds:,.0f} s of training{memory}"
    )


def tell_limits(data: PreparedData, used: PreparedData, reporter: Reporter) -> None:
    """That the time does not suffice to test on all texts, where it does not."""
    if len(used.test) < len(data.test):
        reporter.warn(
            f"The budget allows testing on {len(used.test):,} of {len(data.test):,} texts, drawn at random; "
            "`afina evaluate` tests on all of them"
        )


def tell_stop(fitted: Fitted, n_training: int, reporter: Reporter, *, timed: bool) -> None:
    """What ended training: its plan, the clock, or a dev accuracy that no longer rose."""
    state = fitted.state
    if timed and state.stopped_by in (ALL_STEPS, BUDGET) and state.texts_seen < n_training:
        reporter.warn(
            f"The budget allowed training on {state.texts_seen:,} of {n_training:,} texts, drawn at random; a longer "
            "--budget uses more"
        )
    after = f"after {_count(fitted.epochs)} of {_count(fitted.max_epochs, 'epoch')}"
    if state.stopped_by == ALL_STEPS:
        done = _count(fitted.max_epochs, "epoch") if timed else _count(fitted.max_steps, "step")
        spare = "" if fitted.seconds_left is None else f", with {fitted.seconds_left:.0f} s to spare"
        reporter.tell(f"The plan of {done} is done{spare}")
    elif state.stopped_by == BUDGET:
        reporter.tell(f"The time was used up {after}; the learning rate had been led to zero")
    elif state.stopped_by == EARLY and state.cooldown is not None:
        reporter.tell(
            f"Dev accuracy had not risen for {_count(state.cooldown.evaluations, 'evaluation')} (since step "
            f"{state.cooldown.highest_step:,}): training ended early, {after}"
        )


def _count(number: float, noun: str = "") -> str:
    """A number, with its noun where one is given: `0.4`, `1 epoch`, `2.5 epochs`."""
    shown = f"{number:,.1f}".removesuffix(".0")
    return f"{shown} {noun}{'' if shown == '1' else 's'}" if noun else shown


def calibration_sentence(summary: Mapping[str, Any]) -> str:
    """What the temperature does to the test texts, from the document of `train --json`."""
    calibration, blended = summary["calibration"], summary["calibration"]["blend_temperature"]
    of_blend = "" if blended is None else f", {blended:.2f} for the blend"
    if calibration["temperature"] == 1 and blended is None:
        return (
            "not calibrated: no temperature brings confidence nearer to accuracy on the dev texts; expected "
            f"calibration error {calibration['test']['ece_after']:.3f} on the test texts"
        )
    return (
        f"calibrated: temperature {calibration['temperature']:.2f}{of_blend}, expected calibration error "
        f"{calibration['test']['ece_before']:.3f} -> {calibration['test']['ece_after']:.3f} on the test texts "
        f"({calibration['test']['ece_by_chance']:.3f} is chance)"
    )


def unsure_sentence(summary: Mapping[str, Any]) -> str:
    """How many test texts get a sure answer and how many of those are wrong, from the document of `train --json`."""
    unsure, test = summary["unsure"], summary["unsure"]["test"]
    wished = f"at most {unsure['error_rate']:.1%}"
    if test is None:
        return (
            f"never called sure: the dev texts are too few, or too hard, to promise that {wished} of the sure answers "
            f"are wrong; ask for less with --set evaluation.error_rate={min(2 * unsure['error_rate'], 0.4):.3g}"
        )
    start = f"sure of {test['coverage']['value']:.1%} of the test texts (probability {unsure['threshold']:.3f} or more)"
    if test["error_rate"] is None:
        return start
    wrong = test["error_rate"]
    return (
        f"{start}, of which {wrong['value']:.1%} are wrong ({wrong['low']:.1%} to {wrong['high']:.1%}; promised by the "
        f"dev texts: {wished})"
    )
