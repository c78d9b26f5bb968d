"""The commands and the models give the same meaning to the same decisions: both are compared with a replay of them.

The commands read lake/ops/decisions by SQL of their own, since they serve any dbt project and count a decision at once;
the models act on it at the next build. Hundreds of rows with random decisions go through both.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pytest
import sqlglot
from sqlglot import exp
from tests.helpers.project import REPOSITORY

from sluice.core.duck import connect
from sluice.history import ledger
from sluice.history.kinds import DecisionEntry
from sluice.quarantine import catalog
from sluice.quarantine.mart import QuarantineMart

RULES = ("future_time", "negative_price", "status_backwards")
ENDINGS = ("dropped", "corrected")
START = datetime.fromisoformat("2026-01-01")
OPERATIONS = REPOSITORY / "models/intermediate/operations"


@dataclass(frozen=True)
class Case:
    """A row, its decisions, and the rule by which the last build refused it: None where it did not."""

    quarantine_id: str
    decisions: tuple[DecisionEntry, ...]
    rule: str | None
    may_be_waived: bool


@dataclass(frozen=True)
class Meaning:
    """What the decisions on a row come to: live waivers, and the status of the row for its rule."""

    waived: frozenset[str]
    status: str


def make_case(dice: random.Random, number: int) -> Case:
    """Up to seven decisions at close moments, some at the same one; a few name no rule."""
    key = f"{number:06x}{dice.getrandbits(104):026x}"
    at, decisions = START, []
    for _ in range(dice.randrange(8)):
        at += timedelta(seconds=dice.choice((0, 1, 1, 1)))
        kind = dice.choices(("waived", "expired", *ENDINGS), (6, 2, 1, 1))[0]
        rule = dice.choice(RULES) if dice.random() < 0.9 else None
        decisions.append(DecisionEntry(
            decision_id=f"{dice.getrandbits(80):020x}", decided_at=at, decision=kind, quarantine_id=key, place="warehouse",
            feed="shop.orders", entity="orders", rule=rule, row_key="shop:1", batch_id="b", source_file="f",
            source_position=number, decided_by="user:ann", why="so", until_at=START if kind == "waived" else None,
        ))  # fmt: skip
    rule = dice.choice((*RULES, None))
    return Case(key, tuple(decisions), rule, dice.random() < 0.8)


def replay(case: Case) -> Meaning:
    """The decisions, one after the other, as docs/quarantine.md describes them."""
    waived: set[str] = set()
    # Of decisions at the same moment, one that ends all waivers counts last.
    for decision in sorted(case.decisions, key=lambda one: (one.decided_at, ends_all(one), one.decision_id)):
        if ends_all(decision):
            waived.clear()
        elif decision.decision == "waived":
            waived.add(str(decision.rule))
        else:
            waived.discard(str(decision.rule))
    newest = max(case.decisions, key=lambda one: (one.decided_at, one.decision_id), default=None)
    if newest and newest.decision in ENDINGS:
        return Meaning(frozenset(waived), newest.decision)
    return Meaning(frozenset(waived), "waived" if case.rule in waived and case.may_be_waived else "open")


def ends_all(decision: DecisionEntry) -> bool:
    return decision.decision in ENDINGS or decision.rule is None


@pytest.fixture(scope="module", params=range(3))
def cases(request: pytest.FixtureRequest) -> list[Case]:
    dice = random.Random(request.param)
    return [make_case(dice, number) for number in range(400)]


@pytest.fixture(scope="module")
def lake(cases: Sequence[Case], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Their decisions in a lake, and others about rows that were rejected at ingestion, in both spellings."""
    root = tmp_path_factory.mktemp("lake")
    ledger.ensure(root)
    decisions = [decision for case in cases for decision in case.decisions]
    others = [
        replace(decision, quarantine_id=f"{number}{decision.quarantine_id[1:]}", place=place)
        for number, place in enumerate(("door", "ingestion"), 8)
        for decision in decisions[:20]
    ]
    ledger.append(root, [*decisions, *others])
    return root


