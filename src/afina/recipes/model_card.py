"""The model card: what a stranger must know before using the model, in the Hub's own form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def model_card(
    name: str, summary: Mapping[str, Any], data: Mapping[str, Any], *, base: str, licence: str | None = None
) -> str:
    """README.md of a model folder, with `model-index` metadata.

    Args:
        name: Name of the run.
        summary: The document of `train --json`.
        data: Counts and fingerprints of the texts.
        base: Hub id or folder of the pretrained model.
        licence: Its licence, where that is known.
    """
    base_line = f"base_model: {json.dumps(base)}\n" if _is_hub_id(base) else ""
    licence_line = f"license: {json.dumps(licence)}\n" if licence else ""
    warnings = "\n".join(f"- {warning}" for warning in summary["warnings"]) or "- none"
    settings = "\n".join(f"| {key} | {value} |" for key, value in summary["settings"].items())
    return f"""---
pipeline_tag: text-classification
library_name: transformers
{licence_line}{base_line}tags:
- text-classification
- afina
{_index(name, summary)}---

# {name}

`{base}` fine-tuned to tell {", ".join(f"**{label}**" for label in summary["labels"])} apart.

```python
from transformers import pipeline

classify = pipeline("text-classification", "path/to/model", truncation=True)
```
{_of_long_texts(summary["settings"])}
## How good it is

{_of_scores(summary)}

## What its probabilities are worth

{_of_probabilities(summary)}

## What it was trained on

{data["train"]["texts"]:,} texts of `{data["source"]}` ({_counts(data["train"]["labels"])}), {summary["steps"]:,} steps,
{summary["examples_seen"]:,} texts seen, {summary["seconds"]["train"]:.0f} seconds.
Expect it to do worse on texts of another kind.

## What to be careful about

{warnings}

## Settings

| setting | value |
|---|---|
{settings}
"""


def _test_of(summary: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Test scores of the fine-tuned model alone, which the folder holds, whatever the run blends in beside it."""
    found: Mapping[str, Any] | None = summary["blend"]["test_alone"] or summary["test"]
    return found


def _index(name: str, summary: Mapping[str, Any]) -> str:
    """`model-index`, by which the Hub shows scores; empty where the run was not tested."""
    test = _test_of(summary)
    if test is None:
        return ""
    metrics = "\n".join(
        f"      - type: {metric}\n        value: {test[metric]['value']:.4f}"
        for metric in ("accuracy", "f1", "precision", "recall")
    )
    return f"""model-index:
- name: {json.dumps(name)}
  results:
  - task:
      type: text-classification
    dataset:
      name: {json.dumps(test["dataset"])}
      type: {json.dumps(test["dataset"])}
      split: test
    metrics:
{metrics}
"""


def _of_scores(summary: Mapping[str, Any]) -> str:
    """The test scores beside those of the baselines, and what they come to."""
    test, baseline, weight = _test_of(summary), summary["baseline"], summary["blend"]["weight"]
    if test is None:
        return f"{summary['verdict']}."
    rows = "\n".join(
        f"| {metric} | {_cell(test[metric])} | {_cell(baseline[metric])} | {_cell(baseline['majority'][metric])} |"
        for metric in ("accuracy", "f1", "precision", "recall", "matthews")
    )
    blended = (
        f"With {baseline['name']} blended in ({weight:g} of the log-probabilities), as the run answers, its accuracy "
        f"is {_cell(summary['test']['accuracy'])}. "
        if weight
        else ""
    )
    return f"""On {test["n"]:,} test texts that chose nothing, with 95 % bootstrap intervals.
F1, precision and recall: {test["average"]}.

| | this model | {baseline["name"]} | {baseline["majority"]["name"]} |
|---|---|---|---|
{rows}

{blended}{summary["verdict"]}. The baseline was fitted on {baseline["trained_on"]:,} texts.

{_of_weaknesses(summary["test"])}"""


def _is_hub_id(base: str) -> bool:
    return base.count("/") == 1 and not base.startswith((".", "/", "~")) and not Path(base).is_dir()


def _cell(interval: Mapping[str, float]) -> str:
    return f"{interval['value']:.3f} ({interval['low']:.3f} to {interval['high']:.3f})"


def _of_long_texts(settings: Mapping[str, Any]) -> str:
    """What a tool that only truncates does not do."""
    if settings["long_text"] == "head":
        return ""
    read = {"head-tail": "its head and its tail", "windows": "windows, whose logits are averaged"}
    return (
        f"\nOf a text longer than {settings['max_tokens']} tokens it was trained on {read[settings['long_text']]}, and "
        "the figures below are so; `afina predict` reads it alike, and the pipeline only its head.\n"
    )


def _of_weaknesses(test: Mapping[str, Any]) -> str:
    """Kinds of test texts on which it is worse than on the others beyond chance."""
    weak = [each for each in test["slices"] if each["worse"]]
    if not weak:
        return "It is not worse beyond chance on long or short texts, on one label, or on negation or contrast."
    lines = "\n".join(
        f"| {each['slice']}: {each['value']} | {each['n']:,} | {_cell(each['accuracy'])} | "
        f"{each['accuracy_elsewhere']:.3f} |"
        for each in weak
    )
    return (
        "Worse beyond chance than on the other test texts:\n\n"
        f"| texts | n | accuracy | elsewhere |\n|---|---|---|---|\n{lines}"
    )


def _of_probabilities(summary: Mapping[str, Any]) -> str:
    """How the probabilities of this folder are calibrated, and which of the run's answers are sure."""
    calibration, unsure = summary["calibration"], summary["unsure"]
    temperature, blended = calibration["temperature"], summary["blend"]["weight"]
    test = calibration["test"]
    error = (
        f"{calibration['dev']['ece_after']:.3f} on the dev texts that fitted them"
        if test is None
        else f"{summary['blend']['test_alone']['ece']:.3f} on the test texts"
        if blended
        else f"{test['ece_after']:.3f} on the test texts, and was {test['ece_before']:.3f} before"
    )
    held = (
        "They are as the model was trained to give them: no temperature brings them nearer to the share of right "
        "answers on the dev texts."
        if temperature == 1
        else f"The weights hold a temperature of {temperature:.4g}, fitted on dev texts, so its probabilities are "
        "calibrated."
        if calibration["folded"]
        else f"Divide its logits by {temperature:.4g}, a temperature fitted on dev texts, to have calibrated "
        "probabilities, as `afina predict` does."
    )
    whose = "an answer of the run" if blended else "an answer"
    if unsure["threshold"] is None:
        sure = (
            f"No threshold on them can promise that at most {unsure['error_rate']:.1%} of the sure answers are wrong."
        )
    elif unsure["threshold"] == 0:
        sure = f"The dev texts promise that at most {unsure['error_rate']:.1%} of all answers are wrong."
    else:
        sure = (
            f"From a probability of {unsure['threshold']:.3f} on, {whose} is sure: the dev texts promise that at most "
            f"{unsure['error_rate']:.1%} of those are wrong."
        )
        if unsure["test"] is not None:
            sure += f" Of the test texts {unsure['test']['coverage']['value']:.1%} have a sure answer."
    return f"{held}\nTheir expected calibration error is {error}.\n{sure}"


def _counts(labels: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {label}" for label, count in labels.items())
