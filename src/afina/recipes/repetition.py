"""Where the runs of a repeated fine-tuning stand, and the record by which an interrupted repetition goes on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from afina.claims import check_place
from afina.config import RunConfig
from afina.data import source_name
from afina.errors import DataError, Interrupted, OutputError
from afina.outputs import as_one_sentence, free_path
from afina.recipes.preparation import PreparedData, without_passwords
from afina.run_folder import RunFolder, write_json

_DISK_BYTES_PER_RUN = 500_000_000
_N_SEEDS = 2**32


@dataclass
class Repetition:
    """Runs that differ in nothing but their seed.

    The record is a file beside the first run, there from the first training to the last.

    Args:
        config: Settings of the first run, its place among them.
        seeds: Seed of each run.
    """

    config: RunConfig
    seeds: tuple[int, ...]
    finished: list[int] = field(default_factory=list)
    """Seeds whose runs stand at their places."""
    goes_on: bool = False
    """Whether an interrupted repetition is taken up again."""
    _before: dict[str, Any] = field(default_factory=dict)
    _state: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def begin(cls, config: RunConfig, n_seeds: int, *, force: bool) -> Repetition:
        """Choose the places, and see whether all runs can be written before any is trained.

        Args:
            config: Settings of the first run, whose seeds the others follow.
            n_seeds: How many runs.
            force: Replace what stands at the places, and discard an interrupted repetition.

        Raises:
            OutputError: A place is taken or cannot be written, or an interrupted repetition with other settings stands
                there.
        """
        seeds = tuple((config.training.seed + i) % _N_SEEDS for i in range(n_seeds))
        repetition = cls(config.model_copy(update={"out": config.out or _free_name(config, seeds)}), seeds)
        if repetition.record.exists() and not force:
            repetition._take_up()
        else:
            for run in repetition.runs:
                check_place(run, force=force, needed_bytes=_DISK_BYTES_PER_RUN * n_seeds)
        return repetition

    @property
    def runs(self) -> tuple[RunFolder, ...]:
        """The place of each run, in the order of seeds."""
        root = Path(str(self.config.out))
        return (RunFolder(root), *(RunFolder(_beside(root, seed)) for seed in self.seeds[1:]))

    @property
    def record(self) -> Path:
        """The file that says what was asked for and what is finished."""
        return _record_of(Path(str(self.config.out)))

    @property
    def pool(self) -> dict[str, int] | None:
        """Texts to draw from each source, as an interrupted repetition drew them."""
        return self._before.get("pool")

    def note_texts(self, data: PreparedData) -> None:
        """Write the record, once the texts are known.

        Raises:
            DataError: They are others than those of the repetition that goes on.
        """
        texts = {part: data.record[part]["sha256"] for part in ("train", "dev", "test")}
        if self.goes_on and self._before["texts"] != texts:
            raise DataError(
                "The texts have changed since the repetition was interrupted",
                hint="bring them back, or start over with --force",
            )
        self._state = {**self._request(), "texts": texts, "pool": data.record.get("pool")}
        self._write()

    def note_finished(self, seed: int) -> None:
        """Record that the run of a seed is finished."""
        self.finished.append(seed)
        self._write()

    def end(self) -> None:
        """Remove the record: there is nothing left to go on with."""
        self.record.unlink(missing_ok=True)

    def interrupted(self) -> Interrupted:
        """The error that says what is kept and how to go on."""
        if not self.is_worth_keeping:
            return Interrupted("Interrupted; nothing was written")
        return Interrupted(
            f"Interrupted; {len(self.finished)} of {len(self.seeds)} runs are finished and kept",
            hint=f"go on with the same command and `--out {self.config.out}`; the run that was interrupted starts over",
        )

    @property
    def is_worth_keeping(self) -> bool:
        """Whether a run is finished, or stands unfinished at its place."""
        return bool(self.finished) or any(run.partial.root.exists() for run in self.runs)

    def _take_up(self) -> None:
        try:
            before = json.loads(self.record.read_text(encoding="utf-8"))
            if {key: before[key] for key in self._request()} == self._request():
                finished = [int(seed) for seed in before["finished"]]
                self.finished = [
                    seed
                    for seed, run in zip(self.seeds, self.runs, strict=True)
                    if seed in finished and run.is_complete
                ]
                self.goes_on, self._before = True, before
                return
        except (OSError, KeyError, TypeError, ValueError):
            pass  # damaged, and nothing is known of what was asked for
        raise OutputError(
            f"An interrupted repetition with other settings stands at {self.record}",
            hint="give its settings again to go on with it, or discard it with --force",
        )

    def _request(self) -> dict[str, Any]:
        return {"config": without_passwords(self.config).model_dump(mode="json"), "seeds": list(self.seeds)}

    def _write(self) -> None:
        with as_one_sentence(self.record):
            self.record.parent.mkdir(parents=True, exist_ok=True)
            write_json(self.record, {**self._state, "finished": self.finished})


def _beside(root: Path, seed: int) -> Path:
    return root.with_name(f"{root.name}-seed{seed}")


def _record_of(root: Path) -> Path:
    return root.with_name(f"{root.name}.seeds.json")


def _free_name(config: RunConfig, seeds: tuple[int, ...]) -> str:
    """A name under `runs/` that none of the runs would find taken."""
    stem = f"{source_name(config.data.source)}-{Path(config.modeling.name).name}"

    def is_taken(root: Path) -> bool:
        runs = [RunFolder(root), *(RunFolder(_beside(root, seed)) for seed in seeds[1:])]
        needed = [path for run in runs for path in (run.root, run.partial.root)]
        return any(path.exists() for path in (_record_of(root), *needed))

    return str(free_path(Path("runs"), stem, is_taken))
