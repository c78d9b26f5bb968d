"""Which rows and files of the demo are damaged, and the record of it. The kinds of faults and their rates are in tables.py.

Rows: a hash of the row decides, so the order of work makes no difference. Files: for each kind the given
share of the files (at least one), by the rank of their hash. A damaged file holds no damaged rows, and no row has two
faults. The rates themselves are bound as DuckDB variables.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from sluice.demo.engine import Engine, set_variables
from sluice.demo.tables import FILE_KINDS, TABLES, Rule, Table

FileFaults = dict[tuple[str, date], str]


def plan_file_faults(engine: Engine, rates: Mapping[str, float]) -> FileFaults:
    """Choose the damaged files: (table name, day) to kind. A day without a file of that table has no fault."""
    candidates = [(number, table.name) for number, table in enumerate(TABLES) if table.takes_file_faults]
    ranked = engine.rows(
        """
        select t.name, days.day_on
        from days, (select unnest($1::integer[]) as number, unnest($2::varchar[]) as name) as t
        order by h('file fault', t.number * 1000000 + days.day_no), t.number, days.day_no
        """,
        [[number for number, _ in candidates], [name for _, name in candidates]],
    )
    kinds: list[str] = []
    for kind in FILE_KINDS:
        rate = rates.get(kind, 0.0)
        kinds += [kind] * (max(1, round(rate * len(ranked))) if rate > 0 else 0)
    return {(str(name), day): kind for (name, day), kind in zip(ranked, kinds, strict=False) if isinstance(day, date)}


def prepare(engine: Engine, rates: Mapping[str, float], file_faults: FileFaults) -> None:
    """Create the truth table and bind each table's edges (cumulative rates) and damaged days as variables."""
    engine.connection.execute(
        """
        create table truth (
            fault_kind varchar, source varchar, table_name varchar, file varchar, position bigint,
            record_key varchar, detail varchar, expected_at varchar
        )
        """
    )
    for table in TABLES:
        edges: list[float] = []
        for kind in table.rules:
            edges.append(min((edges[-1] if edges else 0.0) + rates.get(kind, 0.0), 1.0))
        spoiled = [day for (name, day) in file_faults if name == table.name]
        set_variables(engine.connection, {f"edges_{table.name}": edges, f"spoiled_{table.name}": spoiled or [date(1, 1, 1)]})


def choice_sql(table: Table, rates: Mapping[str, float]) -> str:
    """SQL expression of a row's fault kind, null when sound. Kinds that stick are drawn by entity, others by row."""
    branches = []
    for number, (kind, rule) in enumerate(table.rules.items(), start=1):
        if not rates.get(kind):
            continue
        draw = f"u('fault {table.name}', entity_id)" if rule.sticks else f"u('fault {table.name} row', sort_id)"
        edge = f"getvariable('edges_{table.name}')"
        low = f"{edge}[{number - 1}]" if number > 1 else "0.0"
        branches.append((rule.sticks, f"when {draw} >= {low} and {draw} < {edge}[{number}] then '{kind}'"))
    if not branches:
        return "null::varchar"
    # sticking kinds first: a wrong value in the source is there in every version
    body = " ".join(text for _, text in sorted(branches, key=lambda branch: not branch[0]))
    return f"case when list_contains(getvariable('spoiled_{table.name}'), delivered_on) then null {body} end"


def line_sql(table: Table, rates: Mapping[str, float]) -> str:
    """SQL expression of a row's text, with its fault when it has one."""
    plain = table.text_sql
    cases = [f"when '{kind}' then {damaged_sql(table, kind, rule)}" for kind, rule in table.rules.items() if rates.get(kind)]
    if not cases:
        return plain
    return f"case when fault is null then {plain} else case fault {' '.join(cases)} else {plain} end end"


def damaged_sql(table: Table, kind: str, rule: Rule) -> str:
    """SQL expression of one damaged row's text."""
    if kind == "malformed_line":
        return "csv_malformed(fields, sort_id)" if table.is_csv else "json_cut(line)"
    if not table.is_csv:
        return f"regexp_replace(line, '{rule.pattern}', {rule.value})"
    number = table.columns.index(rule.column) + 1
    value = rule.value.replace("{old}", f"fields[{number}]")
    return f"array_to_string(set_field(fields, {number}, {value}), ',')"


