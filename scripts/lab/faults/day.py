"""One day's delivery of one table, to be spoiled: rows through SQL, files as bytes."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from sluice.core.duck import identifier, literal
from sluice.core.errors import SluiceError
from sluice.demo import TABLES
from sluice.demo.tables import Table

# Fields of JSON lines by table, as paths; a path's last word occurs once in a line.
_NESTED = {
    "amount": ("amount.value", "amount.currency"),
    "buyer": ("buyer.customer_id", "buyer.device"),
    "card": ("card.fingerprint", "card.brand", "card.bin", "card.issuer_country"),
    "page": ("page.path", "page.referrer"),
    "device": ("device.kind", "device.os"),
}
_NUMBERS = {"order_id", "customer_id", "product_id", "amount.value", "buyer.customer_id"}
# Condition on the records of shop.orders: every version of the orders that this day has brought.
NEW_ORDERS = "order_id in (select order_id from records where status = 'placed')"
_VALUE = r'(?:"[^"]*"|[^,{}]+)'


@dataclass(frozen=True)
class Damage:
    """What a fault did: `bad` rows were delivered (their `keys`), `lost` rows were not, in these `columns`.

    `whole` says that the file itself is spoiled, so that no row of it is good.
    """

    table: str
    key: tuple[str, ...]
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    bad: int
    lost: int
    whole: bool


def table_of(name: str) -> Table:
    """The demo's table `source.table`. Raises SluiceError for one that it does not deliver."""
    for table in TABLES:
        if f"{table.source}.{table.name}" == name:
            return table
    raise SluiceError(f"the demo has no table {name}", hint="one of: " + ", ".join(f"{t.source}.{t.name}" for t in TABLES))


class Day:
    """The delivery of `table` on a `day`, as text, in DuckDB's table `records`: n (1 is the first), is_bad, columns.

    A JSON line's fields are columns, too, called by their paths ("amount.value"). `number` counts the spoiled days from
    1, `clean` is the folder of all clean deliveries. A table that delivers nothing on this day begins without rows.
    """

    def __init__(self, table: str, day: date, clean: Path, key: Sequence[str], number: int = 1) -> None:
        self.table, self.day, self.clean, self.key, self.number = table_of(table), day, clean, tuple(key), number
        self.sql = duckdb.connect()
        self.fields = _fields(self.table)
        self.columns = list(self.table.columns)
        self.extra: dict[str, bytes] = {}
        self.is_missing = False
        self._edits: list[Callable[[bytes], bytes]] = []
        self._lost, self._whole = 0, False
        self._touched: dict[str, None] = {}
        self._load()

    # what is there

    @property
    def path(self) -> Path:
        """The clean file of this table and day."""
        return self.clean / self.table.folder / self.name

    @property
    def name(self) -> str:
        """Name of the file."""
        return f"{self.day}.{self.table.extension}"

    def earlier(self, back: int = 1) -> Path:
        """The clean file of this table `back` deliveries before this one."""
        before = sorted(path for path in self.path.parent.iterdir() if path.name < self.name)
        return before[-back]

    def history(self, table: str) -> str:
        """SQL of all rows, as text, that a table has delivered up to and with this day."""
        other = table_of(table)
        files = sorted((self.clean / other.folder).glob("*"))
        chosen = [str(path) for path in files if path.name[:10] <= self.day.isoformat()]
        return f"({_reading(other, chosen)})"

    def count(self, where: str = "true") -> int:
        """How many records fulfil a condition."""
        row = self.sql.execute(f"select count(*) from records where {where}").fetchone()
        return int(row[0]) if row else 0

    # rows

    def change(self, values: Mapping[str, str], where: str = "true") -> None:
        """Set columns to SQL expressions, in the rows where they then differ; these rows are bad."""
        wanted = f"({where})"
        differs = " or ".join(f"{identifier(name)} is distinct from ({value})::varchar" for name, value in values.items())
        self.sql.execute(f"create or replace temp table hit as select n from records where {wanted} and ({differs})")
        sets = [f"{identifier(name)} = ({value})::varchar" for name, value in values.items()]
        if not self.table.is_csv:
            sets.append(f"line = {_put('line', values)}")
        self.sql.execute(f"update records set {', '.join(sets)}, is_bad = true where n in (from hit)")
        self._touched.update(dict.fromkeys(values))

    def add(self, query: str, columns: Sequence[str]) -> None:
        """Append rows as bad ones: a query over `records` or `history` that gives `columns`, others are the first row's."""
        given = dict.fromkeys(columns)
        rest = [name for name in self._names() if name not in given]
        filled = ", ".join([f"added.{identifier(name)}" for name in columns] + [f"pattern.{identifier(name)}" for name in rest])
        into = ", ".join(map(identifier, [*columns, *rest]))
        self.sql.execute("create or replace temp table before as select coalesce(max(n), 0) as n from records")
        self.sql.execute(f"""
            insert into records (n, is_bad, {into})
            select (from before) + row_number() over (), true, {filled} from ({query}) as added
            left join (from records order by n limit 1) as pattern on true
        """)
        if not self.table.is_csv:
            self._write_lines("n > (from before)")
        self._touched.update(given)

    def remove(self, where: str = "true") -> None:
        """Do not deliver these rows."""
        self._lost += self.count(where)
        self.sql.execute(f"delete from records where {where}")

    def replace(self, pattern: str, by: str, where: str = "true") -> None:
        """Change the text of JSON lines by a regular expression; the lines in which it is found are bad."""
        found = f"({where}) and regexp_matches(line, {literal(pattern)})"
        self.sql.execute(
            f"update records set line = regexp_replace(line, {literal(pattern)}, {literal(by)}), is_bad = true where {found}"
        )

    # files

    def edit(self, change: Callable[[bytes], bytes], *, whole: bool = True) -> None:
        """Change the file's bytes (before compression); `whole`: no row of it is good any more."""
        self._edits.append(change)
        self._whole = self._whole or whole

    def cut_last_line(self) -> None:
        """Let the file end in the middle of its last line; that row is bad."""
        self.sql.execute("update records set is_bad = true where n = (select max(n) from records)")
        self._edits.append(lambda data: data[:-30])

    def drop_column(self, name: str) -> None:
        """Deliver the CSV file without a column."""
        self.columns.remove(name)
        self._touched[name], self._whole = None, True

    def miss(self) -> None:
        """Deliver no file."""
        self.remove()
        self.is_missing = True

    def spoil_packed(self, change: Callable[[bytes], bytes]) -> None:
        """Change the bytes of the compressed file."""
        self.extra[self.name] = change(gzip.compress(self.content(), mtime=0))
        self.is_missing, self._whole = True, True

    def content(self) -> bytes:
        """The file's bytes before compression, with all edits of bytes."""
        data = self._text("true")
        for edit in self._edits:
            data = edit(data)
        return data

    def deliver(self, out: Path) -> None:
        """Write the spoiled delivery into the table's folder below `out`."""
        if not self.is_missing and (self.count() or self._edits or self.path.exists()):
            self._write(out, self.content())
        for name, data in self.extra.items():
            (out / self.table.folder / name).write_bytes(data)

    def deliver_good_rows(self, out: Path) -> None:
        """Write what is left of the delivery when all bad rows are held back."""
        if not self._whole and self.count("not is_bad"):
            self._write(out, self._text("not is_bad"))

    def damage(self) -> Damage:
        """What has been done."""
        bad = "true" if self._whole else "is_bad"
        key = ", ".join(f"coalesce({identifier(name)}, '')" for name in self.key if name in self.fields)
        rows = self.sql.execute(f"select concat_ws('/', {key or 'n'}) from records where {bad} order by n").fetchall()
        name = f"{self.table.source}.{self.table.name}"
        keys = tuple(str(row[0]) for row in rows)
        return Damage(name, self.key, keys, tuple(self._touched), len(keys), self._lost, self._whole)

    # inside

    def _write(self, out: Path, data: bytes) -> None:
        target = out / self.table.folder / self.name
        target.write_bytes(gzip.compress(data, 1, mtime=0) if target.suffix == ".gz" else data)

    def _names(self) -> list[str]:
        return self.fields if self.table.is_csv else [*self.fields, "line"]

    def _load(self) -> None:
        names = ", ".join(f"{identifier(name)} varchar" for name in self._names())
        self.sql.execute(f"create table records (n bigint, is_bad boolean, {names})")
        if self.path.exists():
            reading = _reading(self.table, [str(self.path)])
            chosen = ", ".join(map(identifier, self._names()))
            self.sql.execute(f"insert into records select row_number() over (), false, {chosen} from ({reading})")

    def _text(self, where: str) -> bytes:
        return (self._csv(where) if self.table.is_csv else self._lines(where)).encode()

    def _csv(self, where: str) -> str:
        fields = ", ".join(_quoted(identifier(name)) for name in self.columns)
        rows = self.sql.execute(f"select concat_ws(',', {fields}) from records where {where} order by n").fetchall()
        return "".join(f"{line}\n" for line in [",".join(self.columns), *(row[0] for row in rows)])

    def _lines(self, where: str) -> str:
        rows = self.sql.execute(f"select line from records where {where} order by n").fetchall()
        return "".join(f"{row[0]}\n" for row in rows)

    def _write_lines(self, where: str) -> None:
        """Write every field's text into the line again."""
        self.sql.execute(f"update records set line = {literal(_empty_line(self.table))} where line is null")
        fields = {name: identifier(name) for name in self.fields}
        self.sql.execute(f"update records set line = {_put('line', fields, as_text=True)} where {where}")


