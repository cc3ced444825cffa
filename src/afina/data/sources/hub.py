"""Data sets of the Hugging Face Hub, and folders in its layout, streamed through the `datasets` library.

No code of a data set is ever run: the library refuses data sets that are scripts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from afina.data.sources.cells import plain_cell
from afina.data.sources.file_notes import FileNotes, Row
from afina.data.sources.quiet import quiet_hub
from afina.errors import DataError, first_line
from afina.extras import require

PREFIX = "hub:"
_ROWS_PER_BATCH = 1000
_ROWS_TO_FIND_COLUMNS = 100
_SECONDS_TO_ANSWER = 10
_SOURCE = re.compile(r"(?P<place>.+?)(?::(?P<config>[^:/\\@]+))?(?:@(?P<split>[^:/\\@]+))?")
_REPOSITORY = re.compile(r"[\w.-]+(/[\w.-]+)?")


@dataclass(frozen=True)
class HubSource:
    """What `hub:owner/name[:config][@split]` names."""

    place: str
    """The repository, or a folder."""
    config: str | None = None
    split: str | None = None

    @classmethod
    def parse(cls, source: str) -> HubSource:
        """Read a source.

        Raises:
            DataError: It names no repository and no folder.
        """
        rest = source.removeprefix(PREFIX).strip()
        if rest and Path(rest).expanduser().is_dir() and _is_path(rest):
            return cls(rest)
        found = _SOURCE.fullmatch(rest)
        if found and (_is_path(found["place"]) or _REPOSITORY.fullmatch(found["place"])):
            return cls(found["place"], found["config"], found["split"])
        raise DataError(
            f"Not a data set of the Hub: {source}",
            hint="write hub:owner/name, hub:owner/name:config@split or hub:./folder",
        )

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder here rather than a repository there."""
        return _is_path(self.place)

    @property
    def name(self) -> str:
        """Short name, of the parts that are given."""
        last = Path(self.place).expanduser().resolve().name if self.is_folder else self.place.rsplit("/", 1)[-1]
        return "-".join(part for part in (last, self.config, self.split) if part)


def _is_path(place: str) -> bool:
    return place.startswith((".", "~")) or Path(place).is_absolute()


def open_hub(source: str) -> tuple[Iterator[Row], list[FileNotes]]:
    """Rows of a split, and notes with the names of its labels.

    Args:
        source: `hub:owner/name[:config][@split]`, or a folder in the Hub's layout in place of owner/name.

    Raises:
        DataError: There is no such data set, config or split, the Hub cannot be reached, or no column holds text.
        MissingExtraError: The package datasets is not installed.
    """
    wanted = HubSource.parse(source)
    datasets = require("datasets", extra="data")
    notes = FileNotes(Path(wanted.name))
    with quiet_hub(), _as_one_sentence(wanted):
        place = _checked_folder(wanted) if wanted.is_folder else _checked_repository(wanted)
        config = _choose_config(datasets, place, wanted)
        splits = datasets.load_dataset(place, config, streaming=True)
        dataset = splits[_choose_split(list(splits), wanted)]
        features = dataset.features or _guessed_features(dataset)
    names = _flat_columns(features, notes)
    return _rows(dataset.select_columns(names), wanted, notes), [notes]


def _rows(dataset: Any, wanted: HubSource, notes: FileNotes) -> Iterator[Row]:
    rows = iter(dataset)
    while True:
        with quiet_hub(), _as_one_sentence(wanted):
            batch = list(islice(rows, _ROWS_PER_BATCH))
        if not batch:
            return
        for row in batch:
            notes.rows += 1
            yield {name: plain_cell(value) for name, value in row.items()}


def _checked_folder(wanted: HubSource) -> str:
    folder = Path(wanted.place).expanduser()
    if not folder.is_dir():
        raise DataError(f"No such folder: {wanted.place}", hint="hub:owner/name is a data set of the Hub")
    return str(folder.resolve())


