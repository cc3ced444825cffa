"""`afina tokens compare`: what tokenizers make of given texts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from afina.cli import _console
from afina.cli._options import Force, Json, LabelColumn, Source, TextColumn, TitleColumn
from afina.cli._token_tables import print_study
from afina.outputs import check_file

EXAMPLES = """
Examples:

  afina tokens compare sample

  afina tokens compare reviews.csv --tokenizer minilm --tokenizer bpe:4000 --tokenizer ./my-model

  afina tokens compare reviews.csv --effect 10 --html tokens.html
"""

app = typer.Typer(help="Study tokenizers on your own texts.", no_args_is_help=True)


@app.command(epilog=EXAMPLES)
def compare(
    source: Source,
    tokenizer: Annotated[
        list[str] | None,
        typer.Option(
            "--tokenizer",
            "-t",
            metavar="T",
            help="Catalog name, model folder, tokenizer.json or Hub id; or wordpiece, bpe, unigram, wordlevel (each "
            "also as `bpe:4000`), chars, bytes, to be trained on half of the texts. Repeat for more.",
            show_default="minilm and one of each kind",
        ),
    ] = None,
    max_tokens: Annotated[
        int, typer.Option(min=1, help="Limit in tokens at which truncation and padding are counted.")
    ] = 128,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the halves, the batches and the example texts.")] = 0,
    effect: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            metavar="MINUTES",
            show_default=False,
            help="Measure accuracy too, in about so many minutes: a small encoder trained from scratch under each "
            "vocabulary, and each pretrained model fine-tuned with its own. Needs labels.",
        ),
    ] = None,
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    label_column: LabelColumn = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with plots.", show_default=False)] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Compare tokenizers: length, unknowns, truncation, padding, speed, what survives, and texts cut by each."""
    if html is not None:
        check_file(html, force=force)
    with _console.progress_reporter() as reporter:
        reporter.stage("Starting")
        from afina.recipes import compare_tokenizers

        document = compare_tokenizers(
            source,
            tokenizer,
            max_tokens=max_tokens,
            seed=seed,
            text_column=text_column,
            title_column=title_column,
            reporter=reporter,
        )
        if effect is not None:
            from afina.recipes import measure_effect

            document["effect"] = measure_effect(
                source,
                [row["asked"] for row in document["tokenizers"]],
                minutes=effect,
                seed=seed,
                text_column=text_column,
                title_column=title_column,
                label_column=label_column,
                reporter=reporter,
            )
        if html is not None:
            _console.write_page(reporter, "tokens.html.j2", document, html, force=force)
    if json:
        _console.print_json(document)
    else:
        print_study(document)
