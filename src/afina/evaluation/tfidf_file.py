"""A fitted TF-IDF model as one parquet file.

A pickle could run any code when it is loaded, so what was fitted is a table that anyone can read: a row a term, with
its word or two words, inverse document frequency and coefficients. All of it is kept: 22,000 reviews of IMDB have 1.2
million terms, which take 8 MB, and every term counts in the length of a text's row, however small its coefficient.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from afina.errors import ModelError, first_line
from afina.evaluation.tfidf import TOKEN_PATTERN, TfidfModel
from afina.labels import LabelSet

_NOTES = b"afina.tfidf"
_FORMAT = 1
_WORD, _NEXT_WORD, _IDF, _COEFFICIENT = "word", "next_word", "idf", "coefficient_"
# Without limits on dictionaries and row groups each distinct word and number is written once.
_UNLIMITED = 2**30


def write_tfidf(model: TfidfModel, path: Path) -> None:
    """Write a model, and make the folder it stands in; an OSError means that it could not be written."""
    first, second = np.divmod(model.keys, len(model.words) + 1)
    words = pa.array(model.words, pa.string())
    columns: dict[str, Any] = {
        _WORD: pa.DictionaryArray.from_arrays(pa.array(first, pa.int32()), words),
        _NEXT_WORD: pa.DictionaryArray.from_arrays(pa.array(second - 1, pa.int32(), mask=second == 0), words),
        _IDF: model.idf,
    }
    columns |= {f"{_COEFFICIENT}{i}": coefficients for i, coefficients in enumerate(model.coefficients)}
    notes = {
        "format": _FORMAT,
        "token_pattern": TOKEN_PATTERN,
        "labels": list(model.labels),
        "label_ids": model.label_ids.tolist(),
        "intercepts": model.intercepts.tolist(),
        "n_texts": model.n_texts,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        pa.table(columns).replace_schema_metadata({_NOTES: json.dumps(notes)}),
        path,
        compression="zstd",
        compression_level=9,
        row_group_size=_UNLIMITED,
        dictionary_pagesize_limit=_UNLIMITED,
        use_dictionary=[_WORD, _NEXT_WORD, _IDF],
        write_page_checksum=True,
    )


def read_tfidf(path: Path) -> TfidfModel:
    """Read a model that `write_tfidf` wrote.

    Raises:
        ModelError: The file is missing, damaged, or holds something else.
    """
    again = "copy the run folder again, whole"
    try:
        with path.open("rb") as file:
            table = pq.read_table(file, page_checksum_verification=True).unify_dictionaries().combine_chunks()
        notes = json.loads((table.schema.metadata or {})[_NOTES])
        if (notes["format"], notes["token_pattern"]) == (_FORMAT, TOKEN_PATTERN):
            return _model(table, notes)
    except FileNotFoundError:
        raise ModelError(f"No such TF-IDF model: {path}", hint=again) from None
    except (OSError, pa.ArrowException, LookupError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"The TF-IDF model {path} is damaged: {first_line(error)}", hint=again) from None
    raise ModelError(f"The TF-IDF model {path} was written by another version of afina", hint="train again")


def _model(table: pa.Table, notes: dict[str, Any]) -> TfidfModel:
    first, second = (table[name].chunk(0) for name in (_WORD, _NEXT_WORD))
    words = first.dictionary.to_pylist()
    ids = {word: i for i, word in enumerate(words)}
    # The two columns have dictionaries of their own. A single word has no second one, -1, the last of these.
    second_ids = np.array([*(ids[word] for word in second.dictionary.to_pylist()), -1], dtype=np.int64)
    keys = first.indices.to_numpy().astype(np.int64) * (len(words) + 1)
    keys += second_ids[second.indices.fill_null(-1).to_numpy()] + 1
    order = np.argsort(keys)
    n_columns = sum(name.startswith(_COEFFICIENT) for name in table.column_names)
    numbers = [table[name].to_numpy()[order] for name in (_IDF, *(f"{_COEFFICIENT}{i}" for i in range(n_columns)))]
    model = TfidfModel(
        labels=LabelSet(tuple(map(str, notes["labels"]))),
        label_ids=np.array(notes["label_ids"], dtype=np.int64),
        words=words,
        keys=keys[order],
        idf=numbers[0].astype(np.float64),
        coefficients=np.stack(numbers[1:]).astype(np.float32),
        intercepts=np.array(notes["intercepts"], dtype=np.float64),
        n_texts=int(notes["n_texts"]),
    )
    _check(model)
    return model


def _check(model: TfidfModel) -> None:
    """Raise ValueError where the parts of a model do not fit each other."""
    n_classes = len(model.label_ids)
    columns = 1 if n_classes == 2 else n_classes
    wrong = {
        "words repeat": len(set(model.words)) < len(model.words),
        "terms repeat": bool((np.diff(model.keys) <= 0).any()),
        "it has no terms": not len(model.keys),
        "classes are no labels": n_classes < 2
        or not set(model.label_ids.tolist()) <= set(range(len(model.labels)))
        or bool((np.diff(model.label_ids) <= 0).any()),
        "classes lack coefficients": len(model.coefficients) != columns or model.intercepts.shape != (columns,),
        "numbers are not finite": not all(
            np.isfinite(part).all() for part in (model.idf, model.coefficients, model.intercepts)
        ),
    }
    for what, is_wrong in wrong.items():
        if is_wrong:
            raise ValueError(what)