def _fields(table: Table) -> list[str]:
    nested = {} if table.is_csv else _NESTED
    return [field for name in table.columns for field in nested.get(name, (name,))]


def _reading(table: Table, files: Sequence[str]) -> str:
    paths = "[" + ", ".join(literal(path) for path in files) + "]"
    if table.is_csv:
        return f"select * from read_csv({paths}, all_varchar=true, header=true, delim=',', quote='\"', nullstr='\\N')"
    chosen = ", ".join(f"line ->> {literal('$.' + field)} as {identifier(field)}" for field in _fields(table))
    lines = f"read_csv({paths}, columns={{'line': 'varchar'}}, header=false, delim='\\x01', quote='', escape='')"
    return f"select {chosen}, line from {lines}"


def _empty_line(table: Table) -> str:
    """A JSON line of the table in which every field is null."""
    nested = {name: dict.fromkeys((path.split(".")[1] for path in _NESTED.get(name, ())), None) for name in table.columns}
    return json.dumps({name: fields or None for name, fields in nested.items()}, separators=(",", ":"))


def _quoted(value: str) -> str:
    """SQL of a CSV field."""
    text = f"coalesce({value}, '')"
    return f"""case when regexp_matches({text}, '[",\\n]') then '"' || replace({text}, '"', '""') || '"' else {text} end"""


def _put(line: str, values: Mapping[str, str], *, as_text: bool = False) -> str:
    """SQL of a JSON line in which fields have other values, as JSON writes their types; `as_text`: all are text."""
    for name, value in values.items():
        leaf = name.rsplit(".", 1)[-1]
        token = value if as_text and name in _NUMBERS else f"to_json({value})::varchar"
        pattern, label = literal(f'"{leaf}":{_VALUE}'), literal(f'"{leaf}":')
        line = f"regexp_replace({line}, {pattern}, {label} || coalesce({token}, 'null'))"
    return line
