"""What a person types is read strictly: a slip is an error, a digit is kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sluice.core.errors import SluiceError
from sluice.quarantine import typed_words

NOW = datetime(2026, 3, 10, 15, 30)  # noqa: DTZ001  (UTC without a zone, as in the lake)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30m", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(7)),
        ("2w", timedelta(14)),
        ("7D", timedelta(7)),
    ],
)
def test_an_age_is_a_number_and_a_unit(text: str, expected: timedelta) -> None:
    assert typed_words.age(text, "--older-than") == expected


@pytest.mark.parametrize("text", ["", "d", "7", "7 d", "-7d", "7y", "1.5d", "99999999d"])
def test_other_ages_are_refused(text: str) -> None:
    with pytest.raises(SluiceError, match="is not a valid age"):
        typed_words.age(text, "--older-than")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-11", "2026-03-11 00:00:00"),
        ("2026-03-10T18:00", "2026-03-10 18:00:00"),
        ("2026-03-10T18:00+02:00", "2026-03-10 16:00:00"),
        # Whole days end as a day begins, so that the same words on the same day mean the same.
        ("1d", "2026-03-11 00:00:00"),
        ("2w", "2026-03-24 00:00:00"),
        ("90m", "2026-03-10 17:00:00"),
    ],
)
def test_a_waiver_ends_at_a_day_a_time_or_after_a_while(text: str, expected: str) -> None:
    assert str(typed_words.until(text, NOW)) == expected


@pytest.mark.parametrize("text", ["2026-03-10", "2026-03-10T15:30", "0d", "2020-01-01"])
def test_a_waiver_does_not_end_in_the_past(text: str) -> None:
    with pytest.raises(SluiceError, match="has passed"):
        typed_words.until(text, NOW)


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "30", "10.03.2026", "999999d9", "999999w"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(SluiceError, match="is not a valid date"):
        typed_words.until(text, NOW)


def test_a_value_is_taken_as_it_stands() -> None:
    texts = ["a=", "b= x ", "c=1=2", " d =null", "e.f=5"]
    assert typed_words.assignments(texts) == {"a": "", "b": " x ", "c": "1=2", "d": "null", "e.f": "5"}


@pytest.mark.parametrize("texts", [["a"], ["=1"], [" =1"], ["a=1", "a=2"]])
def test_what_is_no_assignment_is_refused(texts: list[str]) -> None:
    with pytest.raises(SluiceError):
        typed_words.assignments(texts)


def test_ids_are_beginnings_of_hexadecimal_each_once() -> None:
    assert typed_words.ids(["ABCD", "abcd ", "0123456789abcdef0123456789abcdef"]) == ["abcd", "0123456789abcdef0123456789abcdef"]


@pytest.mark.parametrize("text", ["abc", "xyzw", "", "0123456789abcdef0123456789abcdef0", "abcd%"])
def test_what_can_be_no_id_is_refused(text: str) -> None:
    with pytest.raises(SluiceError, match="is not a valid quarantine id"):
        typed_words.ids([text])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1, "b": 1.5, "c": null, "d": {"e": [1]}}', {"a": 1, "b": 1.5, "c": None, "d": {"e": [1]}}),
        ('{"a": 12345678901234567890.12}', {"a": "12345678901234567890.12"}),
        ('{"a": 0.10000000000000000555}', {"a": "0.10000000000000000555"}),
        ('{"a": 9223372036854775807}', {"a": "9223372036854775807"}),
        ('{"a": 1, "a": 2}', {"a": 1}),
        ("[1]", None),
        ("1,2,3", None),
        ("", None),
        (None, None),
    ],
)
def test_json_keeps_every_digit(text: str | None, expected: dict[str, object] | None) -> None:
    assert typed_words.parse(text) == expected


def test_a_row_can_stand_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "row.json"
    path.write_text('{"a": 1}')
    assert typed_words.row(f"@{path}") == {"a": 1}


@pytest.mark.parametrize("why", [None, "", "   "])
def test_a_decision_needs_a_reason(why: str | None) -> None:
    with pytest.raises(SluiceError, match="needs a reason"):
        typed_words.reason(why)
