"""Checks in words: the claim, what is expected and what was seen, for people who do not know Great Expectations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sluice.core.text import number, plural
from sluice.core.text import value as shortened
from sluice.quality.dbt_results import Ended
from sluice.quality.expectations.result import CheckResult

_LONG = 160
# What dbt calls its own tests, and what they claim of a column.
_GENERIC = {"not_null_": "is not null", "unique_": "is unique", "accepted_values_": "is one of", "relationships_": "is in"}


def claim(name: str) -> str:
    """A check's name as a sentence."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def claim_of_test(node: Ended) -> str:
    """What a test of dbt claims; a name that dbt made of model and column is put into words."""
    kind = next((word for word in _GENERIC if node.name.startswith(word)), None)
    if kind is None or not node.column:
        return claim(node.name)
    given = node.arguments or {}
    of = {"accepted_values_": _listed(given.get("values") or []), "relationships_": f"{given.get('to')}, {given.get('field')}"}
    return f"{node.column} {_GENERIC[kind]} {of.get(kind, '')}".strip()


def expected(check: CheckResult) -> str:
    """What a check expects of its column or its model."""
    given = dict(check.expected)
    where = given.pop("row_condition", None)
    mostly = given.pop("mostly", None)
    given.pop("condition_parser", None)
    said = _WORDS.get(_plain(check.expectation), _in_gx_words)(check, given)
    said += f", in at least {100 * float(mostly):.6g} % of the rows" if mostly is not None else ""
    said += f", where {where}" if where else ""
    return shortened(said, 400)


def _plain(expectation: str) -> str:
    return expectation.replace("_", "").lower()


def between(given: Mapping[str, Any]) -> str:
    """`between 0 and 100`, `at least 0`, `above 0`."""
    least, most = given.get("min_value"), given.get("max_value")
    low = f"{'above' if given.get('strict_min') else 'at least'} {_figure(least)}" if least is not None else ""
    high = f"{'below' if given.get('strict_max') else 'at most'} {_figure(most)}" if most is not None else ""
    if low and high and not given.get("strict_min") and not given.get("strict_max"):
        return f"between {_figure(least)} and {_figure(most)}"
    return " and ".join(word for word in (low, high) if word)


def _figure(found: Any) -> str:
    return number(found) if isinstance(found, int | float) and not isinstance(found, bool) else str(found)


def _listed(values: Sequence[Any]) -> str:
    return ", ".join("null" if one is None else str(one) for one in values)


def _of(what: str) -> Callable[[CheckResult, Mapping[str, Any]], str]:
    def said(check: CheckResult, given: Mapping[str, Any]) -> str:
        return f"{what.format(column=check.column or '')} {between(given)}"

    return said


def _set(what: str) -> Callable[[CheckResult, Mapping[str, Any]], str]:
    def said(check: CheckResult, given: Mapping[str, Any]) -> str:
        return f"{check.column} {what} {_listed(given.get('value_set') or [])}"

    return said


def _query(_: CheckResult, given: Mapping[str, Any]) -> str:
    return f"no row of: {' '.join(str(given.get('unexpected_rows_query', '')).split())}"


def _quantiles(check: CheckResult, given: Mapping[str, Any]) -> str:
    ranges = given.get("quantile_ranges") or {}
    pairs = zip(ranges.get("quantiles") or [], ranges.get("value_ranges") or [], strict=False)
    limits = [f"{quantile} {between({'min_value': low, 'max_value': high})}" for quantile, (low, high) in pairs]
    return f"quantiles of {check.column}: {'; '.join(limits)}"


def _pattern(what: str) -> Callable[[CheckResult, Mapping[str, Any]], str]:
    def said(check: CheckResult, given: Mapping[str, Any]) -> str:
        patterns = [one for name in ("regex", "regex_list", "like_pattern", "like_pattern_list") if (one := given.get(name))]
        return f"{check.column} {what} {' or '.join(_listed(one if isinstance(one, list) else [one]) for one in patterns)}"

    return said


