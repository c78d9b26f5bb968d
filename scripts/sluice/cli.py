"""The command `sluice`: registers the commands, and turns errors into exit codes.

0 done, 1 a check failed or a guard denied it, 2 it could not run, 130 it was interrupted.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from types import FrameType
from typing import Annotated

import typer

from sluice import __version__
from sluice.commands.ack import ack
from sluice.commands.alert import app as alert
from sluice.commands.audit import audit
from sluice.commands.build import build
from sluice.commands.chart import chart
from sluice.commands.contract import app as contract
from sluice.commands.dataops import dataops
from sluice.commands.demo import demo
from sluice.commands.diff import diff
from sluice.commands.drop import drop
from sluice.commands.envs import envs
from sluice.commands.impact import impact
from sluice.commands.incidents import app as incidents
from sluice.commands.ingest import ingest
from sluice.commands.init import init
from sluice.commands.lineage import lineage
from sluice.commands.metrics import metrics
from sluice.commands.model import app as model
from sluice.commands.output import register
from sluice.commands.promote import promote
from sluice.commands.prune import prune
from sluice.commands.publish import publish
from sluice.commands.quarantine import app as quarantine
from sluice.commands.rebuild import rebuild
from sluice.commands.releases import releases
from sluice.commands.report import report
from sluice.commands.rollback import rollback
from sluice.commands.run import run
from sluice.commands.score import score
from sluice.commands.setup import setup
from sluice.commands.silence import app as silence
from sluice.commands.source import app as source
from sluice.commands.stream import stream
from sluice.commands.summary import summary
from sluice.commands.verify import verify
from sluice.core import log
from sluice.core.document import document, error_fields
from sluice.core.errors import UNUSABLE, SluiceError, StoppedError
from sluice.core.run_id import one_run
from sluice.core.system import of_system
from sluice.openlineage.after import after_command

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]})


def _version(wanted: bool) -> None:
    if wanted:
        import duckdb

        typer.echo(f"sluice {__version__} ({_dbt()}, DuckDB {duckdb.__version__})")
        raise typer.Exit


def _dbt() -> str:
    """The dbt of the current folder, and the Python that runs it if that is not this one."""
    from sluice.core import dbt_python

    try:
        found = dbt_python.find()
    except SluiceError:
        return "no dbt here"
    return f"dbt {found.has.dbt}" + ("" if found.is_running else f" in {found.path}")


@app.callback()
def sluice(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """DataOps for an online shop on dbt, DuckDB and Delta Lake.

    Commands work in the project that the current folder is in.
    """


register(app, "Build", init, setup, ingest, stream, build, run, score, summary)
app.add_typer(source, name="source", rich_help_panel="Build")
register(app, "Release", publish, ack, promote, rollback, envs, releases)
app.add_typer(model, name="model", rich_help_panel="Release")
register(app, "Review", impact, lineage)
register(app, "Review", diff, anywhere=True)
register(app, "Review", drop)
register(app, "Quality", audit, verify)
register(app, "Quality", chart, anywhere=True)
app.add_typer(quarantine, name="quarantine", rich_help_panel="Quality")
app.add_typer(alert, name="alert", rich_help_panel="Operate")
app.add_typer(incidents, name="incidents", rich_help_panel="Operate")
app.add_typer(silence, name="silence", rich_help_panel="Operate")
app.add_typer(contract, name="contract", rich_help_panel="Operate")
register(app, "Operate", dataops, report, metrics, prune, rebuild)
register(app, "Try out", demo, anywhere=True)


def main() -> None:
    """Run the command line. An error is printed on stderr in up to three lines; with --format json, also on stdout as JSON."""
    pressed: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        pressed.append(number)
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, interrupt)
    sys.exit(_ended(sys.argv[1:], pressed))


def _ended(arguments: Sequence[str], pressed: Sequence[int]) -> int:
    """Run a command as a run of its own, and return its exit code."""
    try:
        with one_run():
            since = datetime.now(UTC).replace(tzinfo=None)
            try:
                return _ended_in_run(arguments, pressed)
            finally:
                _report(arguments, since, pressed)
    except SluiceError as error:  # SLUICE_RUN_ID is not valid
        return log.explain(error)


def _report(arguments: Sequence[str], since: datetime, pressed: Sequence[int]) -> None:
    """Report a command to OpenLineage, where that is asked for. Whoever presses Ctrl-C waits for no receiver."""
    if not _words(arguments):
        return
    try:
        after_command(since, is_waiting=not pressed)
    except KeyboardInterrupt:
        log.note("interrupted: not every event of OpenLineage was sent; those in the outbox are sent by the next command")


def _ended_in_run(arguments: Sequence[str], pressed: Sequence[int]) -> int:
    """Run a command and return its exit code. Libraries make other errors of Ctrl-C, so `pressed` says whether it was that."""
    code, error = UNUSABLE, None
    try:
        log.begin(_words(arguments))
        ended = app(arguments, prog_name="sluice", standalone_mode=False)
        code = ended if isinstance(ended, int) else 0  # of an early end, such as that of --help, its exit code
    except SluiceError as found:
        error = found
    except typer.TyperException as found:
        context = getattr(found, "ctx", None)
        error = SluiceError(found.format_message(), hint=f"run: {context.command_path if context else 'sluice'} --help")
    except Exception as found:
        error = of_system(found, " ".join(["sluice", *arguments[:1]]))
        if not pressed and error is None:
            raise
    if pressed and code:
        error = StoppedError("finished work is kept, nothing is half done; run it again to go on")
    if error is None:
        return code
    if _wants_json(arguments):
        typer.echo(document(error_fields(error)))
    return log.explain(error)


def _names(group: typer.Typer) -> frozenset[str]:
    return frozenset(str(command.name or command.callback.__name__) for command in group.registered_commands if command.callback)


# Every command, and each group of commands with its own.
_COMMANDS = {name: frozenset[str]() for name in _names(app)} | {
    str(group.name): _names(group.typer_instance) for group in app.registered_groups if group.typer_instance
}


def _words(arguments: Sequence[str]) -> str:
    """The words of a command line that name a command: nothing that a user gave it."""
    first, second = [*arguments, "", ""][:2]
    return f"{first} {second}" if second in _COMMANDS.get(first, ()) else first if first in _COMMANDS else ""


def _wants_json(arguments: Sequence[str]) -> bool:
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    return "--format=json" in arguments or ("--format", "json") in pairs
