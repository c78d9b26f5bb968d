"""JSON lines: each line is parsed once, its values read as text with all their digits, and cast as a CSV file's would be."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import duckdb
from duckdb.sqltypes import DuckDBPyType
from pydantic import Field

from sluice.core.duck import identifier, listing, literal
from sluice.ingest.casts import NESTED, Cast, cast_text, fields, pack
from sluice.ingest.documents import LONG_FRACTION, cast_document, changed, marked, pointer, unmarked
from sluice.ingest.files import Delivery
from sluice.ingest.formats import Steps
from sluice.ingest.landing import Work
from sluice.ingest.readers.file_feed import LINES, TextFeed
from sluice.ingest.readers.spelled import Spelled
from sluice.ingest.rows import (
    REFUSAL,
    FilesRefusedError,
    StagedRows,
    clashing,
    column_faults,
    columns_sql,
    new_name_faults,
    raise_faults,
    refusal,
    refused_rows,
)
from sluice.lake import raw
from sluice.lake.contracts import Contract

Path = tuple[str, ...]
# Columns that the contract does not know, at most, which messages add to a raw table.
MOST_NEW = 200
_IS_OBJECT = "case when json_valid(line) then json_type(line) = 'OBJECT' end"


@dataclass(frozen=True, kw_only=True)
class JsonFeed(Spelled, TextFeed):
    """A feed of JSON lines: one object a line. Blank lines are passed over, but count as positions."""

    extra_lines = 0

    sparse: Annotated[
        bool, Field(description="whether no record of a file may have a promised key; if not, such a file is rejected")
    ] = False

    def read(self, files: Sequence[Delivery], work: Work) -> StagedRows:
        paths = listing([str(file.readable) for file in files])
        work.connection.execute(
            f"create or replace temp table lines as select line, file_index as __file from read_csv({paths}, {LINES})"
        )
        contract = self.as_delivered(self.delivered(work.contract))
        _find_shapes(work.connection, contract)
        self._refuse_odd_keys(files, contract, work)
        return _read_shaped(work.connection, contract, self.folders(files, "__file"), work.contract, self)

    def _refuse_odd_keys(self, files: Sequence[Delivery], contract: Contract, work: Work) -> None:
        """Raise FilesRefusedError for files that lack a promised key, or have one that cannot be a column."""
        landed, why = set(raw.columns(work.table)), {}
        for index, names in _keys_by_file(work.connection):
            known = (*names, *(name for name in contract.names if self.sparse and name not in names))
            faults = self.strangers(work.contract, names) + self.folder_faults(names) + column_faults(contract, known, landed)
            if faults:
                why[files[index].label] = "; ".join(faults)
            else:
                # The next files have to spell new columns as this one does.
                landed |= set(names)
        if why:
            raise FilesRefusedError(why)


def read_lines(connection: duckdb.DuckDBPyConnection, contract: Contract, feed: Spelled | None = None) -> StagedRows:
    """Rows from the temporary table `lines` (line, __file), which holds them in the order of their files; it is dropped.

    They are spelled as the feed says, if there is one.
    """
    feed = feed or Spelled()
    delivered = feed.as_delivered(contract)
    _find_shapes(connection, delivered)
    return _read_shaped(connection, delivered, {}, contract, feed)


def keys_read(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The keys of all the records that `read_lines` has read, sorted."""
    return sorted({name for _, names in _keys_by_file(connection) for name in names})


def read_documents(
    connection: duckdb.DuckDBPyConnection, contract: Contract, landed: Collection[str], taken: Collection[str] = ()
) -> StagedRows:
    """As `read_lines`, of documents that need not be alike: one with a field that cannot be a column is refused alone.

    `landed` are the columns that the lake holds, of which the reader itself fills those in `taken`. The rows stay in the
    temporary table `staged`, with __refusal and __text.
    """
    _find_shapes(connection, contract)
    names = {name for _, names in _keys_by_file(connection) for name in names}
    apart = {*clashing(contract, contract.unknown(names), landed), *names.intersection(taken)}
    return _read_shaped(connection, contract, {}, contract, Spelled(), sorted(apart), from_doubles=True)


