"""What an exported model says of itself: onnx/export.json."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from afina.errors import ModelError
from afina.run_folder import OnnxFolder


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class DevCheck(_Record):
    """A graph's answers to the dev texts, beside those of PyTorch."""

    texts: int
    labels_kept: float
    """Share of texts with the same label."""
    accuracy: float
    accuracy_before: float
    """With PyTorch."""
    ece: float
    """Expected calibration error, at the temperature that was fitted anew."""
    ece_before: float
    """With PyTorch."""


class GraphRecord(_Record):
    """One graph."""

    sha256: str
    mb: float
    """Size of its file, in 10^6 bytes."""
    largest_difference: dict[str, float]
    """Largest difference of a logit to PyTorch's, by kind of batch."""
    temperature: float
    """What its logits are divided by before the softmax."""
    blend_temperature: float
    """That of the mixture with the baseline, where one is blended in."""
    threshold: float | None
    """Probability from which on an answer is sure; None where no promise can be made."""
    dev: DevCheck | None
    """None where it was not measured."""


class ExportRecord(_Record):
    """An exported model."""

    afina: str
    onnxruntime: str
    opset: int
    """Version of the standard operators."""
    weights_sha256: str
    """Of model/model.safetensors, from which it was made."""
    labels: tuple[str, ...]
    pad_id: int
    padding_side: str
    n_embedded: int
    """Tokens that the model has embeddings for."""
    tokenizer_sha256: str
    self_test_sha256: str
    graphs: dict[str, GraphRecord]
    """By precision: `fp32`, and `int8` where it was asked for and found good."""
    refused: dict[str, Any] | None = None
    """What was found of an int8 graph that was not good enough."""


def read_export(folder: OnnxFolder) -> ExportRecord | None:
    """The record of an exported model; None where there is none.

    Raises:
        ModelError: It is damaged.
    """
    try:
        written = folder.record.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ModelError(f"The file {folder.record} cannot be read: {error.strerror or error}") from None
    try:
        return ExportRecord.model_validate_json(written)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ModelError(
            f"The file {folder.record} is not one that afina wrote: {place + ': ' if place else ''}{first['msg']}",
            hint="export the run again",
        ) from None