def damaged_file_sql(table: Table, kind: str) -> tuple[str, tuple[str, ...]]:
    """SQL expression of a row's text in a file with a fault of this kind, and the file's columns (for the header).

    A truncated file's last row is marked by ``is_last``. A duplicate has the same text.
    """
    name, value = table.new_column
    first, second, *others = table.columns
    if kind == "new_column":
        text = (
            f"array_to_string(list_append(fields, '{value}'), ',')" if table.is_csv else f"json_with(line, '\"{name}\":{value}')"
        )
        return text, (*table.columns, name)
    if kind == "changed_column_order":
        moved = "array_to_string(list_concat(list_concat(fields[1:1], fields[3:]), fields[2:2]), ',')"
        return moved if table.is_csv else "json_first_key_last(line)", (first, *others, second)
    if kind == "truncated_file":
        cut = "csv_cut(fields)" if table.is_csv else "json_cut(line)"
        return f"case when is_last then {cut} else {table.text_sql} end", table.columns
    return table.text_sql, table.columns


def detail_sql(table: Table) -> str:
    """SQL expression that describes what is wrong with a damaged row."""
    cut = "case when sort_id % 2 = 0 then 'too few columns' else 'too many columns' end" if table.is_csv else "'cut off'"
    cases = " ".join(
        f"when '{kind}' then " + (cut if kind == "malformed_line" else f"'{rule.column}'") for kind, rule in table.rules.items()
    )
    return f"case fault {cases} end"


def record_rows(engine: Engine, table: Table) -> None:
    """Record the damaged rows of ``ready_<table>``, which is sorted: a row's place in its day is its position."""
    caught = " ".join(f"when '{kind}' then '{rule.expected_at}'" for kind, rule in table.rules.items())
    engine.connection.execute(
        f"""
        insert into truth
        with firsts as (
            select delivered_on, min(rowid) as first_rowid from ready_{table.name} group by delivered_on
        )
        select
            ready.fault, $1, $2, $3 || '/' || ready.delivered_on::varchar || '.' || $4,
            ready.rowid - firsts.first_rowid + 1,
            {table.key_sql}, {detail_sql(table)}, case ready.fault {caught} end
        from ready_{table.name} as ready
        inner join firsts on ready.delivered_on = firsts.delivered_on
        where ready.fault is not null
        """,
        [table.source, table.name, table.folder, table.extension],
    )


def record_file(engine: Engine, table: Table, day: date, kind: str, records: int) -> None:
    """Record one damaged file. ``records`` is how many records it holds (a truncated one included)."""
    file = f"{table.folder}/{day}.{table.extension}"
    key: str | None = None
    details = {
        "duplicate_delivery": f"same content as {file}",
        "new_column": table.new_column[0],
        "changed_column_order": f"{table.columns[1] if table.is_csv else table.columns[0]} is last",
        "truncated_file": f"record {records} is cut off",
    }
    caught = {"duplicate_delivery": "ingestion_duplicate", "truncated_file": "ingestion"}
    if kind == "truncated_file":
        last = f"select {table.key_sql} from ready_{table.name} where delivered_on = $1 order by rowid desc limit 1"
        key = str(engine.rows(last, [day])[0][0])
    named = f"{table.folder}/{day}_resent.{table.extension}" if kind == "duplicate_delivery" else file
    engine.connection.execute(
        "insert into truth values ($1, $2, $3, $4, null, $5, $6, $7)",
        [kind, table.source, table.name, named, key, details[kind], caught.get(kind, "ingestion_report")],
    )


def write_truth(engine: Engine, path: Path) -> dict[str, int]:
    """Write the truth file, ordered by file and position, and count the faults by kind."""
    set_variables(engine.connection, {"truth_path": str(path)})
    engine.connection.execute(
        """
        copy (select * from truth order by file, position nulls first, fault_kind)
        to (getvariable('truth_path')) (format csv, header true)
        """
    )
    return {str(kind): int(str(n)) for kind, n in engine.rows("select fault_kind, count(*) from truth group by 1 order by 1")}