@pytest.fixture(scope="module")
def warehouse(cases: Sequence[Case], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse whose mart holds the rows that the last build refused."""
    file = tmp_path_factory.mktemp("warehouse") / "dev.duckdb"
    with connect(str(file)) as connection:
        connection.execute("""
            create table mart as
            select unnest($1) as quarantine_id, unnest($2) as rule, unnest($3) as may_be_waived, 'shop.orders' as feed,
                'orders' as entity, 'shop:1' as row_key, 'It is so.' as reason, null::decimal(18, 4) as amount,
                null::varchar as currency_code, 'b' as batch_id, 'f' as source_file, 1 as source_position,
                now()::timestamp as first_refused_at
        """, columns(cases))  # fmt: skip
    return file


def columns(cases: Sequence[Case]) -> list[list[Any]]:
    refused = [case for case in cases if case.rule]
    return [[getattr(case, name) for case in refused] for name in ("quarantine_id", "rule", "may_be_waived")]


def test_the_commands(cases: Sequence[Case], lake: Path, warehouse: Path) -> None:
    with catalog.opened(catalog.Places(lake, QuarantineMart(warehouse, "dev", "main", "mart"))) as connection:
        waived = {(row.quarantine_id, row.rule) for row in catalog.waivers(connection, "?", True)}
        rows = {row.quarantine_id: row for row in catalog.rows(connection, catalog.Filter(), START)}
    told = {key: row.decision or "open" for key, row in rows.items()}
    expected = {case.quarantine_id: replay(case) for case in cases}
    assert waived == {(key, rule) for key, meaning in expected.items() for rule in meaning.waived}
    refused = [case.quarantine_id for case in cases if case.rule]
    assert {key: told[key].replace("expired", "open") for key in refused} == {key: expected[key].status for key in refused}
    settled = {case.quarantine_id for case in cases if case.decisions and not case.rule}
    assert {key for key in settled if rows[key].status == "released"} == {
        key for key in settled if expected[key].status == "corrected" or expected[key].waived
    }
    assert {key for key in settled if rows[key].status == "dropped"} == {
        key for key in settled if expected[key].status == "dropped"
    }


class Anything(jinja2.Undefined):
    """A macro that does not matter here."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)

    def __call__(self, *_: Any, **__: Any) -> str:  # type: ignore[override]  # the base class raises
        return "select 1"


def model(name: str) -> str:
    """A model's SQL, with the name of a model in place of its ref."""
    template = jinja2.Environment(undefined=Anything, autoescape=False).from_string((OPERATIONS / f"{name}.sql").read_text())  # noqa: S701  (SQL)
    return template.render(ref=lambda ref: ref, config=lambda **_: "")


def with_cte(sql: str, name: str, table: str) -> str:
    """The query with a CTE that only reads `table`; what that CTE read goes with it."""
    tree = sqlglot.parse_one(sql, read="duckdb")
    for cte in tree.find_all(exp.CTE):
        if cte.alias == name:
            cte.set("this", sqlglot.parse_one(f"select * from {table}", read="duckdb"))
    while unused := [cte for cte in tree.find_all(exp.CTE) if not any(t.name == cte.alias for t in tree.find_all(exp.Table))]:
        for cte in unused:
            cte.pop()
    return tree.sql(dialect="duckdb")


@pytest.fixture
def built(cases: Sequence[Case], lake: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The two models on the same decisions and rows."""
    with connect(extensions=["delta"]) as connection:
        connection.execute(
            f"create table stg_ops__decisions as select 'ops' as source_system, * from delta_scan('{lake / 'ops' / 'decisions'}')"
        )
        connection.execute("create table rows as select unnest($1) as quarantine_id, unnest($2) as rule,"
                           " unnest($3) as may_be_waived", columns(cases))  # fmt: skip
        connection.execute(f"create table int_decisions__latest as {model('int_decisions__latest')}")
        connection.execute(f"create table marts as {with_cte(model('int_quarantine__united'), 'united', 'rows')}")
        yield connection


def test_the_models(cases: Sequence[Case], built: duckdb.DuckDBPyConnection) -> None:
    expected = {case.quarantine_id: replay(case) for case in cases}
    latest = built.execute("select quarantine_id, decision, waived_rules, set_aside_rule from int_decisions__latest").fetchall()
    assert {key for key, *_ in latest} == {case.quarantine_id for case in cases if case.decisions}
    for key, decision, waived, set_aside in latest:
        assert {rule for rule in RULES if f",{rule}," in (waived or "")} == expected[key].waived
        assert (decision in ENDINGS) == (expected[key].status in ENDINGS)
        assert not set_aside or decision in ENDINGS
    words = {"released_pending": "waived"}
    found = {
        key: words.get(status, status) for key, status in built.execute("select quarantine_id, status from marts").fetchall()
    }
    assert found == {case.quarantine_id: expected[case.quarantine_id].status for case in cases if case.rule}
