"""`afina models`: what is known of pretrained models, without a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from afina.cli import _console
from afina.cli._model_tables import print_model, print_models
from afina.cli._options import Catalog, Json
from afina.config import parse_duration
from afina.errors import ConfigError

if TYPE_CHECKING:
    from afina.modeling import CatalogEntry

EXAMPLES = """
Examples:

  afina models

  afina models --language es --max-params 200M

  afina models --fits 15m --on reviews.csv

  afina models --catalog my.toml --json
"""
SHOW_EXAMPLES = """
Examples:

  afina models show distilbert

  afina models show mine --catalog my.toml
"""
_BYTES_A_WEIGHT = 4
# Beside a trained weight: its gradient and the two moments of AdamW.
_COPIES_IN_TRAINING = 3

app = typer.Typer()


@app.callback(invoke_without_command=True, epilog=EXAMPLES)
def models(
    context: typer.Context,
    family: Annotated[str | None, typer.Option(help="Of this family: bert, roberta, ...", show_default=False)] = None,
    language: Annotated[
        str | None,
        typer.Option(
            help="That read this language: en, es, ...; `multilingual` for those of many.", show_default=False
        ),
    ] = None,
    max_params: Annotated[
        str | None, typer.Option(metavar="N", help="With no more weights: 50M, 0.1B, 50000000.", show_default=False)
    ] = None,
    licence: Annotated[
        str | None, typer.Option("--licence", "--license", help="Under this licence: mit, ...", show_default=False)
    ] = None,
    fits: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="That can be trained on this machine in this time: 900s, 15m, 1h.", show_default=False
        ),
    ] = None,
    on: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="Texts to train on, for --fits.", show_default="sample")
    ] = None,
    catalog: Catalog = None,
    json: Json = False,
) -> None:
    """Pretrained models by short name: size, tokenizer, languages, licence, published accuracy, and which are here."""
    asked = {
        "--family": family, "--language": language, "--max-params": max_params, "--licence": licence,
        "--fits": fits, "--on": on, "--catalog": catalog,
    }  # fmt: skip
    given = {option: value for option, value in asked.items() if value is not None}
    if context.invoked_subcommand is not None:
        _refuse_options([*given, *(["--json"] if json else [])], context.invoked_subcommand)
        return
    if on is not None and fits is None:
        raise ConfigError("--on names the texts that --fits is about", hint="as in --fits 15m --on reviews.csv")
    seconds = None if fits is None else _read_seconds(fits)
    from afina.modeling import filter_models, parse_count, read_catalog

    entries = filter_models(
        read_catalog(catalog),
        family=family,
        language=language,
        max_parameters=None if max_params is None else parse_count(max_params),
        licence=licence,
    )
    document: dict[str, Any] = {"models": [_facts(entry) for entry in entries.values()]}
    if seconds is not None and entries:
        _keep_fitting(document, entries, on or "sample", seconds)
    if json:
        _console.print_json(document)
    else:
        filters = " ".join(f"{option} {value}" for option, value in given.items() if option != "--catalog")
        print_models(document, filters=filters)


@app.command(epilog=SHOW_EXAMPLES)
def show(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Catalog name, or Hub id of a model in it.", show_default=False)
    ],
    catalog: Catalog = None,
    json: Json = False,
) -> None:
    """Explain one model: what it is, where its figures come from, what it needs, and how to try it."""
    from afina.modeling import known_entry, read_catalog

    entry = known_entry(name, read_catalog(catalog))
    weights = entry.figures.parameters
    above = weights - entry.figures.embedding_parameters
    document = {
        **_facts(entry),
        "memory_mb": {
            "weights": _megabytes(weights),
            "training_all": _megabytes(weights + _COPIES_IN_TRAINING * weights),
            "training_above_embeddings": _megabytes(weights + _COPIES_IN_TRAINING * above),
        },
    }
    if json:
        _console.print_json(document)
    else:
        print_model(document, catalog=catalog)


def _facts(entry: CatalogEntry) -> dict[str, Any]:
    from afina.modeling import is_local

    return {**entry.model_dump(mode="json"), "local": is_local(entry)}


def _megabytes(n_weights: int) -> float:
    return round(n_weights * _BYTES_A_WEIGHT / 1e6, 1)


def _read_seconds(text: str) -> float:
    seconds = parse_duration(text)
    if not isinstance(seconds, float) or seconds <= 0:
        raise ConfigError(f"--fits takes a time above 0, got {text!r}", hint="as in 900s, 15m or 1h")
    return seconds


def _refuse_options(given: list[str], subcommand: str) -> None:
    if given:
        raise ConfigError(
            f"{given[0]} is no option of `afina models {subcommand}` where it stands",
            hint=f"options go behind: afina models {subcommand} NAME --catalog FILE --json",
        )


def _keep_fitting(
    document: dict[str, Any], entries: Mapping[str, CatalogEntry], source: str, budget_seconds: float
) -> None:
    """Put the forecast beside each model, and models that do not fit apart, with why."""
    with _console.progress_reporter() as reporter:
        reporter.stage("Starting")
        from afina.recipes import estimate_models

        estimates = estimate_models(entries, source, budget_seconds, reporter=reporter)
    models = [{**model, "fits": estimates[model["name"]]} for model in document["models"]]
    document["models"] = [model for model in models if model["fits"]["fits"]]
    document["rejected"] = [
        {"name": model["name"], **{key: model["fits"][key] for key in ("seconds", "memory_mb", "why")}}
        for model in models
        if not model["fits"]["fits"]
    ]