def _checked_repository(wanted: HubSource) -> str:
    """Ask once whether the repository is there: `datasets` by itself asks for minutes where there is no network."""
    if Path(wanted.place).is_dir():
        raise DataError(f"{wanted.place} is also a folder here", hint=f"write hub:./{wanted.place} for the folder")
    from huggingface_hub import HfApi
    from huggingface_hub import errors as hub_errors

    local = "a folder that was downloaded before is hub:./folder"
    try:
        HfApi().dataset_info(wanted.place, timeout=_SECONDS_TO_ANSWER)
    except hub_errors.OfflineModeIsEnabled:
        raise DataError(
            f"The Hub is switched off by HF_HUB_OFFLINE: {wanted.place} is not read", hint=f"unset it; {local}"
        ) from None
    except hub_errors.GatedRepoError:
        raise _gated(wanted) from None
    except hub_errors.RepositoryNotFoundError:
        raise DataError(
            f"No data set of the Hub, or a private one: {wanted.place}",
            hint="see its page; log in with `hf auth login`",
        ) from None
    except hub_errors.HFValidationError:
        raise DataError(f"Not the name of a data set of the Hub: {wanted.place}", hint="write hub:owner/name") from None
    except hub_errors.HfHubHTTPError as error:
        raise DataError(f"The Hub refuses {wanted.place}: {first_line(error)}", hint=f"try again; {local}") from None
    except Exception as error:  # the library's HTTP client and its errors change with its version
        raise DataError(
            f"The Hub cannot be reached for {wanted.place}: {first_line(error)}", hint=f"is there a network? {local}"
        ) from None
    return wanted.place


def _gated(wanted: HubSource) -> DataError:
    return DataError(
        f"The data set {wanted.place} asks for consent first",
        hint=f"agree at https://huggingface.co/datasets/{wanted.place} and log in with `hf auth login`",
    )


def _choose_config(datasets: Any, place: str, wanted: HubSource) -> str | None:
    configs = datasets.get_dataset_config_names(place)
    listed = f"its configs are {', '.join(configs)}"
    if wanted.config is not None:
        if wanted.config not in configs:
            raise DataError(f"No config {wanted.config!r} in {wanted.place}", hint=listed)
        return wanted.config
    if len(configs) > 1 and datasets.get_dataset_default_config_name(place) is None:
        raise DataError(f"{wanted.place} has several configs", hint=f"{listed}; write hub:{wanted.place}:{configs[0]}")
    return None


def _choose_split(splits: list[str], wanted: HubSource) -> str:
    if wanted.split in splits:
        return str(wanted.split)
    listed = f"its splits are {', '.join(splits)}"
    if wanted.split is not None:
        raise DataError(f"No split {wanted.split!r} in {wanted.place}", hint=listed)
    if "train" in splits:
        return "train"
    if len(splits) == 1:
        return splits[0]
    raise DataError(f"{wanted.place} has no split 'train'", hint=f"{listed}; write @{splits[0]} behind it")


def _guessed_features(dataset: Any) -> dict[str, Any]:
    """Columns of files that do not say what they hold, with a value for each."""
    rows = list(islice(dataset, _ROWS_TO_FIND_COLUMNS))
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: next((row[name] for row in rows if row.get(name) is not None), None) for name in names}


def _flat_columns(features: dict[str, Any], notes: FileNotes) -> list[str]:
    """Names of the columns of plain values; label names and columns left out are noted.

    Args:
        features: By column, what `datasets` says of it, or a value where it says nothing.
        notes: Where it is noted.
    """
    from datasets import ClassLabel, Value

    flat = {}
    for name, feature in features.items():
        if isinstance(feature, ClassLabel):
            notes.class_names[name] = list(feature.names)
        if isinstance(feature, (ClassLabel, Value, str, bool, int, float)) or feature is None:
            flat[name] = feature
    notes.left_out = {name: type(features[name]).__name__ for name in features if name not in flat}
    if not any(_may_be_text(feature) for feature in flat.values()):
        others = ", ".join(f"{name} ({kind})" for name, kind in notes.left_out.items())
        has = f"its columns are {', '.join(flat) or 'none'}" + (f"; no plain values are {others}" if others else "")
        raise DataError(f"No text column in {notes.path.name}", hint=has)
    return list(flat)


def _may_be_text(feature: Any) -> bool:
    if isinstance(feature, str):
        return True
    # A label of the library is a number with a name; its texts and bytes are values.
    return type(feature).__name__ == "Value" and ("string" in feature.dtype or "binary" in feature.dtype)


@contextmanager
def _as_one_sentence(wanted: HubSource) -> Iterator[None]:
    try:
        yield
    except DataError:
        raise
    except Exception as error:  # pandas, Arrow, fsspec, the Hub: each has errors of its own
        message = first_line(error)
        if "gated" in message:
            raise _gated(wanted) from None
        if "script" in message and "no longer supported" in message:
            raise DataError(
                f"{wanted.place} is a script, which afina does not run", hint="look for a copy of it in parquet files"
            ) from None
        raise DataError(f"The data set {wanted.place} cannot be read: {message}") from None
