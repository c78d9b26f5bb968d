"""`sluice releases`: candidates and releases."""

from __future__ import annotations

from datetime import UTC, datetime

from sluice.commands.options import Format, FormatOption
from sluice.commands.output import note, show


def releases(output: FormatOption = Format.text) -> None:
    """List candidates and releases, newest first: age, size, audit, code, who, why, and which environment points there."""
    from sluice.environments.context import here
    from sluice.environments.listing import releases as listed
    from sluice.environments.listing import releases_text
    from sluice.environments.pointers import all_of

    context = here()
    rows = listed(context)
    note(all_of(context.store).damaged)
    show(output, {"releases": rows}, lambda _: releases_text(rows, datetime.now(UTC)))
