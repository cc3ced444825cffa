"""What the catalog knows of a model."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Published(_Part):
    """An accuracy that others measured."""

    accuracy: float = Field(gt=0, le=100)
    """In percent."""
    source: str
    """Where it was read."""
    note: str | None = None
    """What sets it apart from the others: another split, another training set, one run."""


class Figures(_Part):
    """Numbers that follow from the config; a test computes them again."""

    parameters: int = Field(gt=0)
    """Weights, with a classification head of two labels."""
    embedding_parameters: int = Field(ge=0)
    """Of these, those before the first layer."""
    layers: int = Field(gt=0)
    width: int = Field(gt=0)
    vocabulary: int = Field(gt=0)
    context: int | None = Field(None, gt=0)
    """Most tokens of a text; None where positions are relative."""


class CatalogEntry(_Part):
    """A pretrained model."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    """Short name."""
    hub: str
    """`owner/name` on the Hugging Face Hub."""
    revision: str | None = Field(None, pattern=r"^[0-9a-f]{40}$")
    """Commit on the Hub that is loaded; None where none is pinned, and the newest is loaded."""
    family: str
    """`model_type` of its config."""
    tokenizer: Literal["WordPiece", "byte-level BPE", "BPE", "Unigram"]
    cased: bool
    """Whether its tokenizer tells capitals from small letters."""
    objective: str
    """What it was pretrained to do."""
    languages: tuple[str, ...]
    """ISO 639-1 codes, or `multilingual`."""
    licence: str
    """SPDX identifier, in lower case."""
    download_mb: float | None = Field(None, gt=0)
    """Size of its weights in safetensors, in MB."""
    good_for: str
    """A sentence on when to take it."""
    sst2: Published | None = None
    imdb: Published | None = None
    checked: str = ""
    """Date on which its facts were last looked up, ISO 8601."""
    figures: Figures
    config: dict[str, Any]
    """The fields of its config.json that its sizes follow from."""
