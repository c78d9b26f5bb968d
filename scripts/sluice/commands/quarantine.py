"""`sluice quarantine`: rows that were refused, and their way out and back."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sluice.commands.formats import Format

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sluice.quarantine.actions import Choice
    from sluice.quarantine.catalog import Filter, Places
    from sluice.quarantine.row_result import RowResult

app = typer.Typer(help="Rows that were refused: see them, correct them, let them in, or drop them.", no_args_is_help=True)


class Status(StrEnum):
    """What has been decided of a row."""

    open = "open"
    released = "released"
    dropped = "dropped"
    all = "all"


class Place(StrEnum):
    """Where a row was refused: at ingestion, by its contract, or in the warehouse, by a business rule."""

    ingestion = "ingestion"
    warehouse = "warehouse"
    all = "all"


def _place(word: str) -> Place:
    """The place of that name; `door` is the former name of `ingestion`."""
    try:
        return Place("ingestion" if word == "door" else word)
    except ValueError:
        raise typer.BadParameter(f"{word!r} is not one of {', '.join(Place)}") from None


Ids = Annotated[list[str] | None, typer.Argument(help="Quarantine ids, or their first letters.", metavar="[ID]...")]
FeedOption = Annotated[str | None, typer.Option(help="Only this feed (source.table) or source.")]
RuleOption = Annotated[str | None, typer.Option(help="Only this rule; at ingestion malformed, wrong_type or missing_key.")]
OlderOption = Annotated[str | None, typer.Option(help="Only rows refused longer ago: 12h, 7d, 2w.")]
PlaceOption = Annotated[Place, typer.Option(parser=_place, metavar=f"[{'|'.join(Place)}]", help="Where the row was refused.")]
WarehouseOption = Annotated[str | None, typer.Option(help="An environment, release or file; else prod, before its time dev.")]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print the result.")]
WhyOption = Annotated[str | None, typer.Option(help="The reason, for those who ask later.")]
ByOption = Annotated[str | None, typer.Option(help="Who decides; else SLUICE_USER, git's e-mail address, the user.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do it to all rows that the filter lets through.")]


@app.command("list")
def list_(
    feed: FeedOption = None,
    rule: RuleOption = None,
    older_than: OlderOption = None,
    status: Annotated[Status, typer.Option(help="What has been decided of the rows.")] = Status.open,
    place: PlaceOption = Place.all,
    rows: Annotated[bool, typer.Option("--rows", help="Single rows instead of counts.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many rows; text shows 50.")] = None,
    warehouse: WarehouseOption = None,
    output: FormatOption = Format.text,
) -> None:
    """Show what is in quarantine: counts by feed and rule, or single rows, the oldest first. JSON gives both."""
    from sluice.quarantine import catalog, report
    from sluice.quarantine.actions import now

    where, moment = _places(place, warehouse), now()
    chosen = _filter(feed, rule, older_than, place, status)
    with catalog.opened(where) as connection:
        groups = catalog.groups(connection, chosen, moment)
        if output is Format.json:
            _print(report.list_json(groups, catalog.rows(connection, chosen, moment, limit=limit), where.notes))
        elif rows and groups:
            found = catalog.rows(connection, chosen, moment, limit=limit or 50)
            _print(report.rows_text(found, moment, sum(group.rows for group in groups)))
        else:
            typer.echo(report.groups_text(groups, moment, chosen.status))


@app.command()
def show(
    quarantine_id: Annotated[str, typer.Argument(metavar="ID", help="A quarantine id, or its first letters.")],
    warehouse: WarehouseOption = None,
    output: FormatOption = Format.text,
) -> None:
    """Tell everything about one refused row: as landed, rule, origin, decisions, and what can be done."""
    from sluice.quarantine import report
    from sluice.quarantine.actions import now, sheet
    from sluice.quarantine.options import ids

    found = sheet(_places(Place.all, warehouse), ids([quarantine_id])[0], Path())
    typer.echo(report.sheet_json(found) if output is Format.json else report.sheet_text(found, now()))


@app.command()
def release(
    ids: Ids = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="Correct a column: column=value.")] = None,
    unset: Annotated[list[str] | None, typer.Option(help="Make a column null.")] = None,
    row: Annotated[str | None, typer.Option(help="The whole corrected row as JSON, or @ and a file.")] = None,
    waive: Annotated[bool, typer.Option("--waive", help="Let the row in as it is, against its rule, for a time.")] = False,
    until: Annotated[str | None, typer.Option(help="When the waiver ends: 2027-01-31 (as the day begins, UTC), 30d.")] = None,
    why: WhyOption = None,
    by: ByOption = None,
    feed: FeedOption = None,
    rule: RuleOption = None,
    older_than: OlderOption = None,
    place: PlaceOption = Place.all,
    yes: YesOption = False,
    warehouse: WarehouseOption = None,
    output: FormatOption = Format.text,
) -> None:
    """Let rows re-enter: corrected (--set, --unset, --row), or as they are under a waiver (--waive --until).

    A corrected row lands once, however often it is released. Exit code 0 when all is as wished, also if it was before;
    1 when a row could not be released, with the reason; 2 when it could not run.
    """
    from sluice.lake.contracts import load_contracts
    from sluice.quarantine import actions, options
    from sluice.quarantine.decide import Who
    from sluice.quarantine.edit import Edit

    edit = Edit(options.row(row) if row is not None else None, options.assignments(set_ or []), tuple(unset or ()))
    _check_wish(bool(edit.whole is not None or edit.set or edit.unset), waive, until)
    who, choice = Who(options.person(by), options.reason(why)), _choice(ids, feed, rule, older_than, place)
    where = _places(place, warehouse)
    if waive:
        end = options.until(until or "", actions.now())
        _decide("release", lambda: actions.waive(where, choice, end, who, agreed=yes), output)
    else:
        contracts = load_contracts(Path())
        _decide("release", lambda: actions.correct_rows(where, choice, edit, who, contracts, agreed=yes), output)


@app.command()
def drop(
    ids: Ids = None,
    why: WhyOption = None,
    by: ByOption = None,
    feed: FeedOption = None,
    rule: RuleOption = None,
    older_than: OlderOption = None,
    place: PlaceOption = Place.all,
    yes: YesOption = False,
    warehouse: WarehouseOption = None,
    output: FormatOption = Format.text,
) -> None:
    """Give rows up, for a reason. Nothing is deleted: they stay where they are, and count as dropped."""
    from sluice.quarantine import actions, options
    from sluice.quarantine.decide import Who

    who, choice = Who(options.person(by), options.reason(why)), _choice(ids, feed, rule, older_than, place)
    where = _places(place, warehouse)
    _decide("drop", lambda: actions.drop(where, choice, who, agreed=yes), output)


@app.command()
def expire(
    ids: Ids = None,
    why: WhyOption = None,
    by: ByOption = None,
    warehouse: WarehouseOption = None,
    output: FormatOption = Format.text,
) -> None:
    """End the waivers whose time has come, as `sluice build` does first; or, by id, one before its time."""
    from sluice.core.paths import lake_root
    from sluice.quarantine import actions, options
    from sluice.quarantine import expire as expire_due
    from sluice.quarantine.decide import Who

    if ids:
        who, wanted = Who(options.person(by), options.reason(why)), options.ids(ids)
        where = _places(Place.all, warehouse)
        _decide("expire", lambda: actions.end_waivers(where, wanted, who), output)
    else:
        ended = expire_due(lake_root(), actions.now())
        typer.echo(_expired_json(ended) if output is Format.json else f"{len(ended):,} waivers ended")


def _expired_json(ended: Sequence[str]) -> str:
    import json

    return json.dumps({"expired": list(ended)})


def _places(place: Place, warehouse: str | None) -> Places:
    from sluice.core.paths import lake_root
    from sluice.environments.resolve import locate, usual
    from sluice.quarantine.catalog import places

    found = places(lake_root(), lambda: locate(warehouse or usual()), place=None if place is Place.all else str(place))
    for note in found.notes:
        typer.echo(f"note: {note}", err=True)
    return found


def _filter(feed: str | None, rule: str | None, older_than: str | None, place: Place, status: Status) -> Filter:
    from sluice.quarantine.catalog import Filter
    from sluice.quarantine.options import age

    return Filter(
        feed,
        rule,
        None if place is Place.all else str(place),
        None if status is Status.all else str(status),
        age(older_than, "--older-than") if older_than else None,
    )


def _choice(ids: list[str] | None, feed: str | None, rule: str | None, older_than: str | None, place: Place) -> Choice:
    from sluice.core.errors import SluiceError
    from sluice.quarantine import actions, options

    narrowed = bool(feed or rule or older_than or place is not Place.all)
    if bool(ids) == narrowed:
        what = "ids and a filter together" if ids else "no row is named"
        raise SluiceError(what, hint="name ids, or a filter: --feed, --rule, --older-than, --place")
    return actions.Choice(options.ids(ids or []), _filter(feed, rule, older_than, place, Status.open))


def _check_wish(is_edited: bool, waive: bool, until: str | None) -> None:
    from sluice.core.errors import SluiceError

    if waive == is_edited:
        what = "a correction and a waiver together" if waive else "neither a correction nor a waiver"
        raise SluiceError(what, hint="give --set, --unset or --row; or --waive --until")
    if waive != (until is not None):
        what = "a waiver needs an end" if waive else "only a waiver has an end"
        raise SluiceError(what, where="--until", hint="--waive --until 30d")


def _decide(verb: str, carry_out: Callable[[], list[RowResult]], output: Format) -> None:
    """Carry it out and print what became of each row; without a yes, print what it would touch, and end in 2."""
    from sluice.core.errors import SluiceError
    from sluice.quarantine import actions, report
    from sluice.quarantine.row_result import RowOutcome

    try:
        verdicts = carry_out()
    except actions.NotAgreedError as error:
        typer.echo(report.groups_text(error.plan, actions.now(), "open"), err=True)
        count = sum(group.rows for group in error.plan)
        raise SluiceError(f"nothing was done: {verb} would touch {count:,} rows", hint="look at them, then add --yes") from None
    typer.echo(report.verdicts_json(verdicts) if output is Format.json else report.verdicts_text(verdicts))
    if any(verdict.outcome is RowOutcome.refused for verdict in verdicts):
        raise typer.Exit(1)


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)
