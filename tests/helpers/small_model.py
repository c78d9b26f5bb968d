"""A warehouse file and a manifest, without dbt, that a model can be trained on: 120 days of payments, one in 25 of them fraud."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sluice.core.duck import connect

FEATURES = ("amount_cents", "payments_of_card_1h", "share_declined_7d", "risk_of_device_7d", "hour_of_day")
_PAYMENTS = """
create schema risk;

create table risk.dice as
select
    i,
    timestamp '2026-01-01' + interval (i * 120 * 86400 // {count}) second as paid_at,
    hash(i, 1) % 1000000 / 1e6 as a,
    hash(i, 2) % 1000000 / 1e6 as b,
    hash(i, 3) % 1000000 / 1e6 as c,
    hash(i, 4) % 1000000 / 1e6 as d,
    hash(i, 5) % 1000000 / 1e6 < 0.04 as is_fraud
from range({count}) as rows(i);

create table risk.rpt_features as
select
    'p' || lpad(i::varchar, 6, '0') as payment_id,
    paid_at,
    (1000 + 20000 * a + if(is_fraud, 15000 * b, 0))::bigint as amount_cents,
    (if(is_fraud and c < 0.7, 2 + 4 * d, 1.5 * d * d))::bigint as payments_of_card_1h,
    if(d < 0.1, null, round(if(is_fraud, 0.3 + 0.6 * a, 0.7 * b), 3)) as share_declined_7d,
    if(c < 0.2, null, round(if(is_fraud, 0.1 + 0.8 * d, 0.5 * d), 3)) as risk_of_device_7d,
    hour(paid_at) as hour_of_day,
    ['SE', 'DE', 'US'][1 + i % 3] as country,
    'card ' || (i % 997) as card
from risk.dice;

create table risk.fct_labels as
select
    'p' || lpad(i::varchar, 6, '0') as payment_id,
    true as is_fraud,
    paid_at + interval (2 + 6 * b) day as known_at
from risk.dice
where is_fraud;

create table risk.rpt_baselines as
select
    payment_id,
    (amount_cents > 18000)::int as amount_rule,
    amount_cents / 20000 + coalesce(payments_of_card_1h, 0) as graded_rule
from risk.rpt_features;

drop table risk.dice;
"""


def warehouse(file: Path, count: int = 3000) -> Path:
    """Write the warehouse file."""
    with connect(str(file)) as connection:
        connection.execute(_PAYMENTS.format(count=count))
    return file


def settings(**said: Any) -> dict[str, Any]:
    """The `config.meta.model` of the model `payments`, with these keys."""
    plain = {
        "features": "rpt_features",
        "key": "payment_id",
        "at": "paid_at",
        "label": {"model": "fct_labels", "column": "is_fraud", "known_at": "known_at", "delay": "7 days"},
        "split": {"test": "28 days", "folds": 2, "step": "14 days"},
        "search": {"rounds": 30, "max_depth": [2, 3]},
        "cost": {"missed": "amount_cents", "minutes": 5, "minute": 60, "false_alarm": 100},
        "daily": {"k": 3},
        "segments": {"country": "country"},
        "baselines": ["rpt_baselines.amount_rule", "rpt_baselines.graded_rule"],
    }
    return plain | said


def manifest(meta: dict[str, Any] | None = None, name: str = "payments") -> dict[str, Any]:
    """What dbt's manifest says of these tables, and of the model that is declared with `meta`."""
    features = {
        "payment_id": "varchar", "paid_at": "timestamp", "amount_cents": "bigint", "payments_of_card_1h": "bigint",
        "share_declined_7d": "double", "risk_of_device_7d": "double", "hour_of_day": "bigint", "country": "varchar",
        "card": "varchar",
    }  # fmt: skip
    nodes = {
        "rpt_features": features,
        "fct_labels": {"payment_id": "varchar", "is_fraud": "boolean", "known_at": "timestamp"},
        "rpt_baselines": {"payment_id": "varchar", "amount_rule": "integer", "graded_rule": "double"},
    }
    return {
        "metadata": {"generated_at": "2026-05-01T00:00:00Z"},
        "nodes": {f"model.shop.{one}": node(one, columns) for one, columns in nodes.items()},
        "exposures": {
            f"exposure.shop.{name}": {
                "name": name,
                "type": "ml",
                "description": "Whether a payment will be disputed.",
                "owner": {"name": "Risk"},
                "original_file_path": "models/marts/risk/_risk__exposures.yml",
                "depends_on": {"nodes": [f"model.shop.{one}" for one in nodes]},
                "config": {"meta": {"model": settings() if meta is None else meta}},
            }
        },
    }


def node(name: str, columns: dict[str, str]) -> dict[str, Any]:
    """A model of the manifest."""
    described = {
        one: {"name": one, "data_type": kind, "description": f"What {one} is. And more."} for one, kind in columns.items()
    }
    return {
        "unique_id": f"model.shop.{name}",
        "resource_type": "model",
        "database": "warehouse",
        "name": name,
        "schema": "risk",
        "alias": name,
        "access": "public",
        "config": {"materialized": "table", "meta": {}},
        "columns": described,
    }
