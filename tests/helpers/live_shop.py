"""A project whose payments are scored as they come, without dbt: contracts, a release with its events and SQL, and a model.

What a payment says by itself is in two views and a table of rates; the features of the batch are window functions in DuckDB.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from deltalake import DeltaTable

from lab.live import batch_sql
from lab.places import REPOSITORY
from sluice.core.duck import connect
from sluice.features.declared import Features
from sluice.features.declared import declared as features_of
from sluice.model.declared import declared as model_of
from sluice.model.facts import keep
from sluice.model.train import train
from sluice.score.serving import Release
from sluice.store import moves
from sluice.store.folder import Folder
from sluice.store.record import Code, Record, dump

# Times of the lake have no zone: they are UTC.
BEGIN = datetime.fromisoformat("2026-01-01")
_TYPES = {
    "id": "varchar", "kind": "varchar", "amount": 'struct("value" decimal(12,2), currency varchar)', "card": "varchar",
    "device": "varchar", "at": "timestamp",
}  # fmt: skip
_SCORES = {
    "payment_id": "varchar", "paid_at": "timestamp", "scored_at": "timestamp", "model": "varchar", "model_version": "varchar",
    "release_id": "varchar", "role": "varchar", "score": "double", "threshold": "double", "is_alert": "boolean",
    "reasons": "struct(feature varchar, words varchar, contribution double)[]", "topic": "varchar",
    "topic_partition": "bigint", "topic_offset": "bigint",
}  # fmt: skip
FEATURES: dict[str, Any] = {
    "events": "fct_events", "at": "known_at", "id": "event_id", "of": "payment",
    "entities": {"card": "card", "device": "device"},
    "columns": ["amount_cents", "hour_of_day", "is_foreign"],
    "features": [
        {"name": "card_n_1h", "entity": "card", "window": "1 hour", "aggregate": "count", "where": "is_payment"},
        {"name": "card_declined_1d", "entity": "card", "window": "1 day", "aggregate": "count", "where": "is_decline"},
        {"name": "card_sum_1d", "entity": "card", "window": "1 day", "aggregate": "sum", "value": "amount_cents"},
        {"name": "card_mean_7d", "entity": "card", "window": "7 days", "aggregate": "mean", "value": "amount_cents"},
        {"name": "card_max_7d", "entity": "card", "window": "7 days", "aggregate": "max", "value": "amount_cents"},
        {"name": "card_since", "entity": "card", "aggregate": "seconds_since_last"},
        {"name": "device_cards_1d", "entity": "device", "window": "1 day", "aggregate": "count_distinct", "value": "card"},
        {"name": "to_mean", "ratio": ["amount_cents", "card_mean_7d"]},
    ],
}  # fmt: skip
_RAW = "delta_scan('{lake}/raw/shop/payments')"
_STAGED = """
with source as (select * from delta_scan('{lake}/raw/shop/payments', version => 3))
select
    'shop:' || source.id as payment_id, source.kind, source.amount.value as amount, source.amount.currency as currency,
    source.card, source.device, source."at" as paid_at, source._position as source_position
from source
"""
_DESCRIBED = """
with payments as (select * from "warehouse"."staging"."stg_payments"),
rates as (select * from "warehouse"."ref"."rates"),
rated as (
    select payments.*, rates.rate
    from payments
    asof left join rates on payments.currency = rates.currency and cast(payments.paid_at as date) > rates.rate_on
)
select
    payment_id as event_id, kind as event_kind, paid_at as known_at, card, device,
    cast(round(amount * rate * 100) as bigint) as amount_cents, cast(date_part('hour', paid_at) as integer) as hour_of_day,
    currency <> 'EUR' as is_foreign, kind = 'payment' as is_payment, kind = 'decline' as is_decline,
    source_position, kind in ('payment', 'decline') as is_event,
    case when amount > 500 and kind = 'decline' then 'large' end as refusal_reason
from rated
"""
_LABELS = """
create table risk.fct_labels as
    select event_id as payment_id, true as is_fraud, known_at + interval 3 day as known_at
    from core.fct_events where event_kind = 'payment' and card like 'stolen%';
