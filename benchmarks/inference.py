"""Answering on the same weights: transformers' pipeline, ONNX Runtime as it comes, and afina in fp32 and int8.

    python benchmarks/inference.py [RUN] [--texts 600] [--repeats 5] [--threads 2]

RUN has been exported with --int8; without one, a small model is trained on the shipped sample first. `short` texts are
sentences, of SST-2's dev set where AFINA_DATA holds it and else of the shipped sample; `mixed` ones are made of them,
8 to 512 tokens long, evenly in the logarithm. Each side answers in a process of its own, one after the other, in
several rounds; medians are told. Writes benchmarks/results/inference.json.

Sides: `pipeline` in batches of 1 and 32; `ort`, the graph of PyTorch's exporter as it comes, fp32, with the pipeline's
tokenizer and batches of 32 in the order given; `ort-int8`, the same with ONNX Runtime's dynamic quantization; `loop`, a
bare loop over afina's own fp32 graph and batches sorted by length, texts tokenized beforehand; `afina-fp32` and
`afina-int8`, `Classifier.classify`, texts in, answers out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from _sets import DATA

SIDES = ("pipeline-1", "pipeline-32", "ort", "ort-int8", "loop", "afina-fp32", "afina-int8")
_ONE = 150
_SEED = 0
_BATCH = 32


def texts_of(kind: str, n: int) -> list[str]:
    """Sentences, or stretches of many put together."""
    from afina.data import load_dataset

    given = DATA / "sst2_dev.parquet"
    sentences, _ = load_dataset(str(given) if given.is_file() else "sample")
    rng = np.random.default_rng(_SEED)
    if kind == "short":
        return [sentences.texts[i] for i in rng.integers(len(sentences), size=n)]
    words = " ".join(sentences.texts[i] for i in rng.permutation(len(sentences))).split()
    lengths = np.exp(rng.uniform(np.log(6), np.log(420), size=n)).astype(int)
    starts = rng.integers(len(words) - 420, size=n)
    return [" ".join(words[start : start + length]) for start, length in zip(starts, lengths, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path, nargs="?")
    parser.add_argument("--texts", type=int, default=600)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--graphs", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        json.dump(measure(options.side, options.run, options.graphs, options.texts, options.threads), sys.stdout)
        return
    with tempfile.TemporaryDirectory() as folder:
        run = options.run or train(Path(folder) / "run")
        graphs = Path(folder) / "graphs"
        write_plain_graphs(run, graphs)
        rounds: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
        for number in range(options.repeats):
            for side in SIDES:
                rounds[side].append(ask(side, run, graphs, options.texts, options.threads))
                print(f"round {number + 1}, {side}", file=sys.stderr)
    report({side: in_the_middle(found) for side, found in rounds.items()}, options)


def train(run: Path) -> Path:
    """A model of the shipped sample, exported."""
    from afina.config import load_config
    from afina.recipes import export_run, fine_tune

    settings = {"data.source": "sample", "training.budget": "90s", "tokenization.max_tokens": 512, "out": str(run)}
    fine_tune(load_config(settings=settings))
    export_run(run, int8=True)
    return run


def write_plain_graphs(run: Path, folder: Path) -> None:
    """The graph as PyTorch's exporter writes it, and as ONNX Runtime's dynamic quantization makes it."""
    import torch
    from onnxruntime.quantization import quantize_dynamic
    from transformers import AutoModelForSequenceClassification

    folder.mkdir()
    model = AutoModelForSequenceClassification.from_pretrained(run / "model").eval()
    example = {"input_ids": torch.ones(2, 7, dtype=torch.long), "attention_mask": torch.ones(2, 7, dtype=torch.long)}
    example["attention_mask"][1, 4:] = 0
    free = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    torch.onnx.export(
        model, (), folder / "plain.onnx", kwargs=example, dynamo=True, external_data=False, verbose=False,
        input_names=list(example), output_names=["logits"], dynamic_shapes={name: free for name in example},
    )  # fmt: skip
    quantize_dynamic(folder / "plain.onnx", folder / "plain_int8.onnx", per_channel=True, reduce_range=True)


def ask(side: str, run: Path, graphs: Path, n: int, threads: int) -> dict[str, Any]:
    """Measure a side in a process of its own."""
    command = [
        sys.executable, __file__, str(run), "--side", side, "--graphs", str(graphs), "--texts", str(n),
        "--threads", str(threads),
    ]  # fmt: skip
    environment = {"OMP_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": "true", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, env=os.environ | environment, stdout=subprocess.PIPE, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def measure(side: str, run: Path, graphs: Path, n: int, threads: int) -> dict[str, Any]:
    """Seconds from a fresh process to the first answer, then one text after the other, then all at once."""
    first = "I expected little and was delighted"
    started = time.perf_counter()
    answer = answerer(side, run, graphs, threads)
    answer([first])
    ready = time.perf_counter() - started
    resident = _peak_mb()
    result: dict[str, Any] = {"ready_seconds": ready, "resident_mb": resident}
    for kind in ("short", "mixed"):
        texts = texts_of(kind, n)
        answer(texts[:_BATCH])
        if side not in ("pipeline-32", "loop"):
            times = []
            for text in texts[:_ONE]:
                began = time.perf_counter()
                answer([text])
                times.append(1e3 * (time.perf_counter() - began))
            result[f"{kind}_p50_ms"], result[f"{kind}_p99_ms"] = np.percentile(times, [50, 99]).tolist()
        bulk = prepared(side, run, graphs, threads, texts) if side == "loop" else lambda texts=texts: answer(texts)
        began = time.perf_counter()
        bulk()
        result[f"{kind}_texts_per_second"] = n / (time.perf_counter() - began)
    result["peak_mb"] = _peak_mb()
    return result


Answer = Callable[[Sequence[str]], Any]


def answerer(side: str, run: Path, graphs: Path, threads: int) -> Answer:
    """What answers texts."""
    if side.startswith("afina") or side == "loop":
        from afina import Classifier

        return Classifier.load(run, backend=side.removeprefix("afina-") if side != "loop" else "fp32",
                               threads=threads).classify  # fmt: skip
    most = json.loads((run / "run.json").read_text())["settings"]["max_tokens"]
    if side.startswith("pipeline"):
        import torch
        from transformers import pipeline

        torch.set_num_threads(threads)
        size = int(side.removeprefix("pipeline-"))
        classify = pipeline("text-classification", str(run / "model"), device="cpu")
        return lambda texts: classify(list(texts), batch_size=size, truncation=True, max_length=most)
    return _plain(graphs / ("plain_int8.onnx" if side == "ort-int8" else "plain.onnx"), run, most, threads)


def _plain(graph: Path, run: Path, most: int, threads: int) -> Answer:
    """ONNX Runtime with the tokenizer's own padding, in batches of 32 in the order given."""
    import onnxruntime
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(run / "model" / "tokenizer.json"))
    tokenizer.enable_truncation(most)
    tokenizer.enable_padding(pad_id=json.loads((run / "model" / "config.json").read_text())["pad_token_id"])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def answer(texts: Sequence[str]) -> list[Any]:
        answers = []
        for start in range(0, len(texts), _BATCH):
            encoded = tokenizer.encode_batch(list(texts[start : start + _BATCH]))
            inputs = {
                "input_ids": np.array([each.ids for each in encoded], dtype=np.int64),
                "attention_mask": np.array([each.attention_mask for each in encoded], dtype=np.int64),
            }
            answers.append(session.run(None, inputs)[0])
        return answers

    return answer


