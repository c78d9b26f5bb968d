"""`sluice metrics`: the state of lake and releases, for Prometheus."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sluice.commands.options import Format, FormatOption
from sluice.commands.output import end, note
from sluice.core import log
from sluice.core.document import document
from sluice.core.errors import SluiceError
from sluice.core.paths import typed

if TYPE_CHECKING:
    from sluice.metrics.sample import Measured


def metrics(
    out: Annotated[
        Path | None,
        typer.Option(parser=typed, metavar="FILE", help="Write here, in one step: a .prom file in node_exporter's folder."),
    ] = None,
    serve: Annotated[
        str | None, typer.Option(metavar="[HOST:]PORT", help="Serve /metrics until SIGTERM. HOST is 127.0.0.1 by default.")
    ] = None,
    output: FormatOption = Format.text,
) -> None:
    """Write metrics in the text format of Prometheus: runs, releases, feeds, checks, rejected rows, disk.

    It reads lake/ops and what environments point to, holds no lock and writes nothing else. Exit code 2 where a part could
    not be read: the other parts are written.
    """
    from sluice.metrics.text import as_text

    if serve is not None:
        if out is not None or output is not Format.text:
            what = f"--serve excludes {'--format json' if out is None else '--out'}"
            raise SluiceError(what, where="--serve", hint="use one of them")
        _serve(serve)
        return
    measured = _measured()
    text = as_text(measured) if output is Format.text else document(measured) + "\n"
    if out is None:
        typer.echo(text, nl=False)
    else:
        _write(text, out)
    end(measured.exit_code)


def _measured() -> Measured:
    from sluice.environments.context import here
    from sluice.metrics.measure import measure

    measured = measure(here())
    note(f"{part} cannot be read: {trouble}" for part, trouble in measured.troubles.items())
    return measured


def _serve(where: str) -> None:
    from sluice.metrics.server import address, serve
    from sluice.metrics.text import as_text

    serve(address(where), lambda: as_text(_measured()), lambda url: log.say(f"serving {url}"))


def _write(text: str, out: Path) -> None:
    """Put the file in place whole: who reads it never sees half of it."""
    fresh = out.with_name(f".{out.name}.new")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.chmod(0o644)
        fresh.replace(out)
    except OSError as error:
        what = f"the metrics cannot be written: {error.strerror}"
        raise SluiceError(what, where=str(out), hint="name a file in a folder that this user may write to") from error
