"""Passwords, tokens, e-mail addresses and values of rows are replaced in what goes into a log; the rest is left."""

from __future__ import annotations

import pytest

from sluice.core.redact import HIDDEN, redacted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cannot connect to postgresql://ann:ge@h/eim@db:5432/shop", "cannot connect to postgresql://***@db:5432/shop"),
        ("postgresql:/ann:geheim@db/shop does not exist", "postgresql:/***@db/shop does not exist"),
        ("s3://bucket/prefix is not there", "s3://bucket/prefix is not there"),
        ("host=db user=ann password='ge heim' port=1", "host=db user=ann password=*** port=1"),
        ("{'password': 'geheim', 'port': 1}", "{'password': ***, 'port': 1}"),
        ("AWS_SECRET_ACCESS_KEY=abc/def+1, region=eu", "AWS_SECRET_ACCESS_KEY=***, region=eu"),
        ("Authorization token: abc.def", "Authorization token: ***"),
        ("ask ann.lee+x@shop.example, who owns it", "ask ***, who owns it"),
        ("dbt-core@1.12 in 3 models", "dbt-core@1.12 in 3 models"),
        (
            "Conversion Error: Could not convert string 'Ann Lee' to INT64 when casting from source column customer",
            "Conversion Error: Could not convert string *** to INT64 when casting from source column customer",
        ),
        (
            'Constraint Error: Duplicate key "full_name: Ann Lee" violates primary key constraint.',
            "Constraint Error: Duplicate key *** violates primary key constraint.",
        ),
        (
            "Invalid Input Error: CSV Error on Line: 2\nOriginal Line: 7,Ann Lee,12 Main St\nExpected 2 columns",
            "Invalid Input Error: CSV Error on Line: 2\nOriginal Line: ***\nExpected 2 columns",
        ),
        ("the column 'country' is missing", "the column 'country' is missing"),
    ],
)
def test_only_what_no_log_may_hold_is_hidden(text: str, expected: str) -> None:
    assert redacted(text, {}) == expected


def test_secrets_of_the_environment_are_hidden_wherever_they_are() -> None:
    variables = {"PGPASSWORD": "correct-horse", "SMTP_TOKEN": "horse", "SLUICE_LAKE": "lake", "DB_PASSWORD": "ab"}
    assert redacted("lake: correct-horse and horse, ab", variables) == f"lake: {HIDDEN} and {HIDDEN}, ab"
