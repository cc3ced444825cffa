"""Servers under load: afina, FastAPI with transformers' pipeline, and LitServe, with the same weights.

    python benchmarks/serving.py RUN [--seconds 20] [--overload-seconds 60] [--rounds 1] [--sides afina-int8 ...]
        [--texts short mixed]

RUN has been exported with --int8; LitServe is in the extra `bench`. Each side serves alone, and one after the other;
with several rounds, all are told. The load generator shares the machine with the server, and the result says what it
took. `short` and `mixed` texts are those of benchmarks/inference.py, one in a request.

Per side and kind of texts: a closed loop with 1, 8 and 32 clients; then an open loop at 70 % and 200 % of what the 32
clients got. Texts a second are answers with status 200 alone, so that at 200 % they are the goodput. `instant` and
`no-op` have no model behind them: what HTTP, and what all of the server but the model, adds to an answer. Writes
benchmarks/results/serving.json.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from _machine import describe, write_result
from _serving_sides import SIDES, Served, serving
from inference import texts_of

CLIENTS = (1, 8, 32)
WITHOUT_MODEL = ("instant", "no-op")
_N_TEXTS = 400
_LOAD = Path(__file__).with_name("_serving_load.py")


def main() -> None:
    """Measure all sides."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each load")
    parser.add_argument("--overload-seconds", type=float, default=60.0, help="of the load at 200 %%")
    parser.add_argument("--warm-up", type=float, default=3.0, help="seconds before each that are not counted")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES))
    parser.add_argument("--texts", nargs="+", choices=("short", "mixed"), default=["short", "mixed"])
    asked = parser.parse_args()
    measured = [
        {"round": number, "side": name, "texts": kind, **each}
        for number in range(asked.rounds)
        for kind in asked.texts
        for name in asked.sides
        if kind == "short" or name not in WITHOUT_MODEL
        for each in measure_side(name, kind, asked)
    ]
    machine = describe()
    machine["versions"] |= {name: _version(name) for name in ("onnxruntime", "fastapi", "uvicorn", "litserve")}
    write_result("serving", {"machine": machine, "seconds": asked.seconds, "measurements": measured})


def measure_side(name: str, kind: str, asked: argparse.Namespace) -> list[dict[str, Any]]:
    """All loads on one server."""
    bodies = [{"text": text} for text in texts_of(kind, _N_TEXTS)]
    found = []
    with serving(SIDES[name], asked.run) as served:
        common = {"port": served.port, "path": SIDES[name].path, "bodies": bodies, "warm_up_s": asked.warm_up}
        found.append({"load": "none", "ready_s": round(served.ready_s, 2), "memory_mb": round(served.memory_mb(), 1)})
        capacity = 0.0
        for clients in CLIENTS:
            load = {"clients": clients, "seconds": asked.seconds}
            found.append(measure(served, common, load, name=f"closed, {clients}"))
            capacity = max(capacity, found[-1]["texts_per_second"])
        if name not in WITHOUT_MODEL:
            for share, seconds in ((0.7, asked.seconds), (2.0, asked.overload_seconds)):
                load = {"rate": share * capacity, "seconds": seconds}
                found.append(measure(served, common, load, name=f"open, {share:.0%}"))
    for each in found:
        sys.stderr.write(f"{name:12} {kind:6} {json.dumps(each)}\n")
    return found


def measure(served: Served, common: dict[str, Any], load: dict[str, Any], *, name: str) -> dict[str, Any]:
    """One load, and what server and generator took of the machine meanwhile."""
    served.take_samples_mb()
    used_s = served.cpu_seconds()
    generator = subprocess.run(
        [sys.executable, str(_LOAD)], input=json.dumps({**common, **load}), capture_output=True, text=True, check=True
    )
    result = json.loads(generator.stdout)
    samples = served.take_samples_mb()
    cores = (served.cpu_seconds() - used_s) / (load["seconds"] + common["warm_up_s"])
    return {
        "load": name,
        **({"rate": round(load["rate"], 1)} if "rate" in load else {}),
        **result,
        "server_cores": round(cores, 2),
        "memory_mb": {"first": round(samples[0], 1), "last": round(samples[-1], 1), "most": round(max(samples), 1)},
    }


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


if __name__ == "__main__":
    main()
