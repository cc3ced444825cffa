"""Everything afina does, in a process that notes down each class looked up by a pickle, as a script.

An audit hook can never be removed again, so that this needs a process of its own:
`python -m tests.end_to_end.unpickling FOLDER MODEL [slow]` prints, as JSON, the exit code and the events of each step.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
import signal
import sys
from collections.abc import Callable
from pathlib import Path

PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".npy", ".npz")


class Notes:
    """Events of interest, in a file, so that those of forked processes are among them."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._file = os.open(folder / "events.txt", os.O_CREAT | os.O_APPEND | os.O_RDWR)
        sys.addaudithook(self._note)

    def _note(self, event: str, arguments: tuple[object, ...]) -> None:
        if event == "pickle.find_class":
            self._write(f"unpickled {arguments[0]}.{arguments[1]}")
        elif event == "subprocess.Popen" and "python" in str(arguments[0]):
            self._write(f"started {arguments[0]}")
        elif event == "open" and str(arguments[0]).startswith(self._folder) and str(arguments[0]).endswith(PICKLES):
            # Outside the folder are data of packages, and nothing of a user.
            self._write(f"opened {arguments[0]}")

    def _write(self, line: str) -> None:
        os.write(self._file, f"{line}\n".encode())

    def taken(self) -> list[str]:
        """The events since it was asked last."""
        lines = os.pread(self._file, 1 << 20, 0).decode().splitlines()
        os.ftruncate(self._file, 0)
        return lines


class Planted:
    """What a pickle of whoever means harm holds: it leaves a mark when it is read."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, int]]:
        return os.mkdir, (str(self.mark), 0o700)


def command(*arguments: object) -> int:
    """Run the command line; its exit code."""
    from afina.cli import app

    sys.argv = ["afina", *map(str, arguments)]
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            app.run()
        except SystemExit as stopped:
            return int(stopped.code or 0)
    return 0


def interrupted(source: Path, options: dict[str, object]) -> int:
    """A training that is stopped at its third step, and gone on with."""
    from tests.recipes.recorder import Recorder

    from afina.config import load_config
    from afina.errors import Interrupted
    from afina.recipes import fine_tune, resume

    class Stopping(Recorder):
        def step(self, step, *, seconds_left):
            super().step(step, seconds_left=seconds_left)
            if step.step == 3:
                os.kill(os.getpid(), signal.SIGINT)

    out = source.parent / "resumed"
    config, _ = load_config(options={**options, "data.source": str(source), "out": str(out)})
    with contextlib.suppress(Interrupted):
        fine_tune(config, reporter=Stopping())
        return 1
    return 0 if resume(Path(f"{out}.partial")).run.root.is_dir() else 1


def estimator(source: Path, options: dict[str, object]) -> int:
    """The scikit-learn estimator: fitted, cross-validated, saved and loaded."""
    from sklearn.model_selection import cross_val_score

    from afina import TextClassifier

    rows = [line.rsplit(",", 1) for line in source.read_text(encoding="utf-8").splitlines()[1:]]
    texts, labels = [row[0] for row in rows], [row[1] for row in rows]
    classifier = TextClassifier(model=str(options["modeling.name"]), max_steps=4, batch_tokens=128)
    cross_val_score(classifier, texts, labels, cv=2, error_score="raise")
    TextClassifier.load(classifier.fit(texts, labels).save(source.parent / "estimator")).predict(texts)
    return 0


def refused(run: Path, source: Path) -> int:
    """A run with a pickle in its model: 2 where every command refuses it."""
    with (run / "model" / "pytorch_model.bin").open("wb") as file:
        pickle.dump(Planted(run.parent / "mark of the run"), file)
    codes = {
        command("predict", run, "good"), command("evaluate", run, source), command("report", run),
        command("explain", run, "good"), command("check", run),
    }  # fmt: skip
    return codes.pop() if len(codes) == 1 else -1


def base_with_pickle(base: Path, source: Path, options: list[object]) -> int:
    """Training from a pretrained folder with a pickle beside its safetensors, which is not read."""
    with (base / "pytorch_model.bin").open("wb") as file:
        pickle.dump(Planted(base.parent / "mark of the base"), file)
    return command("train", source, *options, "--out", base.parent / "from-base")


def main(folder: Path, model: Path, *, slow: bool) -> None:
    """Run all steps and print what was noted of each."""
    import shutil

    from tests.conftest import write_reviews
    from typer.main import get_command

    from afina.cli.app import app

    os.chdir(folder)
    notes = Notes(folder)
    source, run = write_reviews(folder / "reviews.csv", 60), folder / "run"
    base = shutil.copytree(model, folder / "base")
    limits = [
        "--max-steps",
        4,
        "--learning-rate",
        1e-2,
        "--batch-tokens",
        128,
        "--set",
        "training.checkpoint_seconds=0",
    ]
    few = ["--model", model, *limits]
    settings = {
        "modeling.name": str(model), "training.max_steps": 6, "training.checkpoint_seconds": 0.0,
        "tokenization.batch_tokens": 128,
    }  # fmt: skip
    steps: dict[str, Callable[[], int]] = {
        "train": lambda: command("train", source, *few, "--out", run),
        "resume": lambda: interrupted(source, settings),
        "evaluate": lambda: command("evaluate", run, source),
        "predict": lambda: command("predict", run, "good film", "bad film"),
        "predict, file": lambda: command("predict", run, "--file", source, "--out", folder / "out.parquet"),
        "explain": lambda: command("explain", run, "a good film"),
        "export": lambda: command("export", run) or command("predict", run, "good film"),
        "report": lambda: command("report", run),
    }
    if slow:
        steps |= {
            "train, blended": lambda: command("train", source, *few, "--out", folder / "blended", "--blend"),
            "predict, blended": lambda: command("predict", folder / "blended", "good film"),
            "train, lora": lambda: command("train", source, *few, "--out", folder / "lora", "--method", "lora"),
            "estimator": lambda: estimator(source, settings),
            "tune": lambda: command("tune", source, "--model", model, "--budget", "60s", "--out", folder / "tuned"),
            "ladder": lambda: command(
                "ladder", source, "--model", model, "--budget", "60s", "--out", folder / "ladder"
            ),
            "matrix": lambda: command(
                "matrix",
                source,
                "sample",
                "--model",
                model,
                "--out",
                folder / "matrix",
                "--set",
                "training.max_steps=4",
                "--max-rows",
                200,
            ),
            "check": lambda: command("check", run) and 0,  # 1 where the tiny model fails
            "compare": lambda: command("compare", run, folder / "blended", "--on", source),
            "audit": lambda: command("data", "audit", source),
            "inspect": lambda: command("data", "inspect", source),
            "tokens": lambda: command("tokens", "compare", source, "--tokenizer", model),
            "plan": lambda: command("plan", source, "--model", model, "--budget", "60s"),
        }
    steps |= {
        "a base with a pickle": lambda: base_with_pickle(base, source, ["--model", base, *limits]),
        "a run with a pickle": lambda: refused(run, source),
        "proof that it is seen": lambda: len(pickle.loads(pickle.dumps({Path("a")}))) - 1,
    }
    known = get_command(app).commands
    found = {}
    for name, do in steps.items():
        if name in ("explain", "export") and name not in known:
            continue
        notes.taken()
        code = do()
        found[name] = {"code": code, "events": sorted(set(notes.taken()))}
    found["marks"] = [path.name for path in folder.glob("mark of*")]
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), slow=sys.argv[3:] == ["slow"])
