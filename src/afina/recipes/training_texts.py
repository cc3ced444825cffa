"""The training texts of a finished run, so that mistakes can be shown beside what the run learned."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from afina.config import RunConfig
from afina.data import SAMPLE, Fingerprints, TextDataset, digests_of, public_name
from afina.data.sources.database import is_database
from afina.data.sources.hub import PREFIX as HUB_PREFIX
from afina.errors import AfinaError
from afina.evaluation import TrainingTexts
from afina.labels import LabelSet
from afina.recipes.leakage import read_fingerprints
from afina.recipes.preparation import load_configured
from afina.run_folder import RunFolder


def training_texts_of(run: RunFolder) -> TrainingTexts | None:
    """The texts that a run learned from, as far as its source still holds them.

    A run keeps no texts. Those of its source are read again, and of these the ones whose fingerprints the run keeps are
    its training texts. A source on the network is not fetched again for this.

    Args:
        run: A finished run.

    Returns:
        None where the source is gone, is on the network, or holds none of the training texts any more.
    """
    try:
        manifest = run.read_manifest()
        # Settings of a later version may be unknown here; then nothing is known of the source either.
        config, labels = RunConfig.model_validate(manifest["config"]), LabelSet(tuple(manifest["labels"]))
        fingerprints = read_fingerprints(run)
        texts = _read(config, labels)
    except (AfinaError, OSError, KeyError, TypeError, ValueError):
        return None
    source = public_name(config.data.source)
    if texts is None:
        return None
    if fingerprints is None:
        return TrainingTexts(texts, origin=f"the texts of {source}, of which it learned a part")
    learned = _learned(texts, fingerprints)
    if not len(learned):
        return None
    return TrainingTexts(texts.select(learned), origin=f"the {len(learned):,} texts of {source} that it learned from")


def _read(config: RunConfig, labels: LabelSet) -> TextDataset | None:
    data = config.data
    if data.source.startswith(HUB_PREFIX) or is_database(data.source):
        return None
    source = f"{SAMPLE}:train" if data.source == SAMPLE and data.test is None and data.dev is None else data.source
    return load_configured(source, data, labels=labels, seed=config.training.seed)[0]


def _learned(texts: TextDataset, fingerprints: Fingerprints) -> npt.NDArray[np.int64]:
    """Positions of the texts that a run was trained on, and not only tested by."""
    trained_on = fingerprints.digests[np.array([role == "train" for role in fingerprints.roles], dtype=bool)]
    return np.flatnonzero(np.isin(digests_of(texts.normal_forms), trained_on))
