"""What has been measured of a ladder so far: on the disk after each rung, and as the document of `ladder --json`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from afina.config import RunConfig
from afina.errors import Interrupted
from afina.outputs import ResultFolder, as_one_sentence
from afina.recipes.clock import Stopwatch
from afina.recipes.ladder.folder import LadderFolder
from afina.recipes.ladder.measuring import Measured
from afina.recipes.ladder.picking import Pick, choose_pick, on_front
from afina.recipes.ladder.rungs import Rung
from afina.recipes.preparation import PreparedData
from afina.recipes.reporting import Keeping
from afina.run_folder import write_json

_SHARING_RULE = (
    "All rungs are fitted on the same texts, compared on the same dev texts and tested on the same test texts. "
    "Baselines are fitted on all training texts that their share of the time allows. Each transformer rung gets an "
    "equal share of the budget that is left when it begins, loading, testing and saving included; what one leaves over "
    "goes to those after it."
)


@dataclass
class Record:
    """The rungs that are done and those that are left out.

    Args:
        config: The user's settings, without passwords.
        folder: The ladder's folder.
        results: The same, as a place that keeps what it replaces until a rung is done.
        data: The texts of all rungs.
        stopwatch: Clock of the command.
        reporter: Told of each rung.
    """

    config: RunConfig
    folder: LadderFolder
    results: ResultFolder
    data: PreparedData
    stopwatch: Stopwatch
    reporter: Keeping
    measured: list[Measured] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)
    interrupted: str | None = None

    def begin(self) -> None:
        """Have the folder say what it is, so that what a killed command leaves can be replaced."""
        with as_one_sentence(self.folder.root):
            self.folder.runs.mkdir(parents=True, exist_ok=True)
        self.write()

    def keep(self, measured: Measured) -> None:
        """A rung is done."""
        self.measured.append(measured)
        self.reporter.tell(
            f"{measured.title}: accuracy {measured.accuracy:.3f}, {60 * measured.minutes:.1f} s of training, "
            f"{measured.milliseconds_a_text:.2f} ms a text"
        )
        self.write()
        self.results.settle()

    def skip(self, rung: Rung, why: str, *, failed: bool = False) -> None:
        """A rung is left out."""
        self.skipped.append({"name": rung.name, "title": rung.title, "why": why, "failed": failed})
        told = f"{rung.title} {'failed' if failed else 'is skipped'}: {why}"
        (self.reporter.warn if failed else self.reporter.tell)(told)

    def stop(self, rungs: Sequence[Rung], *, hint: str | None) -> Interrupted:
        """The user stopped: note what is left undone, and return the error that ends the ladder.

        Args:
            rungs: All that were to be climbed.
            hint: How to go on with the run that was stopped, where it can be gone on with.

        Raises:
            Interrupted: No rung is done, so that there is no table to keep.
        """
        if not self.measured:
            if not any(self.folder.runs.iterdir()):
                raise Interrupted("Interrupted; nothing was written") from None
            self.results.settle()
            raise Interrupted(f"Interrupted before any rung was measured; its run is in {self.folder.runs}", hint=hint)
        done = {rung.name for rung in self.measured} | {skipped["name"] for skipped in self.skipped}
        for rung in rungs:
            if rung.name not in done:
                self.skip(rung, "interrupted")
        told = f"Interrupted after {len(self.measured)} of {len(rungs)} rungs; their table is in {self.folder.root}"
        self.interrupted = told + (f"; {hint}" if hint else "")
        return Interrupted(self.interrupted)

    def finish(self) -> dict[str, Any]:
        """Write the whole document, and return it."""
        self.results.settle()
        return self.write()

    def write(self) -> dict[str, Any]:
        """Write the document as far as it is known, and return it."""
        document = self.document()
        with as_one_sentence(self.folder.document):
            write_json(self.folder.document, document)
        return document

    def document(self) -> dict[str, Any]:
        """What is known so far."""
        data, samples = self.data, self.config.evaluation.bootstrap_samples
        pick = choose_pick(self.measured, data.dev, data.test, samples=samples) if self.measured else None
        return {
            "source": data.record["source"],
            "test_source": data.record["test_source"],
            "model": self.config.modeling.name,
            "out": str(self.folder.root),
            "labels": list(data.train.labels),
            "texts": {"train": len(data.train), "dev": len(data.dev), "test": len(data.test)},
            "data": data.record,
            "seed": self.config.training.seed,
            "budget_seconds": self.stopwatch.budget,
            "seconds": self.stopwatch.as_dict(),
            "rule": _SHARING_RULE,
            "rungs": [] if pick is None else self._rows(pick),
            "skipped": self.skipped,
            "pick": None if pick is None else pick.as_dict(),
            "warnings": list(self.reporter.warnings),
            "interrupted": self.interrupted,
        }

    def _rows(self, pick: Pick) -> list[dict[str, Any]]:
        accuracies = [rung.accuracy for rung in self.measured]
        by_training = on_front([rung.minutes for rung in self.measured], accuracies)
        by_answering = on_front([rung.milliseconds_a_text for rung in self.measured], accuracies)
        return [
            {
                **rung.as_dict(),
                "pareto": training,
                "pareto_prediction": answering,
                "behind_best": pick.behind_best[rung.name].as_dict(),
            }
            for rung, training, answering in zip(self.measured, by_training, by_answering, strict=True)
        ]
