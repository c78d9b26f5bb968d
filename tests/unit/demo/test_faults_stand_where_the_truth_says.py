"""Every fault of the truth file is in the delivered file, at that position, and nothing else is damaged."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sluice.demo import KINDS, TABLES, DemoOptions, DemoReport, generate, parse_faults

Fault = dict[str, str]


def truth(out: Path) -> list[Fault]:
    with (out / "truth" / "faults.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def text(out: Path, name: str) -> str:
    raw = (out / name).read_bytes()
    return (gzip.decompress(raw) if name.endswith(".gz") else raw).decode()


def records(out: Path, name: str) -> list[str]:
    lines = text(out, name).splitlines()
    return lines[1:] if name.endswith(".csv") else lines


def header(out: Path, name: str) -> list[str]:
    return text(out, name).splitlines()[0].split(",")


def is_text_of_time(value: str) -> bool:
    return value[:2] == "20" and value[4] == "-"


def cell(record: str, fault: Fault, columns: list[str]) -> Any:
    """The value at the column (CSV) or path (JSON) that the fault's detail names."""
    if fault["file"].endswith(".csv"):
        return dict(zip(columns, next(csv.reader([record])), strict=True))[fault["detail"]]
    found = json.loads(record)
    for part in fault["detail"].split("."):
        found = found[part]
    return found


def is_malformed(record: str, columns: list[str], is_csv: bool) -> bool:
    if is_csv:
        return len(next(csv.reader([record]))) != len(columns)
    try:
        json.loads(record)
    except ValueError:
        return True
    return False


def is_not_a(value: Any) -> bool:
    if not isinstance(value, str) or is_text_of_time(value):
        return False
    try:
        float(value)
    except ValueError:
        return True
    return False


SHOWS: dict[str, Callable[[Any], bool]] = {
    "wrong_type": is_not_a,
    "missing_key": lambda value: value in ("", None),
    "unknown_reference": lambda value: int(value) > 900_000_000_000,
    "negative_price": lambda value: float(value) < 0,
    "future_time": lambda value: str(value).startswith("2096-"),
    "unknown_currency": lambda value: value == "XXQ",
}


def test_every_kind_occurs(faulty: DemoReport) -> None:
    assert {fault["fault_kind"] for fault in truth(faulty.out)} == set(KINDS)
    assert Counter(fault["fault_kind"] for fault in truth(faulty.out)) == faulty.faults


def test_row_faults_stand_at_their_position(faulty: DemoReport) -> None:
    checked = 0
    for fault in truth(faulty.out):
        if not fault["position"]:
            continue
        record = records(faulty.out, fault["file"])[int(fault["position"]) - 1]
        columns = header(faulty.out, fault["file"])
        if fault["fault_kind"] == "malformed_line":
            assert is_malformed(record, columns, fault["file"].endswith(".csv")), fault
        else:
            assert SHOWS[fault["fault_kind"]](cell(record, fault, columns)), fault
        if fault["fault_kind"] not in ("missing_key", "malformed_line") and fault["source"] != "fx":
            assert fault["record_key"] in record, fault
        checked += 1
    assert checked > 300


def test_nothing_else_is_malformed(faulty: DemoReport) -> None:
    listed = {(f["file"], int(f["position"])) for f in truth(faulty.out) if f["fault_kind"] == "malformed_line"}
    cut = {f["file"] for f in truth(faulty.out) if f["fault_kind"] == "truncated_file"}
    found: set[tuple[str, int]] = set()
    last: set[str] = set()
    for path in sorted(p for table in TABLES for p in (faulty.out / table.folder).iterdir()):
        name = str(path.relative_to(faulty.out))
        lines, columns = records(faulty.out, name), header(faulty.out, name)
        for position, line in enumerate(lines, start=1):
            if is_malformed(line, columns, name.endswith(".csv")):
                if name in cut and position == len(lines):
                    last.add(name)
                else:
                    found.add((name, position))
    assert found == listed
    assert last == cut


