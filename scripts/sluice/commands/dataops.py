"""`sluice dataops`: DORA's metrics and their data twins, from the history in the lake."""

from __future__ import annotations

from typing import Annotated

import typer

from sluice.commands import complete
from sluice.commands.options import EnvOrDefault, Format, FormatOption
from sluice.commands.output import note, show
from sluice.core.errors import SluiceError, did_you_mean

_TEXT_ROWS = 50


def dataops(
    environment: EnvOrDefault = "prod",
    since: Annotated[str, typer.Option(metavar="AGE", help="How far back to look: 90d, 12w.")] = "90d",
    metric: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this metric.", autocompletion=complete.dataops_metrics)
    ] = None,
    rows: Annotated[bool, typer.Option("--rows", help="Show the rows behind each figure.")] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="With --rows: rows of a metric at most. Default: 50 as text, all as JSON.")
    ] = None,
    output: FormatOption = Format.text,
) -> None:
    """Show how often and how fast changes and data arrive, and how often they fail: DORA's metrics and their data twins.

    Each figure says of how many rows it is made; --rows shows them, with the ids of lake/ops. docs/dataops.md has the
    definitions.
    """
    from sluice.dataops.here import report
    from sluice.dataops.metrics import METRICS, NAMES
    from sluice.dataops.report import as_text
    from sluice.quarantine.typed_words import age

    for name in metric or []:
        if name not in NAMES:
            raise SluiceError(f"{name} is not a metric", where="--metric", hint=did_you_mean(name, NAMES, ", ".join(NAMES)))
    chosen = [one for one in METRICS if not metric or one.name in metric]
    most = 0 if not rows else limit or (_TEXT_ROWS if output is Format.text else None)
    found = report(environment, age(since, "--since"), only=chosen, limit=most)
    note(found.notes)
    show(output, found, lambda told: as_text(told, rows=rows))
