"""The command `sluice`: registers the verbs and maps outcomes to exit codes: 0 done, 1 a check failed, 2 could not run."""

from __future__ import annotations

import sys

import typer

from sluice.commands.audit import audit
from sluice.commands.build import build
from sluice.commands.demo import demo
from sluice.commands.diff import diff
from sluice.commands.faults import faults
from sluice.commands.impact import impact
from sluice.commands.ingest import ingest
from sluice.commands.quarantine import app as quarantine
from sluice.commands.setup import setup
from sluice.commands.summary import summary
from sluice.errors import SluiceError

app = typer.Typer(
    help="DataOps for an online shop on dbt, DuckDB and Delta Lake.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (audit, build, demo, diff, faults, impact, ingest, setup, summary):
    app.command()(command)
app.add_typer(quarantine, name="quarantine")


def main() -> None:
    """Run the command line. A user's mistake ends in three short lines on stderr and exit code 2."""
    try:
        app()
    except SluiceError as error:
        sys.exit(_explain(error))
    except KeyboardInterrupt:
        print("stopped; what was committed stays, run it again to go on", file=sys.stderr)
        sys.exit(2)


def _explain(error: SluiceError) -> int:
    print(f"error: {error.what}", file=sys.stderr)
    if error.where:
        print(f"where: {error.where}", file=sys.stderr)
    if error.hint:
        print(f"what to do: {error.hint}", file=sys.stderr)
    return 2