def test_a_truncated_file_ends_in_the_middle_of_its_last_record(faulty: DemoReport) -> None:
    for fault in truth(faulty.out):
        if fault["fault_kind"] == "truncated_file":
            assert not text(faulty.out, fault["file"]).endswith("\n")
            last = records(faulty.out, fault["file"])[-1]
            assert fault["record_key"] in last or fault["table_name"] == "events"


def test_a_duplicate_has_the_same_content_under_another_name(faulty: DemoReport) -> None:
    duplicates = [fault for fault in truth(faulty.out) if fault["fault_kind"] == "duplicate_delivery"]
    assert duplicates
    for fault in duplicates:
        assert "_resent." in fault["file"]
        assert text(faulty.out, fault["file"]) == text(faulty.out, fault["file"].replace("_resent", ""))


def test_new_and_moved_columns_show_in_the_header_or_the_keys(faulty: DemoReport) -> None:
    promised = {table.name: list(table.columns) for table in TABLES}
    for fault in truth(faulty.out):
        if fault["fault_kind"] not in ("new_column", "changed_column_order"):
            continue
        is_csv = fault["file"].endswith(".csv")
        first = records(faulty.out, fault["file"])[0]
        columns = header(faulty.out, fault["file"]) if is_csv else list(json.loads(first))
        if fault["fault_kind"] == "new_column":
            assert columns == [*promised[fault["table_name"]], fault["detail"]]
        else:
            assert columns != promised[fault["table_name"]]
            assert sorted(columns) == sorted(promised[fault["table_name"]])
        if is_csv:
            assert dict(zip(columns, next(csv.reader([first])), strict=True))["updated_at"].startswith("20")


def test_no_file_has_two_faults_and_a_damaged_file_has_sound_rows(faulty: DemoReport) -> None:
    of_files = [f["file"].replace("_resent", "") for f in truth(faulty.out) if not f["position"]]
    assert len(of_files) == len(set(of_files))
    places = [(f["file"], f["position"]) for f in truth(faulty.out) if f["position"]]
    assert len(places) == len(set(places))
    assert not set(of_files) & {file for file, _ in places}


def test_a_wrong_value_stays_in_later_versions_of_the_order(faulty: DemoReport) -> None:
    """Unless that version came in a file with a fault of its own."""
    wrong = [f for f in truth(faulty.out) if f["fault_kind"] == "unknown_currency" and f["table_name"] == "orders"]
    spoiled = {f["file"].replace("_resent", "") for f in truth(faulty.out) if not f["position"]}
    keys = {fault["record_key"] for fault in wrong}
    for path in (faulty.out / "shop" / "orders").glob("*.csv"):
        name = str(path.relative_to(faulty.out))
        if name.replace("_resent", "") in spoiled:
            continue
        for row in csv.DictReader(text(faulty.out, name).splitlines()):
            if row["order_id"] in keys:
                assert row["currency_code"] == "XXQ"


def test_the_default_rates_give_every_kind_at_the_size_of_make_build(tmp_path: Path) -> None:
    report = generate(DemoOptions(orders=10_000, days=30, faults=parse_faults("default")), tmp_path)
    assert set(report.faults) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_one_kind_alone_is_alone(tmp_path: Path, kind: str) -> None:
    report = generate(DemoOptions(orders=400, days=4, faults={kind: 0.05}), tmp_path)
    assert set(report.faults) == {kind}


def test_summary_counts_what_stands_in_the_files(faulty: DemoReport) -> None:
    summary = json.loads((faulty.out / "truth" / "summary.json").read_text(encoding="utf-8"))
    delivered = {
        str(path.relative_to(faulty.out)): len(records(faulty.out, str(path.relative_to(faulty.out))))
        for table in TABLES
        for path in (faulty.out / table.folder).iterdir()
    }
    assert summary["files"] == delivered
    resent = sum(n for name, n in delivered.items() if "_resent" in name)
    assert resent > 0
    assert sum(summary["records"].values()) == sum(delivered.values())
    assert sum(summary["rows"].values()) == sum(delivered.values()) - resent
