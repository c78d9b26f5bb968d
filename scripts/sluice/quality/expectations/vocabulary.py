"""Turns a declared check into an expectation of Great Expectations, or into a sentence that says what is wrong with it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import duckdb
import great_expectations.expectations as gxe
from great_expectations.compatibility import pydantic
from great_expectations.exceptions.exceptions import GreatExpectationsError
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.row_conditions import Condition

from sluice.quality.expectations.declared import AuditedModel, DeclaredCheck
from sluice.quality.expectations.evaluate import CHECK, QUERY

_CONTRACT = "the contract checks columns and types (data_type of each column)"
_NO_SQL = "Great Expectations has no SQL for it; write an UnexpectedRowsExpectation"
_OTHER_TABLE = "it needs a second table, and an audit has one; compare tables in a dbt test"
REFUSED = {
    **dict.fromkeys(
        ("ExpectColumnToExist", "ExpectColumnTypeToBe", "ExpectColumnValuesToBeInTypeList", "ExpectColumnValuesToBeOfType",
         "ExpectTableColumnCountToBeBetween", "ExpectTableColumnCountToEqual", "ExpectTableColumnsToMatchOrderedList",
         "ExpectTableColumnsToMatchSet"), _CONTRACT),
    **dict.fromkeys(
        ("ExpectColumnValuesToBeDateutilParseable", "ExpectColumnValuesToBeDecreasing", "ExpectColumnValuesToBeIncreasing",
         "ExpectColumnValuesToBeJsonParseable", "ExpectColumnValuesToMatchJsonSchema",
         "ExpectColumnValuesToMatchStrftimeFormat"), _NO_SQL),
    **dict.fromkeys(("ExpectTableRowCountToEqualOtherTable", "ExpectQueryResultsToMatchComparison"), _OTHER_TABLE),
}  # fmt: skip
# Arguments of every expectation that GX uses itself; a check's own name and severity replace some of them.
_HOUSEKEEPING = {
    "id", "meta", "notes", "result_format", "description", "catch_exceptions", "rendered_content", "severity", "windows",
    "batch_id", "condition_parser",
}  # fmt: skip
_COLUMNS = {"column", "column_A", "column_B", "column_list"}
_PATTERNS = {"regex", "regex_list"}


def compiled(models: Sequence[AuditedModel]) -> tuple[dict[str, list[Expectation]], list[str]]:
    """GX's expectations by the model's unique_id, and every fault that was found."""
    suites: dict[str, list[Expectation]] = {}
    faults: list[str] = []
    for model in models:
        suites[model.unique_id] = []
        for check in model.checks:
            found = list(faults_of(check, model.columns))
            faults += [f"{model.name}, {check.name}: {fault}" for fault in found]
            if not found:
                suites[model.unique_id].append(_made(check))
    return suites, faults


def columns_of(check: DeclaredCheck) -> set[str]:
    """The columns that a check reads, as far as its arguments name them."""
    named = [check.arguments[key] for key in _COLUMNS & check.arguments.keys()]
    direct = {str(name) for value in named for name in (value if isinstance(value, list) else [value])}
    condition = _made(check).dict().get("row_condition") if "row_condition" in check.arguments else None
    return direct | set(_names_in(condition))


def faults_of(check: DeclaredCheck, columns: Sequence[str]) -> Iterator[str]:
    """What is wrong with a check, given the columns that its model declares (none: unknown)."""
    kind = _class(check.expectation)
    if kind is None:
        yield f"there is no expectation {check.expectation}{_nearest(check.expectation, _spellings())}"
        return
    if kind.__name__ in REFUSED:
        yield f"{check.expectation} is not supported: {REFUSED[kind.__name__]}"
        return
    allowed = kind.__fields__.keys() - _HOUSEKEEPING
    unknown = sorted(check.arguments.keys() - allowed)
    if unknown:
        yield from (f"{check.expectation} has no argument {name}{_nearest(name, sorted(allowed))}" for name in unknown)
        return
    try:
        made = _made(check)
    except (GreatExpectationsError, ValueError, TypeError) as error:
        yield from _reasons(error)
        return
    yield from _coerced(check.arguments, made)
    yield from _upside_down(check.arguments)
    yield from _broken_patterns(check.arguments)
    yield from _misshapen(check.arguments)
    unseen = sorted(columns_of(check) - set(columns)) if columns else []
    yield from (f"the model has no column {name}{_nearest(name, list(columns))}" for name in unseen)


def _made(check: DeclaredCheck) -> Expectation:
    kind = _class(check.expectation)
    assert kind is not None
    arguments = dict(check.arguments)
    if isinstance(arguments.get("row_condition"), str):
        arguments["condition_parser"] = "great_expectations"
    if isinstance(arguments.get("value_set"), list):  # in SQL, nothing is known to be outside of a set with null
        arguments["value_set"] = [value for value in arguments["value_set"] if value is not None]
    meta = {CHECK: check.name}
    if "unexpected_rows_query" in arguments:
        meta[QUERY] = str(arguments["unexpected_rows_query"]).strip().rstrip(";")
        arguments["unexpected_rows_query"] = _kept_as_it_is(meta[QUERY])
    return kind(**arguments, notes=check.name, meta=meta)


# What SQLAlchemy takes for a parameter.
_PARAMETER = re.compile(r"(?<![:\w\\]):(?=[\w$]+(?![:\w$]))")


def _kept_as_it_is(query: str) -> str:
    """A query as it gets through Python's format and SQLAlchemy's text; a comment at its end has an end."""
    braces = query.replace("{", "{{").replace("}", "}}").replace("{{batch}}", "{batch}")
    return _PARAMETER.sub(r"\\:", braces) + "\n/**/"


@cache
def _classes() -> Mapping[str, type[Expectation]]:
    named = {name: getattr(gxe, name) for name in dir(gxe) if name.startswith(("Expect", "Unexpected"))}
    return {name: kind for name, kind in named.items() if isinstance(kind, type) and name != "Expectation"}


def _spellings() -> list[str]:
    return [spelling for name in _classes() for spelling in (name, _snake(name))]


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _class(name: str) -> type[Expectation] | None:
    return _classes().get(name) or next((kind for other, kind in _classes().items() if _snake(other) == name), None)


def _nearest(name: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else ""


def _reasons(error: Exception) -> Iterator[str]:
    """pydantic's errors, one per argument: it gives one per type that the argument may have."""
    if not isinstance(error, pydantic.ValidationError):
        yield str(error).splitlines()[0]
        return
    first: dict[str, str] = {}
    for fault in error.errors():
        first.setdefault(str(fault["loc"][0]), fault["msg"])
    # An error about the whole follows from that of an argument, if there is one.
    whole = first.pop("__root__", None)
    yield from [f"argument {argument}: {message}" for argument, message in first.items()] or [str(whole)]


