"""`afina serve`: a web page and a REST API for one run or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from afina.cli import _console
from afina.cli._options import BackendName
from afina.errors import ConfigError
from afina.extras import require

if TYPE_CHECKING:
    from afina.serving.engine import ModelInfo
    from afina.serving.settings import ServingSettings

EXAMPLES = """
Examples:

  afina serve runs/sample-minilm

  afina serve runs/reviews runs/tweets --port 9000

  AFINA_TOKEN=... afina serve runs/reviews --host 0.0.0.0 --allowed-host reviews.example.org

  afina serve runs/reviews --token jobs:SECRET --token SECRET2 --set max_texts=32
"""


def serve(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Run folders; their names are those of the models.")
    ],
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 lets others in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0 takes a free one.")] = 8000,
    token: Annotated[
        list[str] | None,
        typer.Option(
            envvar="AFINA_TOKEN",
            help="Who may come in: SECRET for all, jobs:SECRET or read:SECRET for less.",
            show_default=False,
        ),
    ] = None,
    anonymous: Annotated[
        str | None,
        typer.Option(
            help="What one may do without a token: read, jobs or admin.", show_default="all, on this machine alone"
        ),
    ] = None,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            help="Host name under which the server may be asked; *.example.org for all below.",
            show_default="this machine's",
        ),
    ] = None,
    cors_origin: Annotated[
        list[str] | None,
        typer.Option(help="Other web page whose scripts may ask the server: https://example.org", show_default="none"),
    ] = None,
    backend: BackendName = "auto",
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that compute.")] = 1,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads of a worker.", show_default="by the cores")
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(envvar="AFINA_DATABASE", help="Database URL for feedback and jobs.", show_default="a SQLite file"),
    ] = None,
    state_dir: Annotated[
        Path | None,
        typer.Option(help="Folder for that file and the files of jobs.", show_default="the user's application data"),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep/--no-keep", help="Take feedback and files; without, nothing is ever kept.")
    ] = True,
    docs: Annotated[bool, typer.Option("--docs/--no-docs", help="Show the API at /docs and /openapi.json.")] = True,
    access_log: Annotated[
        bool, typer.Option("--access-log/--no-access-log", help="Log a line for each request, without its texts.")
    ] = True,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", help="Any other limit: name=value, see the guide.", show_default=False),
    ] = None,
) -> None:
    """Serve runs as a web page and a REST API, for this machine alone or, with a token, for others.

    A run that was exported (`afina export`) answers faster and is there sooner. Ctrl-C or SIGTERM finishes what was
    begun and ends the server; a second one ends it at once.
    """
    require("fastapi", extra="serve")
    require("uvicorn", extra="serve")
    from afina.serving.auth import read_token
    from afina.serving.server import bind

    settings = _settings(
        assignments or (), host=host, port=port, tokens=[read_token(each) for each in token or ()],
        anonymous=anonymous, allowed_hosts=allowed_host or (), cors_origins=cors_origin or (), backend=backend,
        workers=workers, threads=threads, database_url=database, state_dir=state_dir, docs=docs,
    )  # fmt: skip
    named = _named(runs)
    listener = bind(settings)
    with listener:
        _serve(named, settings, listener, keep=keep, access_log=access_log)


def _serve(runs: Mapping[str, Path], settings: ServingSettings, listener: Any, *, keep: bool, access_log: bool) -> None:
    _console.stderr.print(f"Loading {', '.join(runs)}", markup=False, soft_wrap=True)
    from afina.serving.app import create_app
    from afina.serving.computing import make_engine
    from afina.serving.logs import set_up_logs
    from afina.serving.server import run, url_of
    from afina.serving.storage import open_storage

    set_up_logs(access=access_log)
    engine = make_engine(runs, settings)
    storage = open_storage(settings, runs) if keep else None
    try:
        if storage is not None and storage.reason is not None:
            _console.warn(f"feedback and files are refused: {storage.reason}")
        app = create_app(settings, engine, runs=runs, store=storage and storage.feedback, jobs=storage and storage.jobs)
        run(
            app, engine, settings, listener,
            on_ready=lambda: _tell(url_of(listener), engine.models, settings, runs),
        )  # fmt: skip
    finally:
        if storage is not None:
            storage.close()


def _settings(assignments: Sequence[str], **given: Any) -> ServingSettings:
    """The settings that options give, and `--set` beside them.

    Raises:
        ConfigError: A value makes no sense, or there is no such setting.
    """
    from afina.serving.settings import ServingSettings

    assigned = dict(_assignment(each) for each in assignments)
    if twice := sorted(set(assigned) & set(given)):
        raise ConfigError(f"{twice[0]} has an option of its own: --{twice[0].replace('_', '-')}")
    try:
        return ServingSettings.model_validate({**given, **assigned})
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, each['loc']))}: {each['msg'].lower()}" for each in error.errors()]
        raise ConfigError("; ".join(wrong), hint="`afina serve --help` names the options") from None


def _assignment(given: str) -> tuple[str, Any]:
    name, equals, value = given.partition("=")
    if not equals:
        raise ConfigError(f"--set {given} has no value", hint="--set name=value")
    return name.strip(), value.split(",") if name.strip() == "frame_ancestors" else value


def _named(runs: Sequence[Path]) -> dict[str, Path]:
    """Runs by the names of their folders; the second of the same name gets a number.

    Raises:
        ConfigError: A folder is given twice, or is none.
    """
    named: dict[str, Path] = {}
    for run in runs:
        folder = run.resolve()
        if not folder.is_dir():
            raise ConfigError(f"There is no run folder {run}", hint="`afina train` makes one")
        if folder in named.values():
            raise ConfigError(f"The run {run} is given twice")
        name, number = folder.name, 2
        while name in named:
            name, number = f"{folder.name}-{number}", number + 1
        named[name] = folder
    return named


def _tell(url: str, models: Mapping[str, ModelInfo], settings: ServingSettings, runs: Mapping[str, Path]) -> None:
    """Where the page is, and what answers there."""
    _console.say(f"Serving at {url}" + (f", the API is described at {url}/docs" if settings.docs else ""))
    for model in models.values():
        _console.say(f"  {model.name}: {', '.join(model.labels)}; {model.backend}, {model.max_tokens} tokens")
        for warning in model.warnings:
            _console.warn(warning)
        if model.backend == "torch":
            _console.warn(f"{model.name} answers faster once it is exported: afina export {runs[model.name]}")
    if not settings.is_loopback and settings.anonymous_scope:
        _console.warn(f"everyone who reaches {settings.host} may do this without a token: {settings.anonymous_scope}")
