"""Trial upon trial, as long as there is time."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from afina.config import RunConfig
from afina.errors import Interrupted, MachineLimitError, TrainingError
from afina.recipes.clock import Stopwatch
from afina.recipes.reporting import Reporter
from afina.recipes.search.plan import SearchPlan
from afina.recipes.search.report import is_default, tell_params
from afina.recipes.search.space import Params, SearchSpace
from afina.recipes.search.study import ACCURACY, LOSSES, REASON, SECONDS, SearchStudy
from afina.recipes.search.trial import TrialTexts, run_trial

# A search in which nothing works is ended before its time is used up.
_MOST_FAILURES = 4
_FINISHED = ("complete", "pruned", "fail")
_FAILURES = (TrainingError, MachineLimitError)


class Search:
    """Runs the trials of a study, of which the first has the default settings.

    Args:
        study: Begun or joined; other workers may add trials to it.
        space: What is sought.
        plan: How the time is shared out.
        config: The user's settings.
        texts: What trials train on and are scored by.
        stopwatch: Clock of the command.
        reporter: Told of each trial.
    """

    def __init__(
        self,
        study: SearchStudy,
        space: SearchSpace,
        plan: SearchPlan,
        *,
        config: RunConfig,
        texts: TrialTexts,
        stopwatch: Stopwatch,
        reporter: Reporter,
    ) -> None:
        self._study, self._space, self._plan = study, space, plan
        self._config, self._texts = config, texts
        self._stopwatch, self._reporter = stopwatch, reporter
        self._running: Params | None = None
        self._number = 0

    def run(self, most_trials: int | None) -> list[Any]:
        """Run trials until the time for them, or their number, is used up.

        Args:
            most_trials: Most finished trials of the study; None for no limit.

        Returns:
            The complete trials of the study, those of other workers too.

        Raises:
            TrainingError: None is complete.
            MachineLimitError: None is complete, and there is no time for one.
            Interrupted: The user asked to stop.
        """
        study = self._study
        while most_trials is None or len(study.trials(*_FINISHED)) < most_trials:
            complete = study.trials("complete")
            if not complete and len(self._failed()) >= _MOST_FAILURES:
                break
            if not self._plan.has_room(self._stopwatch.seconds_left, self._winner_seconds(complete)):
                break
            if not any(is_default(params, self._space) for params in study.params("complete", "running", "waiting")):
                study.propose(self._space.defaults)
            self._run_one()
        if complete := study.trials("complete"):
            return complete
        failed = self._failed()
        if not failed:
            raise MachineLimitError("The budget is too short for a trial", hint="give a longer --budget")
        reasons = sorted({trial.user_attrs[REASON] for trial in failed})
        raise TrainingError(f"No trial was completed; {len(failed)} failed: {'; '.join(reasons)}")

    def _run_one(self) -> None:
        began = time.monotonic()
        self._running = None
        try:
            self._study.run(self._try, failures=_FAILURES)
        except (Interrupted, KeyboardInterrupt):
            if self._running is not None:
                # Whoever goes on with the study begins with what was cut off.
                self._study.propose(self._running)
            # A training says how to go on with a run, and a trial is none.
            raise Interrupted("Interrupted") from None
        trial = self._study.trials()[self._number]
        self._tell(trial)
        if SECONDS in trial.user_attrs:
            overhead = time.monotonic() - began - trial.user_attrs[SECONDS]
            self._plan = replace(self._plan, overhead_seconds=overhead)

    def _winner_seconds(self, complete: list[Any]) -> float | None:
        """Seconds of fitting in the trial that would win now: the best so far, or the defaults, whichever took more."""
        best = min(complete, key=lambda trial: trial.value, default=None)
        if best is None:
            return None
        candidates = [best, *(trial for trial in complete if is_default(trial.params, self._space))]
        return max(float(trial.user_attrs[SECONDS]) for trial in candidates)

    def _failed(self) -> list[Any]:
        """Trials that failed by themselves, and not because they were interrupted or killed."""
        return [trial for trial in self._study.trials("fail") if REASON in trial.user_attrs]

    def _tell(self, trial: Any) -> None:
        state = trial.state.name.lower()
        if state == "complete":
            best = min(other.value for other in self._study.trials("complete"))
            told = f"log loss {trial.value:.3f}, accuracy {trial.user_attrs[ACCURACY]:.3f}"
            told += ", the best so far" if trial.value == best else ""
        elif state == "pruned":
            told = "given up, others were better by then"
        else:
            told = f"failed: {trial.user_attrs.get(REASON)}"
        self._reporter.tell(f"trial {trial.number}: {told}")

    def _try(self, trial: Any) -> float:
        self._number = trial.number
        params = self._running = self._space.suggest(trial)
        # What others are compared with is never given up.
        may_end = not is_default(params, self._space)
        self._reporter.stage(f"Trial {trial.number}: {tell_params(params)}")

        def on_score(number: int, log_loss: float) -> None:
            trial.report(log_loss, number)
            if may_end and trial.should_prune():
                raise self._study.given_up

        try:
            result = run_trial(
                self._space.apply(self._config, params), self._texts, seconds=self._plan.trial.seconds,
                reporter=self._reporter, on_score=on_score,
            )  # fmt: skip
        except _FAILURES as error:
            trial.set_user_attr(REASON, str(error))
            raise
        score = result.score
        trial.set_user_attr(LOSSES, [round(float(loss), 4) for loss in score.losses])
        trial.set_user_attr(ACCURACY, score.accuracy)
        trial.set_user_attr(SECONDS, round(result.fit_seconds, 2))
        return score.value