def read_messages(
    connection: duckdb.DuckDBPyConnection, contract: Contract, landed: Collection[str], feed: Spelled
) -> StagedRows:
    """As `read_documents`, from `lines` (line, __file, __offset): the position of a row is its offset.

    No more than MOST_NEW columns are added to those that have `landed`; a message with a further one is refused.
    """
    delivered = feed.as_delivered(contract)
    _find_shapes(connection, delivered)
    unknown = delivered.unknown(name for _, names in _keys_by_file(connection) for name in names)
    apart = {*clashing(contract, unknown, landed), *feed.taken_elsewhere(contract, unknown)}
    fresh = [name for name in unknown if name not in landed and name not in apart]
    apart |= set(fresh[max(0, MOST_NEW - len(set(landed) - set(contract.names))) :])
    return _read_shaped(connection, delivered, {}, contract, feed, sorted(apart), place="__offset")


def _find_shapes(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Fill `shapes`: the lists of keys that occur in a file, of the records themselves and of each struct in them."""
    paths = [(), *_paths(contract, "struct")]
    connection.execute(f"""
        create or replace temp table shapes as
        select * from (select distinct __file, {_keys(paths)} as keys from lines) where keys is not null
    """)


def _keys(paths: Sequence[Path]) -> str:
    return f"case when {_IS_OBJECT} then json_keys(line, {listing([pointer(path) for path in paths])}) end"


def _keys_by_file(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[int, tuple[str, ...]]]:
    found = connection.execute("""
        with names as (select distinct __file, unnest(keys[1]) as name from shapes)
        select shapes.__file, array_agg(distinct name order by name) filter (name is not null)
        from shapes left join names using (__file) group by shapes.__file order by 1
    """).fetchall()
    for index, names in found:
        yield index, tuple(names or ())


def _read_shaped(
    connection: duckdb.DuckDBPyConnection,
    delivered: Contract,
    folders: Mapping[str, str],
    contract: Contract,
    feed: Spelled,
    apart: Sequence[str] = (),
    place: str = "rowid",
    *,
    from_doubles: bool = False,
) -> StagedRows:
    """Records with a key of those in `apart` are refused, instead of all. `place` is what positions are counted by.

    `from_doubles`: every number with a fraction or an exponent was written of a double, so reading it as one loses nothing.
    """
    first = "min(rowid)" if place == "rowid" else "1"
    connection.execute(f"create or replace temp table firsts as select __file, {first} as __first from lines group by __file")
    found = {name for _, names in _keys_by_file(connection) for name in names}
    new_columns = delivered.unknown(found.difference(apart))
    raise_faults(new_name_faults(contract, new_columns))
    odd = _find_odd_shapes(connection, delivered, apart)
    stage = _stage(contract, delivered, new_columns, folders, feed, odd=odd, place=place, from_doubles=from_doubles)
    connection.execute(stage)
    connection.execute("drop table lines")
    columns = columns_sql([*contract.names, *new_columns])
    good = f"select {columns}, __file, __position from staged where __refusal is null"
    return StagedRows(good, refused_rows("staged", "__text"), new_columns)


def _find_odd_shapes(connection: duckdb.DuckDBPyConnection, contract: Contract, apart: Sequence[str]) -> bool:
    """Fill `odd_shapes` with those that no record may have, and why; whether there are any."""
    clashes = f"list_filter(keys[1], lambda k: list_contains({listing(apart)}, k))" if apart else "[]"
    clash = "clashes with a column of the contract, of the lake or of ingest itself: rename it in the source"
    cases = [f"when len({clashes}) > 0 then {_odd('malformed', (), clashes, clash)}"] if apart else []
    cases += [f"when {_repeats('keys[1]')} then {_odd('malformed', (), 'keys[1]', 'a key occurs twice')}"]
    for place, (path, kind) in enumerate(_paths(contract, "struct").items(), 2):
        names, keys = listing([name for name, _ in fields(kind)]), f"keys[{place}]"
        cases.append(f"when {_repeats(keys)} then {_odd('malformed', path, keys, 'a key occurs twice')}")
        foreign = f"list_filter({keys}, lambda k: not list_contains({names}, k))"
        cases.append(f"when len({foreign}) > 0 then {_odd('wrong_type', path, foreign, 'the contract has no such field')}")
    connection.execute(f"""
        create or replace temp table odd_shapes as
        select * from (select distinct keys, case {" ".join(cases)} end as why from shapes) where why is not null
    """)
    return connection.execute("select 1 from odd_shapes limit 1").fetchone() is not None


def _repeats(keys: str) -> str:
    return f"len({keys}) <> len(list_distinct({keys}))"


def _odd(reason: str, path: Path, keys: str, says: str) -> str:
    detail = f"concat({literal(''.join(f'{name}: ' for name in path))}, array_to_string({keys}, ', '), {literal(f': {says}')})"
    column = literal(path[0]) if path else "null::varchar"
    return f"struct_pack(reason := {literal(reason)}, column_name := {column}, detail := {detail})"


def _paths(contract: Contract, *kinds: str) -> dict[Path, DuckDBPyType]:
    """The paths of values in a record outside of lists, with their types; of some kinds of types, or all that are not nested."""
    every = {path: kind for name, top in contract.types.items() for path, kind in _within((name,), top)}
    return {path: kind for path, kind in every.items() if (kind.id in kinds if kinds else kind.id not in NESTED)}


def _within(path: Path, target: DuckDBPyType) -> Iterator[tuple[Path, DuckDBPyType]]:
    yield path, target
    for name, child in fields(target) if target.id == "struct" else []:
        yield from _within((*path, name), child)


@dataclass(frozen=True)
class _Places:
    """Where values are while records are staged: text of plain ones (t0, ...), JSON type of structs (s0, ...), lists (l0, ...).

    Beside a text t0 is its value v0, unless the value is the text. `types` are those of the plain ones; `folders` has SQL of
    those that folders name and no line contains.
    """

    plain: Mapping[Path, Steps]
    types: Mapping[Path, DuckDBPyType]
    folders: Mapping[Path, str]
    structs: Mapping[Path, str]
    lists: Mapping[Path, str]

    @property
    def texts(self) -> list[Path]:
        """The plain values of a line."""
        return [path for path in self.plain if path not in self.folders]

    def cast(self, path: Path, target: DuckDBPyType) -> Cast:
        """How to read the value at `path`, at any depth."""
        if target.id == "list":
            return cast_document(self.lists[path], target)
        if target.id == "struct":
            casts = {name: self.cast((*path, name), kind) for name, kind in fields(target)}
            packed, kind = pack("", f"{self.structs[path]} = 'OBJECT'", casts), self.structs[path]
            misfit = f"case when {kind} is null or {kind} = 'NULL' then false when {kind} <> 'OBJECT' then true"
            return Cast(packed.value, f"{misfit} else {packed.misfit} end")
        step, typed = self.plain[path], _typed(self.plain[path], target)
        cast = cast_text(step.text, target, typed=typed, exponents=True)
        return step.checked(Cast(typed, cast.misfit))

    def shown(self, path: Path) -> str:
        """SQL of what was delivered, for a message."""
        if path in self.lists:
            return unmarked(self.lists[path])
        return self.plain[path].delivered if path in self.plain else f"json_extract_string(line, {literal(pointer(path))})"

    def unpacked(self) -> Iterator[str]:
        """Columns of a line: from the arrays `texts`, `kinds` and `lists`, and from folders."""
        for place, path in enumerate(self.texts, 1):
            yield f"texts[{place}] as {self.plain[path].delivered}"
        for place, column in enumerate(self.structs.values(), 1):
            yield f"kinds[{place}] as {column}"
        for place, column in enumerate(self.lists.values(), 1):
            yield f"nullif(lists[{place}]::varchar, 'null') as {column}"
        for path, text in self.folders.items():
            yield f"{text} as {self.plain[path].delivered}"
        for path in self.texts:
            step = self.plain[path]
            if step.columns:
                json_type = f"json_type(case when __is_object then line end, {literal(pointer(path))})"
                yield f"{json_type} as {_kind(step.delivered)}"

    def spelled(self) -> Iterator[str]:
        """Columns that bring a text from the feed's way of writing into ours."""
        for step in self.plain.values():
            yield from step.columns

    def typed(self) -> Iterator[str]:
        """Columns with the values."""
        for path, step in self.plain.items():
            if (value := _typed(step, self.types[path])) != step.text:
                yield f"{cast_text(step.text, self.types[path], exponents=True).value} as {value}"


def _typed(step: Steps, target: DuckDBPyType) -> str:
    return step.text if target.id == "varchar" else f"v{step.delivered.removeprefix('t')}"


def _placed(
    contract: Contract, delivered: Contract, new_columns: Sequence[str], folders: Mapping[str, str], feed: Spelled
) -> tuple[_Places, Mapping[str, Path]]:
    """The places of all values, and the path of each column of the contract."""
    types: dict[Path, DuckDBPyType] = {**_paths(delivered)}
    types |= {(name,): duckdb.sqltype("varchar") for name in new_columns}
    in_folders: dict[Path, str] = {(name,): text for name, text in folders.items()}
    types |= {path: contract.types[path[0]] for path in in_folders}
    paths = {name: (name if name in folders else key,) for name, key in feed.delivered_names(contract.names).items()}
    names = {path: name for name, path in paths.items()}

    def step(path: Path, text: str) -> Steps:
        if path not in names:
            return Steps(text, text, text)
        return feed.steps(names[path], types[path], text, "false" if path in in_folders else _no_text(text))

    plain = {path: step(path, f"t{place}") for place, path in enumerate(types)}
    structs = {path: f"s{place}" for place, path in enumerate(_paths(delivered, "struct"))}
    lists = {path: f"l{place}" for place, path in enumerate(_paths(delivered, "list"))}
    return _Places(plain, types, in_folders, structs, lists), paths


def _stage(
    contract: Contract,
    delivered: Contract,
    new_columns: Sequence[str],
    folders: Mapping[str, str],
    feed: Spelled,
    *,
    odd: bool,
    place: str,
    from_doubles: bool,
) -> str:
    places, paths = _placed(contract, delivered, new_columns, folders, feed)
    texts, lists = places.texts, list(places.lists)
    in_doubt = "false" if from_doubles else _in_doubt(places)
    casts = [(name, places.cast(paths[name], kind)) for name, kind in contract.types.items()]
    values = [f"{cast.value} as {identifier(name)}" for name, cast in casts]
    values += [f"{places.plain[(name,)].delivered} as {identifier(name)}" for name in new_columns]
    shown = {name: places.shown(path) for name, path in paths.items()}
    return f"""
        create or replace temp table staged as
        with shaped as (
            select __file, {place} as __place, line, {_IS_OBJECT} as __is_object from lines where line is not null
        ),
        parsed as (
            select *, case when __is_object then json_extract_string(line, {_pointers(texts)}) end as found,
                case when __is_object then json_type(line, {_pointers(places.structs)}) end as kinds,
                case when __is_object then json_extract(line, {_pointers(lists)}) end as arrays
            from shaped
        ),
        doubted as (
            select *, case when __is_object and {in_doubt} then {marked("line")} end as whole from parsed
        ),
        exact as (
            select *, case when whole is null then found else {_exact_texts(texts)} end as texts,
                case when whole is null then arrays else json_extract(whole, {_pointers(lists)}) end as lists
            from doubted
        ),
        unpacked as (select {", ".join(["__file", "__place", "line", "__is_object", *places.unpacked()])} from exact),
        spelled as (select {", ".join(["*", *places.spelled()])} from unpacked),
        typed as (select {", ".join(["*", *places.typed()])} from spelled),
        judged as ({_judged(contract, casts, shown, [(), *places.structs], odd=odd)})
        select {", ".join(values)}, judged.__file, judged.__place - firsts.__first + 1 as __position, __refusal,
            case when __refusal is not null then line end as __text
        from judged inner join firsts on judged.__file = firsts.__file
    """


def _pointers(paths: Sequence[Path] | Mapping[Path, str]) -> str:
    return f"{listing([pointer(path) for path in paths])}::varchar[]"


def _in_doubt(places: _Places) -> str:
    """SQL that is true where a number of the line may have lost digits."""
    doubts = [f"regexp_matches(line, {literal(LONG_FRACTION)})"]
    doubts += [changed(f"found[{place}]", places.types[path]) for place, path in enumerate(places.texts, 1)]
    doubts += [f"regexp_matches(arrays[{place}]::varchar, '[0-9][.e]')" for place, _ in enumerate(places.lists, 1)]
    return f"({' or '.join(doubt for doubt in doubts if doubt != 'false')})"


def _exact_texts(texts: Sequence[Path]) -> str:
    return f"list_transform(json_extract_string(whole, {_pointers(texts)}), lambda x: {unmarked('x')})"


def _kind(text: str) -> str:
    """The column that holds the JSON type of the value whose text is in the column `text`."""
    return f"k{text.removeprefix('t')}"


def _no_text(text: str) -> str:
    """SQL that is true where the value is not a string: how a feed writes numbers and dates is how it writes them in text."""
    return f"coalesce({_kind(text)} <> 'VARCHAR', false)"


def _judged(
    contract: Contract, casts: Sequence[tuple[str, Cast]], texts: Mapping[str, str], shapes: Sequence[Path], *, odd: bool
) -> str:
    shown = [(name, cast, f"{texts[name]}::varchar") for name, cast in casts]
    broken = "struct_pack(reason := 'malformed', column_name := null::varchar, detail := 'not a JSON object')"
    strange = "when why is not null then why" if odd else ""
    source = f"typed left join odd_shapes on {_keys(shapes)} = odd_shapes.keys" if odd else "typed"
    return f"""
        select typed.*, case when not coalesce(__is_object, false) then {broken} {strange}
            else {refusal(contract, shown)} end::{REFUSAL} as __refusal
        from {source}
    """
