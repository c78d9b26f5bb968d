"""`sluice quarantine`: rows that were refused, and what to do about them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sluice.commands import complete
from sluice.commands.options import Format, FormatOption
from sluice.commands.output import end, note, register
from sluice.commands.output import show as print_result
from sluice.core import log
from sluice.core.errors import SluiceError, did_you_mean
from sluice.core.paths import typed, typed_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sluice.quarantine.actions import Choice
    from sluice.quarantine.catalog import Filter, Group, Places
    from sluice.quarantine.row_result import RowResult

app = typer.Typer(help="Show, correct, admit or drop rows that were refused.", no_args_is_help=True)


class Status(StrEnum):
    """What has been decided about a row."""

    open = "open"
    released = "released"
    dropped = "dropped"
    all = "all"


class Place(StrEnum):
    """Where a row was refused: at ingestion, by its contract, or in the warehouse, by a business rule."""

    ingestion = "ingestion"
    warehouse = "warehouse"
    all = "all"

    @property
    def wanted(self) -> str | None:
        """The place as a filter; None for all."""
        return None if self is Place.all else str(self)


def _place(word: str) -> Place:
    """The place of that name; `door` is the former name of `ingestion`."""
    try:
        return Place("ingestion" if word == "door" else word)
    except ValueError:
        raise typer.BadParameter(f"{word!r} is not one of {', '.join(Place)}") from None


def _typed_row(text: str) -> str:
    return f"@{typed(text[1:])}" if text.startswith("@") else text


Ids = Annotated[list[str] | None, typer.Argument(help="Quarantine ids, or the start of each.", metavar="[ID]...")]
FeedOption = Annotated[str | None, typer.Option(help="Only this feed (source.table) or source.", autocompletion=complete.feeds)]
RuleOption = Annotated[
    str | None, typer.Option(help="Only this rule; rules at ingestion are malformed, wrong_type and missing_key.")
]
OlderOption = Annotated[str | None, typer.Option(help="Only rows that were refused longer ago than this: 12h, 7d, 2w.")]
PlaceOption = Annotated[
    Place,
    typer.Option(
        parser=_place, metavar=f"[{'|'.join(Place)}]", help="Where the row was refused: at ingestion or in the warehouse."
    ),
]
WarehouseOption = Annotated[
    str | None,
    typer.Option(
        "--env",
        "--warehouse",
        parser=typed_name,
        metavar="NAME",
        help="An environment, release or file. Default: prod, or dev until prod has a release.",
        autocompletion=complete.warehouses,
    ),
]
WhyOption = Annotated[str | None, typer.Option(help="Reason, recorded with the decision. Required.")]
ByOption = Annotated[
    str | None, typer.Option(help="Who decides: user:<name>, or a name. Default: SLUICE_ACTOR, else the workflow or the user.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Apply it to all rows that match the filter.")]


def list_(
    feed: FeedOption = None,
    rule: RuleOption = None,
    older_than: OlderOption = None,
    status: Annotated[Status, typer.Option(help="What has been decided about the rows.")] = Status.open,
    place: PlaceOption = Place.all,
    rows: Annotated[bool, typer.Option("--rows", help="List single rows instead of counts.")] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Number of rows to list at most. Default: 50 as text, all as JSON.")
    ] = None,
    warehouse: WarehouseOption = None,
    output: FormatOption = Format.text,
) -> None:
    """Show what is in quarantine: counts by feed and rule, or single rows, oldest first. JSON has both."""
    from sluice.quarantine import catalog, report
    from sluice.quarantine.actions import now

    where, moment = _places(place, warehouse), now()
    chosen = _filter(feed, rule, older_than, place, status)
    with catalog.opened(where) as connection:
        groups = catalog.groups(connection, chosen, moment)
        if output is Format.json:
            for line in report.list_json(groups, catalog.rows(connection, chosen, moment, limit=limit), where.notes):
                typer.echo(line)
        elif rows and groups:
            found = catalog.rows(connection, chosen, moment, limit=limit or 50)
            for line in report.rows_text(found, moment, sum(group.rows for group in groups)):
                typer.echo(line)
        else:
            typer.echo(report.groups_text(groups, moment, chosen.status))
        if not groups:
            _suggest(chosen, catalog.groups(connection, catalog.Filter(), moment))


def _suggest(chosen: Filter, groups: Sequence[Group]) -> None:
    """Where nothing matched, and a feed or rule that was given is not in quarantine at all, name one that resembles it."""
    given = ((chosen.feed, {group.feed for group in groups}), (chosen.rule, {group.rule for group in groups}))
    note(hint for name, known in given if name and name not in known and (hint := did_you_mean(name, known)))


def show(
    quarantine_id: Annotated[str, typer.Argument(metavar="ID", help="A quarantine id, or the start of it.")],
    warehouse: WarehouseOption = None,
    output: FormatOption = Format.text,
) -> None:
    """Show everything about one refused row: its columns, rule, origin, decisions, and the commands that apply."""
    from sluice.quarantine import report
    from sluice.quarantine.actions import now, sheet
    from sluice.quarantine.typed_words import ids

    found = sheet(_places(Place.all, warehouse), ids([quarantine_id])[0], Path())
    print_result(output, report.sheet_fields(found), lambda _: report.sheet_text(found, now()))


def release(
    ids: Ids = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="Correct a column: column=value.")] = None,
    unset: Annotated[list[str] | None, typer.Option(help="Make a column null.")] = None,
    row: Annotated[
        str | None, typer.Option(parser=_typed_row, metavar="ROW", help="The whole corrected row as JSON, or @ and a file.")
    ] = None,
    waive: Annotated[bool, typer.Option("--waive", help="Admit the row as it is, against its rule, until a day.")] = False,
    until: Annotated[str | None, typer.Option(help="End of the waiver: 2027-01-31 (00:00 UTC), or 30d.")] = None,
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
    """Admit rows: corrected (--set, --unset, --row), or as they are under a waiver (--waive --until).

    A corrected row lands once, however often it is released. Exit code 0 if every row is in the requested state, even if
    it already was; 1 when a row could not be released, with the reason; 2 when it could not run.
    """
    from sluice.core.actor import actor
    from sluice.lake.contracts import load_contracts
    from sluice.quarantine import actions, typed_words
    from sluice.quarantine.decide import Who
    from sluice.quarantine.edit import Edit

    edit = Edit(typed_words.row(row) if row is not None else None, typed_words.assignments(set_ or []), tuple(unset or ()))
    _check_wish(bool(edit.whole is not None or edit.set or edit.unset), waive, until)
    who, choice = Who(actor(by), typed_words.reason(why)), _choice(ids, feed, rule, older_than, place)
    where = _places(place, warehouse)
    if waive:
        end = typed_words.until(until or "", actions.now())
        _decide("release", lambda: actions.waive(where, choice, end, who, agreed=yes), output)
    else:
        contracts = load_contracts(Path())
        _decide("release", lambda: actions.correct_rows(where, choice, edit, who, contracts, agreed=yes), output)


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
    """Give rows up, with a reason. Nothing is deleted: they stay in quarantine, marked as dropped."""
    from sluice.core.actor import actor
    from sluice.quarantine import actions, typed_words
    from sluice.quarantine.decide import Who

    who, choice = Who(actor(by), typed_words.reason(why)), _choice(ids, feed, rule, older_than, place)
    where = _places(place, warehouse)
    _decide("drop", lambda: actions.drop(where, choice, who, agreed=yes), output)


def expire(
    ids: Ids = None,
    why: WhyOption = None,
    by: ByOption = None,
    warehouse: WarehouseOption = None,
    output: FormatOption = Format.text,
) -> None:
    """End the waivers that are over, as `sluice build` does first; or, by id, waivers that are not over yet."""
    from sluice.core.actor import actor
    from sluice.core.paths import lake_root
    from sluice.quarantine import actions, typed_words
    from sluice.quarantine import expire as expire_due
    from sluice.quarantine.decide import Who

    if ids:
        who, wanted = Who(actor(by), typed_words.reason(why)), typed_words.ids(ids)
        where = _places(Place.all, warehouse)
        _decide("expire", lambda: actions.end_waivers(where, wanted, who), output)
    else:
        ended = expire_due(lake_root(), actions.now())
        print_result(output, {"expired": ended}, lambda _: f"{len(ended):,} waivers ended")


def _places(place: Place, warehouse: str | None) -> Places:
    from sluice.core.paths import lake_root
    from sluice.environments.resolve import locate, usual
    from sluice.quarantine.catalog import places

    found = places(lake_root(), lambda: locate(warehouse or usual()), place=place.wanted)
    note(found.notes)
    return found


def _filter(feed: str | None, rule: str | None, older_than: str | None, place: Place, status: Status) -> Filter:
    from sluice.quarantine.catalog import Filter
    from sluice.quarantine.typed_words import age

    return Filter(
        feed,
        rule,
        place.wanted,
        None if status is Status.all else str(status),
        age(older_than, "--older-than") if older_than else None,
    )


def _choice(ids: list[str] | None, feed: str | None, rule: str | None, older_than: str | None, place: Place) -> Choice:
    from sluice.quarantine import actions, typed_words

    narrowed = bool(feed or rule or older_than or place is not Place.all)
    if bool(ids) == narrowed:
        what = "ids and a filter are given together" if ids else "no row is given"
        raise SluiceError(what, hint="give ids, or a filter: --feed, --rule, --older-than, --place")
    return actions.Choice(typed_words.ids(ids or []), _filter(feed, rule, older_than, place, Status.open))


def _check_wish(is_edited: bool, waive: bool, until: str | None) -> None:
    if waive == is_edited:
        what = "a correction and a waiver are given together" if waive else "neither a correction nor a waiver is given"
        raise SluiceError(what, hint="give --set, --unset or --row; or --waive --until")
    if waive != (until is not None):
        what = "a waiver needs an end" if waive else "only a waiver has an end"
        raise SluiceError(what, where="--until", hint="--waive --until 30d")


def _decide(verb: str, carry_out: Callable[[], list[RowResult]], output: Format) -> None:
    """Carry it out and print the result for each row; without --yes, print what it would touch, and end with exit code 2."""
    from sluice.quarantine import actions, report
    from sluice.quarantine.row_result import RowOutcome

    try:
        verdicts = carry_out()
    except actions.NotAgreedError as error:
        log.say(report.groups_text(error.plan, actions.now(), "open"))
        count = sum(group.rows for group in error.plan)
        raise SluiceError(f"nothing was done: {verb} would touch {count:,} rows", hint="check them, then add --yes") from None
    print_result(output, report.verdicts_fields(verdicts), lambda _: report.verdicts_text(verdicts))
    end(int(any(verdict.outcome is RowOutcome.refused for verdict in verdicts)))


register(app, None, list_, name="list")
register(app, None, show, release, drop, expire)