def prepared(side: str, run: Path, graphs: Path, threads: int, texts: Sequence[str]) -> Callable[[], Any]:
    """The bare loop: sorted and padded batches, and nothing but calls of ONNX Runtime."""
    import onnxruntime

    from afina.inference.loading import load_parts
    from afina.inference.onnx_backend import BATCH_TOKENS
    from afina.tokenization import pad, sorted_batches

    encoder = load_parts(run, backend="fp32").encoder
    pad_id = json.loads((run / "onnx" / "export.json").read_text())["pad_id"]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        run / "onnx" / "model.onnx", options, providers=["CPUExecutionProvider"],
        disabled_optimizers=["SkipLayerNormFusion", "BiasGeluFusion"],
    )  # fmt: skip
    encodings = encoder.encode(texts)
    batches = [pad(encodings, rows, pad_id=pad_id) for rows in sorted_batches(encodings.lengths, BATCH_TOKENS)]
    inputs = [{"input_ids": batch.token_ids, "attention_mask": batch.mask} for batch in batches]
    session.run(None, inputs[0])
    return lambda: [session.run(None, each) for each in inputs]


def _peak_mb() -> float:
    """Largest resident memory of this process so far, in 10^6 bytes; `getrusage` would count that of its parent too."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024 / 1e6


def in_the_middle(rounds: list[dict[str, Any]]) -> dict[str, float]:
    """Medians over rounds."""
    return {name: median(found[name] for found in rounds) for name in rounds[0]}


def report(sides: dict[str, dict[str, float]], options: argparse.Namespace) -> None:
    """Print the table and the ratios, and write both."""
    from _machine import describe, write_result

    names = list(dict.fromkeys(name for found in sides.values() for name in found))
    print("| side | " + " | ".join(name.replace("_", " ") for name in names) + " |")
    print("|---|" + "---:|" * len(names))
    for side, found in sides.items():
        print(f"| {side} | " + " | ".join(f"{found[name]:.4g}" if name in found else "" for name in names) + " |")
    ratios = {}
    for precision in ("fp32", "int8"):
        mine = sides[f"afina-{precision}"]
        for kind in ("short", "mixed"):
            ratios[f"{precision}_{kind}_one_text_against_pipeline"] = (
                sides["pipeline-1"][f"{kind}_p50_ms"] / mine[f"{kind}_p50_ms"]
            )
            for size in ("pipeline-1", "pipeline-32"):
                ratios[f"{precision}_{kind}_bulk_against_{size}"] = (
                    mine[f"{kind}_texts_per_second"] / sides[size][f"{kind}_texts_per_second"]
                )
            plain = sides["ort" if precision == "fp32" else "ort-int8"][f"{kind}_texts_per_second"]
            ratios[f"{precision}_{kind}_bulk_against_plain_onnx_runtime"] = mine[f"{kind}_texts_per_second"] / plain
    for kind in ("short", "mixed"):
        ratios[f"fp32_{kind}_bulk_against_bare_loop"] = (
            sides["afina-fp32"][f"{kind}_texts_per_second"] / sides["loop"][f"{kind}_texts_per_second"]
        )
    for name, ratio in ratios.items():
        print(f"{name}: {ratio:.2f}")
    write_result(
        "inference",
        {"machine": describe(), "texts": options.texts, "repeats": options.repeats, "threads": options.threads,
         "sides": sides, "ratios": ratios},
    )  # fmt: skip


if __name__ == "__main__":
    main()
