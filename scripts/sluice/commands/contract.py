"""`sluice contract`: what sources and marts promise, for others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sluice.commands import complete
from sluice.commands.options import AnyEnvOption, Format, FormatOption, any_argument, one_name
from sluice.commands.output import note, register, show
from sluice.core.paths import typed

app = typer.Typer(no_args_is_help=True, help="Contracts of sources and marts for others, in the Open Data Contract Standard.")


def export(
    name: Annotated[str | None, any_argument("Whose marts: an environment, a release or a DuckDB file.")] = None,
    environment: AnyEnvOption = None,
    select: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="A mart, its schema, tag:<tag>, a pattern; or a source.", autocompletion=complete.models
        ),
    ] = None,
    out: Annotated[Path, typer.Option(parser=typed, metavar="FOLDER", help="Where to write them.")] = Path("contracts"),
    output: FormatOption = Format.text,
) -> None:
    """Write a contract for each source and each mart, in ODCS 3.1: columns, keys, rules, owner, and where the data is.

    By default those of prod, or of dev before there is a release. `datacontract test` runs the contract of a mart against its
    release. A contract depends on the project alone: put the folder into git, and a change of it is a change of a promise.
    """
    from sluice.environments.resolve import usual
    from sluice.odcs.export import as_text
    from sluice.odcs.export import export as exported

    found = exported(one_name(name, environment) if name or environment else usual(), out, select or ())
    note(f"{path} is not among the contracts any more; remove it" for path in found.stale)
    show(output, found, as_text)


register(app, None, export)
