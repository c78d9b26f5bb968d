"""What each source delivers: tables, columns, and which faults make sense where.

Everything here is constant and trusted: it is the only text that is put into SQL by name. The faults that `make faults`
puts into a clean demo, one at a time, are another list: scripts/lab/faults/corpus.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Rule:
    """How one kind of row fault shows in one table.

    ``column`` is the damaged column (JSON: its path), ``value`` a SQL expression of the text that replaces it; in it,
    ``{old}`` is the old text (CSV only). ``pattern`` finds the place in a JSON line. ``sticks`` says that every
    version of the same entity is damaged alike, as a wrong value in the source would be.
    """

    column: str
    value: str
    pattern: str = ""
    sticks: bool = False

    @property
    def expected_at(self) -> str:
        """Where the fault is expected to be seen: a value that sticks fits its type, so only a model's rule can see it."""
        return "model" if self.sticks else "ingestion"


@dataclass(frozen=True)
class Table:
    """One delivered table: where its files go, its columns in order, its key, and its possible row faults."""

    source: str
    name: str
    columns: tuple[str, ...]
    key_sql: str
    rules: dict[str, Rule]
    extension: Literal["csv", "jsonl", "jsonl.gz"] = "csv"
    new_column: tuple[str, str] = ("source_system", "erp2")
    takes_file_faults: bool = True

    @property
    def is_csv(self) -> bool:
        """Whether files have a header line and comma-separated fields (otherwise: JSON lines)."""
        return self.extension == "csv"

    @property
    def text_sql(self) -> str:
        """SQL expression of a sound row's text."""
        return "array_to_string(fields, ',')" if self.is_csv else "line"

    @property
    def folder(self) -> str:
        """Folder of the table's files, relative to the output directory."""
        return f"{self.source}/{self.name}"


def _csv_rules(key: str, typed: str, bad: str) -> dict[str, Rule]:
    """Rules that every CSV table has: a broken line, a wrong type in one column, an empty key."""
    return {
        "malformed_line": Rule("", ""),
        "wrong_type": Rule(typed, f"'{bad}'"),
        "missing_key": Rule(key, "''"),
    }


def _json_rules(key: str, typed: str, pattern: str, bad: str) -> dict[str, Rule]:
    """Rules that every JSON table has. ``pattern`` finds the column that gets the wrong type."""
    return {
        "malformed_line": Rule("", ""),
        "wrong_type": Rule(typed, bad, pattern),
        "missing_key": Rule(key, f"'{{\"{key}\":null'", rf'^\{{"{key}":"[^"]*"'),
    }


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FAR_AHEAD = "'2096' || substr({old}, 5)"
_UNKNOWN_ID = "(990000000000 + sort_id)::varchar"
_AMOUNT = '"value":[0-9.]+'

TABLES: tuple[Table, ...] = (
    Table(
        "shop",
        "customers",
        _words("customer_id email full_name country_code city signed_up_at accepts_marketing updated_at"),
        "customer_id::varchar",
        _csv_rules("customer_id", "signed_up_at", "last week"),
        new_column=("loyalty_tier", "gold"),
    ),
    Table(
        "shop",
        "products",
        _words("product_id sku product_name category list_price unit_cost currency_code is_active updated_at"),
        "product_id::varchar",
        _csv_rules("product_id", "list_price", "abc"),
        takes_file_faults=False,
    ),
    Table(
        "shop",
        "orders",
        _words(
            "order_id customer_id ordered_at status currency_code ship_country_code shipping_amount discount_amount"
            " voucher_code channel updated_at"
        ),
        "order_id::varchar",
        {
            **_csv_rules("order_id", "shipping_amount", "free"),
            "future_time": Rule("ordered_at", _FAR_AHEAD, sticks=True),
            "unknown_currency": Rule("currency_code", "'XXQ'", sticks=True),
        },
        new_column=("gift_wrap", "false"),
    ),
    Table(
        "shop",
        "order_items",
        _words("order_item_id order_id product_id quantity unit_price updated_at"),
        "order_item_id::varchar",
        {
            **_csv_rules("order_item_id", "quantity", "three"),
            "unknown_reference": Rule("product_id", _UNKNOWN_ID, sticks=True),
            "negative_price": Rule("unit_price", "'-' || {old}", sticks=True),
        },
        new_column=("warehouse_code", "W2"),
    ),
    Table(
        "shop",
        "refunds",
        _words("refund_id order_id amount currency_code reason refunded_at updated_at"),
        "refund_id::varchar",
        _csv_rules("refund_id", "amount", "abc"),
        takes_file_faults=False,
    ),
    Table(
        "payments",
        "transactions",
        _words("transaction_id order_id type amount card response_code ip_country buyer created_at"),
        "transaction_id",
        {
            **_json_rules("transaction_id", "amount.value", _AMOUNT, '\'"value":"abc"\''),
            "unknown_reference": Rule("order_id", f"'\"order_id\":' || {_UNKNOWN_ID}", '"order_id":[0-9]+', sticks=True),
            "unknown_currency": Rule("amount.currency", '\'"currency":"XXQ"\'', '"currency":"[A-Z]+"', sticks=True),
        },
        extension="jsonl",
        new_column=("risk_score", "17"),
    ),
    Table(
        "payments",
        "disputes",
        _words("dispute_id transaction_id reason status amount opened_at updated_at"),
        "dispute_id",
        _json_rules("dispute_id", "amount.value", _AMOUNT, '\'"value":"abc"\''),
        extension="jsonl",
        takes_file_faults=False,
    ),
    Table(
        "web",
        "events",
        _words("event_id visitor_id customer_id type occurred_at page product_id order_id device country_code campaign"),
        "event_uuid(sort_id)",
        {
            **_json_rules("event_id", "occurred_at", '"occurred_at":"[^"]*"', '\'"occurred_at":"just now"\''),
            "future_time": Rule("occurred_at", '\'"occurred_at":"2096-\'', '"occurred_at":"[0-9]{4}-', sticks=True),
        },
        extension="jsonl.gz",
        new_column=("experiment", '"b"'),
    ),
    Table(
        "fx",
        "rates",
        _words("rate_on base_currency_code currency_code rate"),
        "rate_on::varchar || '/' || currency_code",
        _csv_rules("rate_on", "rate", "n/a"),
        takes_file_faults=False,
    ),
)

# Kinds of faults with their default rates: small, and enough for each to occur in 10,000 orders over 30 days.
ROW_KINDS = {
    "malformed_line": 0.0005,
    "wrong_type": 0.0005,
    "missing_key": 0.0005,
    "unknown_reference": 0.001,
    "negative_price": 0.001,
    "future_time": 0.0005,
    "unknown_currency": 0.001,
}
FILE_KINDS = {"duplicate_delivery": 0.02, "changed_column_order": 0.01, "new_column": 0.01, "truncated_file": 0.01}
KINDS = (*ROW_KINDS, *FILE_KINDS)
