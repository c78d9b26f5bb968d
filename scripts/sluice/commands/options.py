"""Options and arguments that several commands share, each declared once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from sluice.commands import complete
from sluice.core.errors import SluiceError
from sluice.core.paths import typed, typed_name


class Format(StrEnum):
    """Text for people, JSON for programs."""

    text = "text"
    json = "json"


class ReportFormat(StrEnum):
    """As Format, and Markdown for pull requests."""

    text = "text"
    json = "json"
    markdown = "markdown"


class DiffFormat(StrEnum):
    """As ReportFormat, and HTML for a review."""

    text = "text"
    markdown = "markdown"
    json = "json"
    html = "html"


_FORMAT = typer.Option("--format", help="Format of the result; docs/schemas describes the JSON.")
FormatOption = Annotated[Format, _FORMAT]
ReportFormatOption = Annotated[ReportFormat, _FORMAT]
DiffFormatOption = Annotated[DiffFormat, _FORMAT]

MemoryLimit = Annotated[str, typer.Option(envvar="SLUICE_MEMORY", help="Memory for DuckDB; beyond it, work spills to disk.")]
Why = Annotated[str | None, typer.Option(help="Reason, recorded in the audit trail.")]
By = Annotated[
    str | None, typer.Option(help="Who says so: user:<name>, or a name. Default: SLUICE_ACTOR, else the workflow or the user.")
]
FullRefresh = Annotated[bool, typer.Option("--full-refresh", help="Rebuild incremental models from scratch.")]
Target = Annotated[
    Path | None, typer.Option(parser=typed, metavar="FOLDER", help="dbt's target folder. Default: DBT_TARGET_PATH, or target.")
]
Feeds = typer.Argument(
    parser=typed, metavar="FILE...", help="Feeds files, such as feeds/demo.yml.", autocompletion=complete.feeds_files
)
SelectModels = Annotated[
    list[str] | None,
    typer.Option(
        metavar="MODEL", help="A model's name, its schema, tag:<tag>, or a pattern such as fct_*.", autocompletion=complete.models
    ),
]

_ENV = typer.Option("--env", metavar="NAME", help="The environment.", autocompletion=complete.environments)
_ANY: dict[str, Any] = {"parser": typed_name, "metavar": "NAME", "autocompletion": complete.warehouses}
EnvOption = Annotated[str | None, _ENV]
# Where there is a default, such as PROD.
EnvOrDefault = Annotated[str, _ENV]
# Where a command also takes a release, a candidate or a file, so does --env.
AnyEnvOption = Annotated[str | None, typer.Option("--env", help="The same as the argument NAME.", **_ANY)]


def any_argument(help: str) -> object:
    """An argument that names an environment, a release or candidate, or a DuckDB file."""
    return typer.Argument(help=help, **_ANY)


def environment_argument(help: str) -> object:
    """An argument that names an environment."""
    return typer.Argument(help=help, metavar="ENVIRONMENT", autocompletion=complete.environments)


def one_name(argument: str | None, option: str | None, default: str | None = None) -> str:
    """The name given, as an argument or by --env. Raises SluiceError where two are given, or none and there is no default."""
    if argument and option and argument != option:
        raise SluiceError(f"two names are given: {argument} and {option}", where="--env", hint="give only one of them")
    name = argument or option or default
    if name is None:
        raise SluiceError("no environment is given", where="--env", hint="name one, such as --env prod; sluice envs lists them")
    return name
