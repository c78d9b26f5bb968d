"""Declared expectations as rules of ODCS: library metrics and SQL; what has neither here is kept for Great Expectations."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from sluice.core.duck import identifier, literal
from sluice.odcs.promised import Found, kept
from sluice.odcs.quality import Rules
from sluice.odcs.relations import for_readers
from sluice.quality.expectations.declared import AuditedModel, DeclaredCheck

_CONDITION = re.compile(r'col\("(\w+)"\)\s*(==|!=|<=|>=|<|>)\s*(?:"([^"]*)"|(-?\d+(?:\.\d+)?))')


def add(model: AuditedModel, rules: Rules, known: Collection[str]) -> None:
    """Add the expectations of a model to its rules. `known` are the relations that readers have, folded."""
    for check in model.checks:
        said = _said(check, model, known)
        column = said.pop("column", None)
        rules.add({**_head(check), **(said or _kept(check))}, column)


def _head(check: DeclaredCheck) -> Found:
    severity = "warning" if check.severity == "warn" else "error"
    return {"name": check.name, "description": check.name.replace("_", " "), "severity": severity}


def _kept(check: DeclaredCheck) -> Found:
    """As Great Expectations has it, for those who run that."""
    implementation = {"type": _snake(check.expectation), "kwargs": dict(check.arguments)}
    return {"type": "custom", "engine": "greatExpectations", "implementation": json.dumps(implementation, default=str)}


def _said(check: DeclaredCheck, model: AuditedModel, known: Collection[str]) -> Found:
    """The rule that says the same; empty where there is none."""
    kind, given = _snake(check.expectation), dict(check.arguments)
    condition = _condition(given.pop("row_condition", None))
    if condition is None:
        return {}
    mostly = float(given.pop("mostly", 1))
    if kind == "unexpected_rows_expectation":
        return _rows(str(given.get("unexpected_rows_query") or ""), model, known)
    if kind == "expect_table_row_count_to_be_between" and not condition:
        return {"type": "library", "metric": "rowCount", **_between(given)} if _between(given) else {}
    column = given.pop("column", None)
    wrong = _wrong(kind, str(column), given) if column else None
    if wrong is None:
        return {}
    return _share(wrong, str(column), model.relation, condition, mostly)


def _rows(query: str, model: AuditedModel, known: Collection[str]) -> Found:
    sql = for_readers(query.strip().rstrip(";").replace("{batch}", model.relation), known)
    return {"type": "sql", "query": f"select count(*) from ({sql}) as unexpected", "mustBe": 0} if sql else {}


def _between(given: Mapping[str, Any]) -> Found:
    low, high = given.get("min_value"), given.get("max_value")
    if given.get("strict_min") or given.get("strict_max"):
        return {}
    if low is not None and high is not None and low != high:
        return {"mustBeBetween": [low, high]}
    if low is not None and high is not None:
        return {"mustBe": low}
    return kept(mustBeGreaterOrEqualTo=low) or kept(mustBeLessOrEqualTo=high)


def _wrong(kind: str, column: str, given: Mapping[str, Any]) -> str | None:
    """The condition of a value that is not as expected; None where the expectation is of another kind."""
    name = identifier(column)
    if kind == "expect_column_values_to_not_be_null":
        return f"{name} is null"
    if kind == "expect_column_values_to_be_in_set" and isinstance(given.get("value_set"), list):
        values = [literal(str(one)) if isinstance(one, str) else str(one) for one in given["value_set"] if one is not None]
        return f"{name} not in ({', '.join(values)})" if values else None
    if kind in ("expect_column_values_to_match_regex", "expect_column_values_to_not_match_regex"):
        is_match = f"regexp_matches({name}, {literal(str(given.get('regex')))})"
        return is_match if "not_match" in kind else f"not {is_match}"
    if kind == "expect_column_values_to_be_between":
        return _outside(name, given)
    return None


def _outside(name: str, given: Mapping[str, Any]) -> str | None:
    low, high = given.get("min_value"), given.get("max_value")
    parts = [f"{name} <{'=' * bool(given.get('strict_min'))} {_value(low)}"] if low is not None else []
    parts += [f"{name} >{'=' * bool(given.get('strict_max'))} {_value(high)}"] if high is not None else []
    return " or ".join(parts) or None


def _value(value: Any) -> str:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else literal(str(value))


def _share(wrong: str, column: str, relation: str, condition: str, mostly: float) -> Found:
    """How many values are wrong or, where some may be, which share of those that are not null."""
    table = ".".join(identifier(part) for part in relation.split(".", 1))
    rows = f" where {condition}" if condition else ""
    found: Found = {"type": "sql", "column": column}
    if mostly >= 1:
        return {**found, "query": f"select count(*) filter ({wrong}) from {table}{rows}", "mustBe": 0}
    whole = "count(*)" if wrong.endswith("is null") else f"count({identifier(column)})"
    share = f"coalesce(100.0 * count(*) filter ({wrong}) / nullif({whole}, 0), 0)"
    return {**found, "query": f"select {share} from {table}{rows}", "mustBeLessOrEqualTo": round(100 * (1 - mostly), 6)}


def _condition(text: Any) -> str | None:
    """A row condition of Great Expectations as SQL: comparisons joined by `and`. None where it is something else."""
    if text is None:
        return ""
    parts = [_CONDITION.fullmatch(part.strip().strip("()")) for part in re.split(r"\s*(?:&|\band\b)\s*", str(text))]
    if not all(parts):
        return None
    return " and ".join(f"{identifier(one[1])} {one[2].replace('==', '=')} {one[4] or literal(one[3])}" for one in parts if one)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
