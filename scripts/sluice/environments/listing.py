"""Lists environments, releases and candidates, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sluice.core.duck import is_duckdb
from sluice.core.errors import SluiceError
from sluice.core.locks import is_held
from sluice.core.text import ago, size, table, wrapped
from sluice.environments import candidates, origin
from sluice.environments.context import Context
from sluice.environments.origin import Built
from sluice.environments.pointers import all_of
from sluice.environments.policy import Environment
from sluice.store import moves
from sluice.store.record import Record
from sluice.store.store import Pointer


@dataclass(frozen=True, kw_only=True)
class EnvironmentRow:
    """An environment: what it points to or its file, since when, by whom and why. `status` is ok, or what is wrong.

    `built` says when and from what the release or file was built, where that is known.
    """

    name: str
    kind: str
    release_id: str | None = None
    rolls_back_to: str | None = None
    file: str = ""
    bytes: int | None = None
    since: str | None = None
    by: str | None = None
    action: str | None = None
    why: str | None = None
    status: str
    built: Built | None = None


@dataclass(frozen=True, kw_only=True)
class ReleaseRow:
    """A release or candidate; `status` says which environments use it, `work_bytes` how large its work file is, if it is kept."""

    release_id: str
    kind: str
    status: str
    environment: str
    built_at: str | None
    bytes: int | None
    work_bytes: int | None
    built_by: str
    audit: str
    commit: str | None
    is_dirty: bool
    by: str | None
    why: str | None


def environments(context: Context) -> list[EnvironmentRow]:
    """Every environment of the policy, and the existing members of families."""
    rows = []
    for one in context.policy.environments:
        if one.kind == "pointer":
            rows.append(_pointing(context, one.name))
        else:
            rows += [_own_file(context, one, name) for name in _members(context, one)]
    return rows


def _pointing(context: Context, name: str) -> EnvironmentRow:
    try:
        pointer = context.store.pointer(name)
    except SluiceError as error:
        return EnvironmentRow(name=name, kind="pointer", status=error.what)
    size, status, record = _state(context, pointer)
    status = "; ".join([status, *pointer.damaged])
    last = {}
    # Where entries of the history are lost, the last one may be of another release.
    if pointer.history and pointer.release_id in (None, pointer.history[-1].release_id):
        move = pointer.history[-1]
        last = {"since": move.at, "by": move.actor, "action": move.action, "why": move.why}
    return EnvironmentRow(
        name=name,
        kind="pointer",
        release_id=pointer.release_id,
        rolls_back_to=moves.previous(pointer.history, pointer.release_id),
        file=context.store.url(pointer.release_id) if pointer.release_id else "",
        bytes=size,
        status=status,
        built=origin.of_record(record) if record else None,
        **last,
    )


def _state(context: Context, pointer: Pointer) -> tuple[int | None, str, Record | None]:
    """Bytes of the release, the state of the pointer, and the record of the release."""
    if pointer.release_id is None:
        lost = f"the pointer is gone; run: sluice rollback {pointer.environment} --why 'the pointer was lost'"
        return None, lost if pointer.history else "nothing was published yet", None
    try:
        record = context.store.record(pointer.release_id)
        found = context.store.summary(pointer.release_id)
    except SluiceError as error:
        return None, error.what, None
    written = "it was written to: there is a log beside it" if found.has_log else "ok"
    return found.bytes, _unlike(record, found.bytes) or written, record


def _unlike(record: Record, size: int | None) -> str:
    """What is wrong with the size of a file; nothing where it is as recorded, or one of the two is not known."""
    if size is None or record.file is None or size == record.file.bytes:
        return ""
    return f"the file has {size:,} bytes and its record says {record.file.bytes:,}: it was cut off or changed"


def _members(context: Context, one: Environment) -> list[str]:
    if not one.is_family:
        return [one.name]
    family = one.name[:-2]
    return [f"{family}-{file.stem}" for file in sorted((context.warehouse / family).glob("*.duckdb"))]


def _own_file(context: Context, one: Environment, name: str) -> EnvironmentRow:
    file = context.file_of(name)
    if not file.exists():
        return EnvironmentRow(name=name, kind="file", file=str(file), status="not built")
    found, status = file.stat(), "ok"
    since = datetime.fromtimestamp(found.st_mtime, UTC)
    if one.expires_after_days is not None:
        status = f"ok, expires {(since + timedelta(days=one.expires_after_days)):%Y-%m-%d}"
    if not is_duckdb(file):
        status = "not a DuckDB file: it was cut off or overwritten; build it again"
    made = origin.read(context.warehouse, name, file)
    return EnvironmentRow(
        name=name, kind="file", file=str(file), bytes=found.st_size, since=since.isoformat(), status=status, built=made
    )


def releases(context: Context) -> list[ReleaseRow]:
    """Candidates, the newest first; then releases, the one published last first."""
    waiting = [_damaged(name, "candidate", why) for name, why in candidates.damaged(context).items()]
    waiting += [_candidate(one, is_held(context.candidates / one.release_id)) for one in candidates.all_of(context)]
    pointers, works = all_of(context.store).readable, context.store.works()
    rows = {name: _release(context, name, pointers, works.get(name)) for name in context.store.releases()}
    order = _by_last_move(pointers)
    known = sorted(rows, key=lambda release_id: order.index(release_id) if release_id in order else -1)
    return [*reversed(waiting), *(rows[release_id] for release_id in reversed(known))]


def _by_last_move(pointers: Sequence[Pointer]) -> list[str]:
    """Releases in the order of their last moves: within an environment that of its history, even if a clock jumped back."""
    last: dict[str, str] = {}
    for pointer in pointers:
        latest = ""
        for move in pointer.history:
            latest = max(latest, move.at)
            last[move.release_id] = max(last.get(move.release_id, ""), latest)
    return sorted(last, key=lambda release_id: last[release_id])


def _candidate(record: Record, is_held: bool) -> ReleaseRow:
    status = "in use by a command" if is_held else "candidate" if record.built_at else "abandoned"
    return _row(record, "candidate", status, record.work.bytes if record.work else None)


def _release(context: Context, mine: str, pointers: Sequence[Pointer], work: int | None) -> ReleaseRow:
    current = [f"{one.environment} points to it" for one in pointers if one.release_id == mine]
    back = [f"{one.environment} would roll back to it" for one in pointers if moves.previous(one.history, one.release_id) == mine]
    own = [move for pointer in pointers for move in pointer.history if move.release_id == mine]
    status = ", ".join(current + back) or ("released before" if own else "never published")
    try:
        record = context.store.record(mine)
        wrong = _unlike(record, context.store.size(mine))
    except SluiceError as error:
        return _damaged(mine, "release", f"{status}; {error.what}")
    return _row(record, "release", f"{status}; {wrong}" if wrong else status, work, own[-1] if own else None)


def _damaged(name: str, kind: str, status: str) -> ReleaseRow:
    """One of which nothing is known but what is wrong with it."""
    return ReleaseRow(
        release_id=name,
        kind=kind,
        status=status,
        environment="?",
        built_at=None,
        bytes=None,
        work_bytes=None,
        built_by="?",
        audit="?",
        commit=None,
        is_dirty=False,
        by=None,
        why=None,
    )


def _row(record: Record, kind: str, status: str, work: int | None, move: moves.Move | None = None) -> ReleaseRow:
    return ReleaseRow(
        release_id=record.release_id,
        kind=kind,
        status=status,
        environment=record.environment,
        built_at=record.built_at,
        bytes=record.file.bytes if record.file else None,
        work_bytes=work,
        built_by=record.built_by,
        audit=record.audit.status if record.audit else "none",
        commit=record.code.commit,
        is_dirty=record.code.is_dirty,
        by=move.actor if move else None,
        why=move.why if move else None,
    )


def environments_text(rows: Sequence[EnvironmentRow], now: datetime) -> str:
    """Environments as a table; then the file of each, who moved it and why, and when and from what it was built."""
    names = ["environment", "points to", ">age", ">size", "status"]
    lines = table(names, [(row.name, row.release_id or "-", ago(row.since, now), size(row.bytes), row.status) for row in rows])
    for row in rows:
        if row.file and row.status != "not built":
            by = f" ({row.action} by {row.by}{f': {row.why}' if row.why else ''})" if row.by else ""
            made = [f"  {origin.as_text(row.built, now)}"] if row.built else []
            lines += ["", *(line for text in [f"{row.name}: {row.file}{by}", *made] for line in wrapped(text, indent="  "))]
    return "\n".join(lines)


def releases_text(rows: Sequence[ReleaseRow], now: datetime) -> str:
    """Releases and candidates as a table."""
    if not rows:
        return "no release and no candidate; run: sluice build --env prod"
    names = ["release", "for", ">age", ">size", ">work", "audit", "code", "status"]
    listed = [
        (
            row.release_id, row.environment, ago(row.built_at, now), size(row.bytes), size(row.work_bytes), row.audit,
            _code(row), _status(row),
        )
        for row in rows
    ]  # fmt: skip
    said = "age: since it was built; work: the file that the next build starts from; + after a commit: with uncommitted changes"
    return "\n".join([*table(names, listed), "", *wrapped(said)])


def _code(row: ReleaseRow) -> str:
    return (row.commit or "-")[:7] + ("+" if row.is_dirty and row.commit else "")


def _status(row: ReleaseRow) -> str:
    who = f"by {row.by}{f': {row.why}' if row.why else ''}" if row.by else f"built by {row.built_by}"
    return f"{row.status}, {who}"