"""


@dataclass(frozen=True)
class Payment:
    """A payment, or a declined try of one, as the shop knows it."""

    id: str
    kind: str
    cents: int
    currency: str
    card: str
    device: str | None
    at: datetime

    @property
    def line(self) -> str:
        """The message."""
        amount = {"value": self.cents / 100, "currency": self.currency}
        record = {"id": self.id, "kind": self.kind, "amount": amount, "card": self.card, "device": self.device}
        return json.dumps({**record, "at": f"{self.at:%Y-%m-%dT%H:%M:%S.%fZ}"})


def payments(count: int, since: datetime, seconds: float, seed: int = 1) -> list[Payment]:
    """Payments in the order of time, some in one microsecond; of a few stolen cards four in a row, within minutes."""
    dice, made, at = random.Random(seed), [], since
    for number in range(count):
        is_stolen = number % 60 in (20, 21, 22, 23)
        at += timedelta(seconds=0 if number % 40 == 7 else dice.uniform(0, min(60, 2 * seconds) if is_stolen else 2 * seconds))
        card = f"stolen{number // 60}" if is_stolen else f"card{dice.randrange(25)}"
        kind = "decline" if dice.random() < 0.1 else "other" if dice.random() < 0.05 else "payment"
        device = None if dice.random() < 0.1 else f"device{dice.randrange(20)}"
        cents = dice.randrange(2_000, 60_000) if is_stolen else dice.randrange(500, 30_000)
        made.append(Payment(f"{since:%m%d}-{number}", kind, cents, dice.choice(["EUR", "USD", "SEK"]), card, device, at))
    return made


@dataclass
class LiveShop:
    """The project in a folder. A release has the events of all payments in `history`."""

    root: Path
    made: int = 0

    @property
    def lake(self) -> Path:
        return self.root / "lake"

    def write_contracts(self) -> None:
        """The YAML of the two raw tables."""
        folder = self.root / "models" / "staging"
        folder.mkdir(parents=True, exist_ok=True)
        tables = {("shop", "payments"): (_TYPES, ["id"]), ("risk", "scores"): (_SCORES, ["payment_id"])}
        sources = [
            {"name": source, "tables": [{"name": table, "config": {"meta": {"key": key}}, "columns": _columns(types, key)}]}
            for (source, table), (types, key) in tables.items()
        ]
        shutil.copy(REPOSITORY / "environments.yml", self.root)
        (folder / "_sources.yml").write_text(json.dumps({"version": 2, "sources": sources}), encoding="utf-8")

    def release(
        self, folder: Path, history: Sequence[Payment], release_id: str = "20260101T000000Z-aaaaaa", seed: int = 1
    ) -> Release:
        """Make a release with its model in a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        manifest = self.manifest(seed)
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        file = folder / "warehouse.duckdb"
        features = features_of(manifest, "rpt_features")
        with connect(str(file)) as connection:
            create_events(connection, manifest, history)
            create_features(connection, features)
            connection.execute(_LABELS)
        trained = train(file, model_of(manifest, "payments"))
        keep(trained, folder / "models" / "payments", {"release_id": release_id, "commit": None})
        return Release(release_id, folder, file)

    def publish(self, history: Sequence[Payment], seed: int = 1, *, is_broken: bool = False) -> str:
        """Make a release of this history, and point prod to it; return its id. One that `is_broken` has a damaged model."""
        self.made += 1
        release_id = f"20260101T{self.made:06}Z-aaaaaa"
        folder = self.root / "warehouse" / "releases" / release_id
        release = self.release(folder, history, release_id, seed)
        dump(self._record(release), folder)
        if is_broken:
            (folder / "models" / "payments" / "model.onnx").write_bytes(b"no model")
        self.point(release_id)
        return release_id

    def point(self, release_id: str) -> None:
        """Move the pointer of prod."""
        store = Folder(self.root / "warehouse")
        pointer = store.pointer("prod")
        store.move(pointer, moves.new("publish", release_id, pointer.release_id, "user:tester"))

    def _record(self, release: Release) -> Record:
        table = self.lake / "raw" / "shop" / "payments"
        return Record(
            release_id=release.release_id, project="shop", code=Code("0" * 40, is_dirty=False),
            lake={"raw/shop/payments": DeltaTable(str(table)).version()} if table.exists() else {}, parent=None,
            environment="prod", full_refresh=True, built_by="user:tester", started_at="2026-01-01T00:00:00Z",
            duckdb=duckdb.__version__,
        )  # fmt: skip

    def environment(self) -> dict[str, str]:
        """Environment variables of a command on this project."""
        own = {"SLUICE_LAKE": str(self.lake), "SLUICE_WAREHOUSE": str(self.root / "warehouse"), "SLUICE_ACTOR": "user:tester"}
        return {**os.environ, **own, "SLUICE_RELEASES": "", "PYTHONPATH": str(REPOSITORY / "scripts")}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `sluice score payments` on it."""
        command = [str(Path(sys.executable).with_name("sluice")), "score", "payments", *arguments]
        return subprocess.Popen(
            command, cwd=self.root, env=self.environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def scores(self) -> list[dict[str, Any]]:
        """What the lake has, in the order of the messages."""
        rows: list[dict[str, Any]] = DeltaTable(str(self.lake / "raw" / "risk" / "scores")).to_pyarrow_table().to_pylist()
        return sorted(rows, key=lambda row: (row["topic_partition"], row["topic_offset"], row["role"]))

    def manifest(self, seed: int = 1) -> dict[str, Any]:
        """What dbt's manifest says."""
        names = [*FEATURES["columns"], *(one["name"] for one in FEATURES["features"])]
        types = {"payment_id": "varchar", "paid_at": "timestamp", **dict.fromkeys(names, "double")}
        labels = {"payment_id": "varchar", "is_fraud": "boolean", "known_at": "timestamp"}
        nodes = [
            _node("stg_payments", "staging", "view", ["source.shop.payments"], _STAGED.format(lake=self.lake)),
            _node("rates", "ref", "table", []),
            _node("described", "staging", "view", ["model.shop.stg_payments", "model.shop.rates"], _DESCRIBED),
            _node("fct_events", "core", "table", ["model.shop.described"]),
            _node("rpt_features", "risk", "table", ["model.shop.fct_events"], columns=types, meta={"features": FEATURES}),
            _node("fct_labels", "risk", "table", ["model.shop.fct_events"], columns=labels),
        ]
        model = {
            "features": "rpt_features", "key": "payment_id", "at": "paid_at",
            "label": {"model": "fct_labels", "column": "is_fraud", "known_at": "known_at", "delay": "7 days"},
            "split": {"test": "7 days", "folds": 1, "step": "7 days"}, "search": {"rounds": 15, "max_depth": 3},
            "cost": {"missed_fixed": 100, "minutes": 1, "minute": 1}, "seed": seed,
        }  # fmt: skip
        score = {
            "feed": "shop.payments",
            "rows": "described",
            "where": "is_event",
            "refused": "refusal_reason",
            "table": "risk.scores",
            "commit_seconds": 0.2,
        }
        source = {
            "unique_id": "source.shop.payments",
            "source_name": "shop",
            "name": "payments",
            "resource_type": "source",
            "schema": "shop",
            "identifier": "payments",
            "database": "warehouse",
        }
        return {
            "nodes": {node["unique_id"]: node for node in nodes},
            "sources": {"source.shop.payments": {**source, "relation_name": _RAW.format(lake=self.lake)}},
            "exposures": {
                "exposure.shop.payments": {
                    "name": "payments", "type": "ml", "resource_type": "exposure", "unique_id": "exposure.shop.payments",
                    "original_file_path": "models/exposures.yml",
                    "depends_on": {"nodes": ["model.shop.rpt_features", "model.shop.fct_labels"]},
                    "config": {"meta": {"model": model, "score": score}},
                }
            },
        }  # fmt: skip


