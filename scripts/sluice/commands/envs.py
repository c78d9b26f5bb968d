"""`sluice envs`: environments and where they point."""

from __future__ import annotations

from datetime import UTC, datetime

from sluice.commands.options import Format, FormatOption
from sluice.commands.output import show


def envs(output: FormatOption = Format.text) -> None:
    """List environments: the release or file of each, since when, by whom and why."""
    from sluice.environments.context import here
    from sluice.environments.listing import environments, environments_text

    rows = environments(here())
    show(output, {"environments": rows}, lambda _: environments_text(rows, datetime.now(UTC)))