def _in_gx_words(check: CheckResult, given: Mapping[str, Any]) -> str:
    words = check.expectation.removeprefix("expect_").replace("_", " ")
    arguments = "; ".join(f"{name} {value}" for name, value in given.items())
    return f"{f'{check.column}: ' if check.column else ''}{words}{f' ({arguments})' if arguments else ''}"


_WORDS: dict[str, Callable[[CheckResult, Mapping[str, Any]], str]] = {
    "expectcolumnvaluestobebetween": _of("{column}"),
    "expectcolumnmintobebetween": _of("the least {column}"),
    "expectcolumnmaxtobebetween": _of("the largest {column}"),
    "expectcolumnmeantobebetween": _of("the mean of {column}"),
    "expectcolumnmediantobebetween": _of("the median of {column}"),
    "expectcolumnsumtobebetween": _of("the sum of {column}"),
    "expectcolumnstdevtobebetween": _of("the standard deviation of {column}"),
    "expectcolumnuniquevaluecounttobebetween": _of("distinct values of {column}:"),
    "expectcolumnproportionofuniquevaluestobebetween": _of("the share of distinct {column}"),
    "expectcolumnproportionofnonnullvaluestobebetween": _of("the share of {column} that is not null"),
    "expecttablerowcounttobebetween": _of("rows:"),
    "expectcolumnvaluestobeinset": _set("is one of"),
    "expectcolumnvaluestonotbeinset": _set("is none of"),
    "expectcolumndistinctvaluestobeinset": _set("is one of"),
    "expectcolumnmostcommonvaluetobeinset": _set("is most often one of"),
    "expectcolumnvaluestonotbenull": lambda check, _: f"{check.column} is not null",
    "expectcolumnvaluestobenull": lambda check, _: f"{check.column} is null",
    "expectcolumnvaluestobeunique": lambda check, _: f"{check.column} is unique",
    "expectcolumnquantilevaluestobebetween": _quantiles,
    "expectcolumnvaluelengthstobebetween": _of("the length of {column}"),
    **dict.fromkeys(("expectcolumnvaluestomatchregex", "expectcolumnvaluestomatchlikepattern"), _pattern("matches")),
    **dict.fromkeys(("expectcolumnvaluestonotmatchregex", "expectcolumnvaluestonotmatchlikepattern"), _pattern("does not match")),
    "unexpectedrowsexpectation": _query,
}


def seen(check: CheckResult) -> str:
    """What was seen: a figure, or how many rows are not as expected."""
    found = check.observed
    if "unexpected_count" in found:
        of = f" of {found['element_count']:,}" if found.get("element_count") is not None else ""
        share = f" ({found['unexpected_percent']:.3g} %)" if found.get("unexpected_percent") and of else ""
        return f"{found['unexpected_count']:,}{of} {'rows' if of else 'values'} are not{share}"
    if "observed_value" in found:
        is_rows = "unexpected_rows_query" in check.expected and isinstance(found["observed_value"], int)
        return plural(found["observed_value"], "row") if is_rows else _value(found["observed_value"])
    if not found or found.get("element_count") == 0:
        return "there are no rows"
    return _value(dict(found))


def _value(found: Any) -> str:
    if isinstance(found, Mapping):
        return shortened("; ".join(f"{name} {_value(part)}" for name, part in found.items()), _LONG)
    if isinstance(found, list | tuple):
        return shortened(", ".join(_value(part) for part in found), _LONG)
    return shortened("null" if found is None else _figure(found), _LONG)


def limits(check: CheckResult) -> tuple[float, float | None, float | None] | None:
    """The figure that was seen and its limits, where all of them are numbers."""
    found = check.observed.get("observed_value")
    least, most = (check.expected.get(name) for name in ("min_value", "max_value"))
    ends = [one for one in (least, most) if one is not None]
    if not ends or not all(isinstance(one, int | float) and not isinstance(one, bool) for one in (found, *ends)):
        return None
    return float(found or 0), None if least is None else float(least), None if most is None else float(most)
