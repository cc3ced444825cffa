"""Fixtures shared by all tests: a clean environment, tiny real tokenizers and models, and the data nearby."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from afina.recipes import FineTuned

# Set before any library reads it: no test may reach a hub.
os.environ["HF_HUB_OFFLINE"] = "1"

# Where tests run side by side (`make test`), each has one core, and what it starts too.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"
MOST_WORKERS = 8  # each holds about 1 GB

POSITIVE = ("good", "fine", "lovely", "great", "happy", "brilliant", "fresh", "kind")
NEGATIVE = ("bad", "awful", "poor", "dull", "broken", "rude", "sad", "stale")
WORDS = (*POSITIVE, *NEGATIVE, "the", "a", "film", "number", "and", "it", "was", "room", "this", "not", "very")

# A shell that starts the tests in the background has them ignore Ctrl-C, which some of them are about.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A folder for what afina notes down for itself, for runs that many tests share."""
    os.environ["AFINA_STATE"] = str(tmp_path_factory.mktemp("state"))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are not written into the names of tests: those of a gzip file hold the second in which they were made."""
    return argname if isinstance(val, bytes) else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """As many as this process has cores, which in a container may be fewer than the machine has."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST_WORKERS)


@pytest.fixture(autouse=True)
def clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A temporary home and working folder, and no settings of the person who runs the tests."""
    home = tmp_path / "home"
    home.mkdir()
    for name in list(os.environ):
        if name.startswith(("AFINA_", "ACCELERATE_", "TRANSFORMERS_")) and name != "AFINA_DATA":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("HF_HOME", str(home / "huggingface"))
    monkeypatch.setenv("AFINA_STATE", str(home / "state"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real review data that stands beside the project in development, or a skip."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("AFINA_DATA", default))
    if not folder.is_dir():
        pytest.skip("the real review data are not here; set AFINA_DATA to their folder")
    return folder


@pytest.fixture
def reviews_csv(tmp_path: Path) -> Path:
    """Sixty small reviews whose label shows in one word."""
    return write_reviews(tmp_path / "reviews.csv", 60)


def write_reviews(path: Path, n: int) -> Path:
    """Write `n` distinct reviews, half of each label, as csv."""
    lines = ["text,label"]
    for i in range(n):
        number, positive = divmod(i, 2)  # each number with both labels, so that only the words tell
        words = POSITIVE if positive else NEGATIVE
        label = "positive" if positive else "negative"
        # With one word more, two reviews that differ in their numbers would be near-duplicates.
        lines.append(f"the {words[number % 8]} film number {number} was {words[(number // 8 + 3) % 8]} it,{label}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def one_thread() -> Iterator[None]:
    """Run torch on one core: a tiny model gains nothing by threads, and loses much where they wait for a busy core."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory, one_thread: None) -> Path:
    """A folder with a random 2-layer BERT of width 32 and a real WordPiece tokenizer, as any Hub model looks."""
    return build_tiny_bert(tmp_path_factory.mktemp("tiny-bert"))


def build_tiny_bert(folder: Path, **config: object) -> Path:
    """Save a small random BERT with a WordPiece tokenizer over `WORDS`, single letters and digits."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    pieces = [chr(code) for code in (*range(ord("a"), ord("z") + 1), *range(ord("0"), ord("9") + 1))]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *pieces, *("##" + p for p in pieces)]
    vocabulary += [word for word in WORDS if word not in vocabulary]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    _wordpiece(vocabulary).save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "BertTokenizer", "model_max_length": 64, "pad_token": "[PAD]", "unk_token": "[UNK]",
        "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]", "do_lower_case": True,
    }  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    torch.manual_seed(0)
    sizes = {
        "vocab_size": len(vocabulary), "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": 64, "max_position_embeddings": 64, "pad_token_id": 0,
    }  # fmt: skip
    BertForSequenceClassification(BertConfig(**{**sizes, **config})).save_pretrained(folder)
    return folder


def _wordpiece(vocabulary: list[str]):
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordPiece({token: i for i, token in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


def tiny_options(
    model: Path, source: object, out: Path, settings: Mapping[str, object] | None = None
) -> dict[str, object]:
    """Settings by which the tiny model learns the reviews of `write_reviews` in two seconds."""
    return {
        "data.source": str(source), "modeling.name": str(model), "training.max_steps": 60,
        "training.learning_rate": 1e-2, "training.precision": "fp32", "tokenization.batch_tokens": 128,
        "out": str(out), **(settings or {}),
    }  # fmt: skip


def train_tiny(
    model: Path, source: object, out: Path, settings: Mapping[str, object] | None = None, **arguments: Any
) -> FineTuned:
    """Fine-tune the tiny model on a source; keyword arguments go to `fine_tune`."""
    from afina.config import load_config
    from afina.recipes import fine_tune

    config, origins = load_config(options=tiny_options(model, source, out, settings))
    return fine_tune(config, origins=origins, **arguments)


@pytest.fixture(scope="session")
def trained_run(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the tiny model that has learned its reviews, `source.csv` beside it; to be read and not changed."""
    folder = tmp_path_factory.mktemp("trained")
    return train_tiny(tiny_model, write_reviews(folder / "source.csv", 60), folder / "run").run.root


@pytest.fixture(scope="session")
def poor_run(tiny_model: Path, trained_run: Path) -> Path:
    """A run on the same reviews that has learned next to nothing; to be read and not changed."""
    settings = {"training.max_steps": 1, "training.learning_rate": 1e-9}
    return train_tiny(tiny_model, trained_run.parent / "source.csv", trained_run.parent / "poor", settings).run.root


@pytest.fixture
def run_copy(trained_run: Path, tmp_path: Path) -> Path:
    """A copy of the trained run, to be changed at will."""
    return shutil.copytree(trained_run, tmp_path / "run")


@pytest.fixture
def new_csv(tmp_path: Path) -> Path:
    """Eighty reviews of rooms, of which no run on the reviews of `write_reviews` knows any."""
    path = tmp_path / "new.csv"
    lines = [
        f"this {words[i % 8]} and {words[(i // 8) % 8]} room,{label}"
        for words, label in ((POSITIVE, "positive"), (NEGATIVE, "negative"))
        for i in range(40)
    ]
    path.write_text("text,label\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def afina_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in this process: exit code, standard output, standard error."""

    def call(*arguments: str) -> tuple[int, str, str]:
        import sys

        from afina.cli import app

        monkeypatch.setattr(sys, "argv", ["afina", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            app.run()
        captured = capsys.readouterr()
        code = stopped.value.code
        return (0 if code is None else int(code)), captured.out, captured.err

    return call