def _coerced(arguments: Mapping[str, Any], made: Expectation) -> Iterator[str]:
    """Values that GX would silently read as something else: '5' as a number, true as 1."""
    for name, given in arguments.items():
        kept = getattr(made, name)
        odd = isinstance(given, bool) != isinstance(kept, bool) or (isinstance(given, str) and isinstance(kept, int | float))
        if odd and not isinstance(kept, Condition):
            yield f"argument {name}: {given!r} would be read as {kept!r}; write that"
        if isinstance(given, dict) and "$PARAMETER" in given:
            yield f"argument {name}: an audit has no suite parameters; write the value"


def _upside_down(arguments: Mapping[str, Any]) -> Iterator[str]:
    low, high = arguments.get("min_value"), arguments.get("max_value")
    if low is not None and high is not None and type(low) is type(high) and low > high:
        yield f"min_value {low} is above max_value {high}: nothing can pass"


def _broken_patterns(arguments: Mapping[str, Any]) -> Iterator[str]:
    given = [arguments[name] for name in _PATTERNS & arguments.keys()]
    for pattern in [one for value in given for one in (value if isinstance(value, list) else [value])]:
        try:
            duckdb.execute("select regexp_matches('', $pattern)", {"pattern": pattern})
        except duckdb.Error as error:
            yield f"{pattern!r} is not a regular expression of DuckDB: {str(error).splitlines()[0]}"


def _misshapen(arguments: Mapping[str, Any]) -> Iterator[str]:
    if "{batch}" not in arguments.get("unexpected_rows_query", "{batch}"):
        yield "unexpected_rows_query does not read the model: write {batch} for its relation"
    if arguments.get("value_set") == [None]:
        yield "value_set has only null, which is in no set; use expect_column_values_to_be_null"
    ranges = arguments.get("quantile_ranges") or {"quantiles": [], "value_ranges": []}
    if len(ranges["quantiles"]) != len(ranges["value_ranges"]):
        yield f"{len(ranges['quantiles'])} quantiles and {len(ranges['value_ranges'])} value_ranges: one range per quantile"


def _names_in(condition: Any) -> Iterator[str]:
    if isinstance(condition, dict):
        if isinstance(condition.get("column"), dict):
            yield condition["column"]["name"]
        for inner in condition.get("conditions") or []:
            yield from _names_in(inner)
