"""What a model folder may hold: files that run no code, settings that name nothing elsewhere, headers of a sane size.

Pure looking at files: it loads no library, so that every way to load a run can begin with it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from afina.errors import ModelError

PICKLES = frozenset((
    ".bin", ".ckpt", ".dill", ".joblib", ".npy", ".npz", ".pickle", ".pkl", ".pt", ".pth",
))  # fmt: skip
"""Endings of files that are read by unpickling, or may be, which can run any code."""
_CODE = frozenset((".dll", ".dylib", ".exe", ".py", ".pyc", ".pyd", ".sh", ".so"))
# Weights in forms that are not safetensors: a Keras file holds code, and msgpack is read by nothing of afina.
_OTHER_WEIGHTS = frozenset((".h5", ".hdf5", ".keras", ".msgpack"))

_SETTINGS = ("config.json", "tokenizer_config.json")
_FIELDS = {
    "auto_map": "code of the model's author",
    "custom_pipelines": "code of the model's author",
    "transformers_weights": "weights in another file",
    "base_model_name_or_path": "another model",
    "peft_config": "another model",
}
# Kernels whose name is a repository are fetched from the Hub and run.
_KERNELS = ("attn_implementation", "_attn_implementation", "experts_implementation", "_experts_implementation")
# transformers lays these over the model, or loads another model for them, without being asked.
_ADAPTERS = ("adapter_config.json",)

MOST_HEADER_BYTES = 1_000_000
MOST_TENSORS = 5_000
"""Of one safetensors file. Models of the catalog have 389 tensors at most (opt-350m), in a header of 49 KB."""
_LENGTH_BYTES = 8


def refuse_unsafe_files(folder: Path) -> None:
    """Refuse a model folder that afina did not write, by the files in it and what its settings name.

    A run's folders hold safetensors, ONNX, JSON and text, and nothing else is wanted there. Called before any library
    opens the folder.

    Args:
        folder: The model of a run, or another folder of a run with parts of a model; one that is not there is safe.

    Raises:
        ModelError: A file is of a kind that can run code, a setting names something outside the folder, or a header is
            far too large; the file and the field are named.
    """
    for path in sorted(folder.rglob("*")):
        suffix = path.suffix.lower()
        if suffix in PICKLES | _CODE | _OTHER_WEIGHTS:
            raise ModelError(f"The file {path} {_objection(suffix)}", hint="remove it; afina never writes such a file")
        if suffix == ".safetensors":
            check_header(path)
    for name in _SETTINGS:
        if (folder / name).is_file():
            _check_fields(folder / name)


def refuse_adapters(folder: Path) -> None:
    """Refuse a model folder in which transformers would find weights to lay over the model's own.

    Raises:
        ModelError: There are such; the file is named.
    """
    for name in _ADAPTERS:
        if (folder / name).exists():
            raise ModelError(
                f"The file {folder / name} would have other weights laid over the model",
                hint="a run keeps low-rank updates in a folder of their own; remove it",
            )


def check_header(path: Path) -> None:
    """Refuse a safetensors file whose header is made to exhaust whoever reads it; other damage the library tells.

    Raises:
        ModelError: The header is longer than 1 MB, or names more than 5,000 tensors.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        if length > path.stat().st_size - _LENGTH_BYTES:
            return
        if length > MOST_HEADER_BYTES:
            raise ModelError(
                f"The header of {path} is of {length:,} bytes, more than {MOST_HEADER_BYTES:,}",
                hint="no model that afina knows has so many weights; the file is damaged or made to do harm",
            )
        header = file.read(length)
    try:
        tensors = json.loads(header)
    except (ValueError, RecursionError):
        return
    if isinstance(tensors, dict) and len(tensors) > MOST_TENSORS:
        raise ModelError(
            f"The header of {path} names {len(tensors):,} tensors, more than {MOST_TENSORS:,}",
            hint="no model that afina knows has so many; the file is made to do harm",
        )


def check_labels(config: Path, labels: Sequence[str]) -> None:
    """Refuse a model whose own labels are not those that its run says it has.

    Args:
        config: config.json of the model.
        labels: Names of the labels, by id.

    Raises:
        ModelError: It has others, or another number of them.
    """
    settings = _read(config)
    names = settings.get("id2label")
    if not isinstance(names, dict):
        # The number alone, which stands for names such as LABEL_0.
        found = [f"LABEL_{i}" for i in range(n)] if isinstance(n := settings.get("num_labels"), int) else []
    else:
        found = [str(names.get(str(i))) for i in range(len(names))]
    if found != list(labels):
        raise ModelError(
            f"The model of {config} has other labels than its run: {', '.join(found) or 'none'} "
            f"instead of {', '.join(labels)}",
            hint="its id2label and the labels of run.json do not belong together: copy the run folder again, whole",
        )


def _objection(suffix: str) -> str:
    if suffix in PICKLES:
        return "may be a pickle, which can run any code, and afina reads none"
    if suffix in _CODE:
        return "is code, and afina runs none that comes with a model"
    return "holds weights in a form that afina does not read"


def _check_fields(path: Path) -> None:
    settings = _read(path)
    for field, what in _FIELDS.items():
        if settings.get(field):
            raise ModelError(
                f"The file {path} names {what}: {field}", hint="afina reads a run's model from its own files alone"
            )
    for field in _KERNELS:
        if isinstance(value := settings.get(field), str) and "/" in value:
            raise ModelError(
                f"The file {path} names code on the Hub: {field} = {value!r}",
                hint="afina runs no code that comes with a model",
            )


def _read(path: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        ModelError: It is none.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"The file {path} cannot be read: {error or type(error).__name__}") from None
    if not isinstance(document, dict):
        raise ModelError(f"The file {path} does not hold settings")
    return document