def create_events(connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], history: Sequence[Payment]) -> None:
    """The rates, and the events of the payments by the project's own SQL."""
    connection.execute("""
        create schema ref; create schema core; create schema staging;
        create table ref.rates as
            select currency, (date '2025-12-01' + d::integer)::date as rate_on, (1 + d / 1000 + k / 10)::decimal(18, 8) as rate
            from (values ('EUR', 0), ('USD', 1), ('SEK', 2)) as c(currency, k), range(120) as r(d);
    """)
    rows = [
        {"id": one.id, "kind": one.kind, "amount": {"value": one.cents / 100, "currency": one.currency}, "card": one.card,
         "device": one.device, "at": one.at}
        for one in history
    ]  # fmt: skip
    connection.register("delivered", pa.Table.from_pylist(rows))
    values = ", ".join(f'"{name}"::{kind} as "{name}"' for name, kind in _TYPES.items())
    connection.execute(f"create temp table raw as select {values}, row_number() over () - 1 as _position from delivered")
    connection.unregister("delivered")
    staged = manifest["nodes"]["model.shop.stg_payments"]["compiled_code"]
    staged = staged[: staged.index("delta_scan")] + "raw" + staged[staged.index(", version => 3)") + len(", version => 3)") :]
    described = _DESCRIBED.replace('"warehouse"."staging"."stg_payments"', f"({staged})")
    described = described.replace('"warehouse"."ref"."rates"', "ref.rates")
    only, counted = "exclude (source_position, is_event, refusal_reason)", "is_event and refusal_reason is null"
    connection.execute(f"create table core.fct_events as select * {only} from ({described}) where {counted}")
    connection.execute("drop table raw")


def create_features(connection: duckdb.DuckDBPyConnection, features: Features) -> None:
    """The mart of features: window functions over all events."""
    query = batch_sql.query(features, "core.fct_events")
    connection.execute("create schema if not exists risk")
    connection.execute(f"""
        create table risk.rpt_features as
        select event_id as payment_id, known_at as paid_at, {", ".join(features.names)}
        from ({query}) where event_kind = 'payment'
    """)


def _columns(types: Mapping[str, str], required: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"name": name, "data_type": kind, "constraints": [{"type": "not_null"}] if name in required else []}
        for name, kind in types.items()
    ]


def _node(
    name: str,
    schema: str,
    materialized: str,
    reads: Sequence[str],
    sql: str = "",
    columns: Mapping[str, str] | None = None,
    meta: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    described = {one: {"name": one, "data_type": kind, "description": f"The {one}."} for one, kind in (columns or {}).items()}
    return {
        "unique_id": f"model.shop.{name}", "resource_type": "model", "name": name, "database": "warehouse", "schema": schema,
        "alias": name, "relation_name": f'"warehouse"."{schema}"."{name}"', "original_file_path": f"models/{name}.sql",
        "config": {"materialized": materialized, "meta": dict(meta or {})}, "depends_on": {"nodes": list(reads)},
        "compiled_code": sql, "columns": described, "access": "public",
    }  # fmt: skip
