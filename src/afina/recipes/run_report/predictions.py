"""What a run answered on its test set, as it was kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from afina.recipes.run_report.curves import coverage_curve


def read_certainty(path: Path, labels: Sequence[str], *, temperature: float | None) -> dict[str, Any] | None:
    """How sure the run was of its test texts, and whether rightly so.

    Args:
        path: predictions.parquet.
        labels: Names of the labels, as in the columns.
        temperature: The temperature already applied to the probabilities; None where it cannot be taken back.

    Returns:
        `coverage`, the error rate by how many texts are answered, and `reliability_before`, the bins of the
        reliability diagram as they would be uncorrected, None where that is not known. None for the whole where the
        file is missing or not such a file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    from afina.evaluation import at_temperature, log_probabilities, reliability_bins

    columns = [f"probability_{label}" for label in labels]
    try:
        table = pq.read_table(path, columns=["label", *columns])
    except (OSError, pa.ArrowException):
        return None
    if table.num_rows == 0 or table.num_columns != len(columns) + 1:
        return None
    probabilities = np.column_stack([table[column].to_numpy() for column in columns]).astype(np.float64)
    ids = {label: i for i, label in enumerate(labels)}
    label_ids = np.array([ids.get(label, -1) for label in table["label"].to_pylist()])
    before = None
    if temperature is not None and temperature != 1:
        uncorrected = at_temperature(log_probabilities(probabilities), 1 / temperature)
        before = [found.as_dict() for found in reliability_bins(label_ids, uncorrected)]
    return {
        "coverage": coverage_curve(probabilities.argmax(axis=1) == label_ids, probabilities.max(axis=1)),
        "reliability_before": before,
    }
