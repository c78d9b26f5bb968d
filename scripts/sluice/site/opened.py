"""Opens everything that pages are made from, once. What cannot be read is a note, and missing in the site."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import duckdb

from sluice.alerts.opened import over
from sluice.core import log
from sluice.core.dbt import artifact
from sluice.core.duck import connect, identifier, literal
from sluice.core.errors import SluiceError
from sluice.environments import candidates, listing
from sluice.environments.context import Context, here
from sluice.environments.resolve import Located, locate, usual
from sluice.history import ledger
from sluice.history.kinds import KINDS, IncidentEntry, ProfileEntry
from sluice.site.context import NO_MANIFEST, Judged, Shown, Site

MEMORY_LIMIT = "2GB"


@contextmanager
def opened(environment: str | None = None, now: datetime | None = None) -> Iterator[Site]:
    """The site of the project in the current folder. Raises SluiceError where the environment is not in the policy."""
    context = here()
    name = environment or usual()
    context.policy.environment(name)
    with (
        tempfile.TemporaryDirectory(prefix="sluice-site-") as spill,
        connect(extensions=["delta"], memory_limit=MEMORY_LIMIT, temp_directory=Path(spill)) as connection,
    ):
        _history(connection, context.lake)
        night = files("sluice.site").joinpath("nights.sql").read_text(encoding="utf-8")
        connection.execute(f"create temp table nights as {night}", {"environment": name})
        shown = _shown(name)
        if shown is not None:
            shown = _attached(connection, shown)
        yield Site(
            project=Path.cwd(),
            name=_name(shown),
            made_at=(now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None, microsecond=0),
            context=context,
            environment=name,
            environments=tuple(listing.environments(context)),
            releases=tuple(listing.releases(context)),
            shown=shown,
            judged=_judged(context, name, shown),
            db=connection,
        )


def _name(shown: Shown | None) -> str:
    return str((shown.manifest.get("metadata") or {}).get("project_name") or Path.cwd().name) if shown else Path.cwd().name


def _history(connection: duckdb.DuckDBPyConnection, lake: Path) -> None:
    """The tables of lake/ops. Profiles are many, and few are read: they stay where they are."""
    for kind in KINDS:
        try:
            form = "view" if kind is ProfileEntry else "table"
            connection.execute(f"create temp {form} {identifier(kind.TABLE)} as {ledger.query(lake, kind)}")
        except (SluiceError, duckdb.Error) as error:
            log.note(f"lake/ops/{kind.TABLE} is left out: {_line(error)}")
            columns = ", ".join(f"{identifier(name)} {type}" for name, type in ledger.columns(kind).items())
            connection.execute(f"create temp table {identifier(kind.TABLE)} ({columns})")
    connection.execute(f"create temp table incidents_now as {over('incidents', IncidentEntry, 'incidents')}")


def _shown(environment: str) -> Shown | None:
    """What readers of the environment open; None, and a note, where there is nothing."""
    try:
        located = locate(environment)
    except SluiceError as error:
        log.note(f"{environment} is not shown: {_line(error)}")
        return None
    return Shown(located, _manifest(located))


def _manifest(located: Located) -> dict[str, object]:
    try:
        return artifact(located.described_in, "manifest.json")
    except SluiceError as error:
        log.note(f"{located.name} is shown without its models: {_line(error)}")
        return dict(NO_MANIFEST)


def _attached(connection: duckdb.DuckDBPyConnection, shown: Shown) -> Shown | None:
    try:
        connection.execute(f"attach {literal(str(shown.file))} as shown (read_only)")
    except duckdb.Error as error:
        log.note(f"{shown.located.name} is not shown: {_line(error)}")
        return None
    return shown


def _judged(context: Context, environment: str, shown: Shown | None) -> Judged | None:
    """The newest audit of a candidate for the environment, or of its release."""
    built = [one for one in candidates.all_of(context) if one.environment == environment and one.audit]
    published = shown.located.record if shown else None
    if built and (published is None or built[-1].started_at > published.started_at):
        return Judged(context.candidates / built[-1].release_id, built[-1].release_id, is_shown=False)
    if shown and published and published.audit:
        return Judged(shown.folder, published.release_id, is_shown=True)
    return None


def _line(error: Exception) -> str:
    said = error.what if isinstance(error, SluiceError) else str(error)
    return said.splitlines()[0] if said else type(error).__name__
