"""The command `sluice`: registers the verbs and maps outcomes to exit codes: 0 done, 1 a check failed, 2 could not run."""

from __future__ import annotations

import sys

import typer

from sluice.commands.audit import audit
from sluice.commands.build import build
from sluice.commands.demo import demo
from sluice.commands.diff import diff
from sluice.commands.drop import drop
from sluice.commands.envs import envs
from sluice.commands.impact import impact
from sluice.commands.ingest import ingest
from sluice.commands.promote import promote
from sluice.commands.prune import prune
from sluice.commands.publish import publish
from sluice.commands.quarantine import app as quarantine
from sluice.commands.rebuild import rebuild
from sluice.commands.releases import releases
from sluice.commands.rollback import rollback
from sluice.commands.run import run
from sluice.commands.setup import setup
from sluice.commands.summary import summary
from sluice.commands.verify import verify
from sluice.core.errors import SluiceError, explain

app = typer.Typer(
    help="DataOps for an online shop on dbt, DuckDB and Delta Lake.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    audit, build, demo, diff, drop, envs, impact, ingest, promote, prune, publish, rebuild, releases, rollback, run,
    setup, summary, verify,
):  # fmt: skip
    app.command()(command)
app.add_typer(quarantine, name="quarantine")


def main() -> None:
    """Run the command line. A user's mistake ends in three short lines on stderr and exit code 2, a guard's no in 1."""
    try:
        app()
    except SluiceError as error:
        sys.exit(explain(error))
    except KeyboardInterrupt:
        print("stopped; what was committed stays, run it again to go on", file=sys.stderr)
        sys.exit(2)
