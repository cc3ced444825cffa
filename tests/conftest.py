"""Fixtures shared by all tests: a clean environment, tiny real tokenizers and models, and the data nearby."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Set before any library reads it: no test may reach a hub.
os.environ["HF_HUB_OFFLINE"] = "1"

POSITIVE = ("good", "fine", "lovely", "great", "happy", "brilliant", "fresh", "kind")
NEGATIVE = ("bad", "awful", "poor", "dull", "broken", "rude", "sad", "stale")
WORDS = (*POSITIVE, *NEGATIVE, "the", "a", "film", "number", "and", "it", "was", "room", "this", "not", "very")


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
