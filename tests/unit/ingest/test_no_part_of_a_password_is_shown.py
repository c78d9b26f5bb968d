"""Connection strings: a mistake is reported without repeating any of it, and what a server says is shown without the password."""

from __future__ import annotations

import pytest

from sluice.ingest.connection_string import mistake, scrubbed, with_defaults
from sluice.ingest.readers.mongodb.feed import MongodbFeed
from sluice.ingest.readers.postgres.feed import PostgresFeed

# What libpq accepts, as its documentation of connection strings has it.
GOOD = [
    "postgresql://", "postgresql://localhost", "postgresql://localhost:5433", "postgresql://localhost/mydb",
    "postgresql://user@localhost", "postgresql://user:s%40cr%2Ft@localhost",
    "postgresql://other@localhost/otherdb?connect_timeout=10&application_name=myapp",
    "postgresql://host1:123,host2:456/somedb?target_session_attrs=any", "postgresql://[2001:db8::1234]:5433/database",
    "postgresql:///dbname?host=/var/lib/postgresql", "postgres://%2Fvar%2Flib%2Fpostgresql/dbname",
    "postgresql:///mydb?host=localhost&port=5433&user=me&password=word", "postgresql://me:a?b&c=d#e@h/db",
    "host=localhost port=5432 dbname=mydb connect_timeout=10", "host = localhost  dbname='my db' password='it\\'s'",
    "password=it's host=h", "", "  ",
    "mongodb://h", "mongodb://me:s%40cr%2Ft@h1:27017,h2:27018/shop?replicaSet=r&tls=true", "mongodb+srv://me:pw@cluster.example.com/",
]  # fmt: skip
# What it does not, each with S3CRET and word4 in its password.
BAD = [
    "postgresql://shop:p@S3CRET-word4@h/db",
    "postgresql://shop:p@ss:S3CRET-word4@127.0.0.1:1/db", "postgresql://shop:S3CRET#1%zz-word4@127.0.0.1:1/db",
    "postgres://shop:word4/S3CRET@h/db", "postgresql://shop:S3CRET%00word4@h/db", "postgresql://a:b@h:S3CRET.word4/db",
    "postgresql://h/db?password=S3CRET=word4", "postgresql://h/db?S3CRETword4", "host=h password=S3CRET word4",
    "host=h password='S3CRET word4", "password=word4 S3CRET host=h", "S3CRETword4", "host=h password=S3CRET\\",
    "mongodb://shop:p@S3CRET-word4@h/db", "mongodb://a:b@h:S3CRET.word4/db", "mongodb+srv://shop:S3CRET#1%zz-word4@h/",
    "mongodb://h/db?S3CRETword4",
]  # fmt: skip
# Passwords, and how each may be written in a string.
SHOWN = [
    ("postgresql://me:S3CRET@h/db", ["S3CRET"]),
    ("postgresql://me:S%40CR%2FET@h/db", ["S%40CR%2FET", "S@CR/ET"]),
    ("postgresql://me:p@S3CRET/x@h/db", ["p@S3CRET/x", "S3CRET/x", "S3CRET"]),
    ("postgresql:///db?user=me&password=S3CRET", ["S3CRET"]),
    ("postgresql:///db?sslpassword=S3CRET", ["S3CRET"]),
    ("host=h password=S3CRET", ["S3CRET"]),
    ("mongodb://me:S%40CR%2FET@h1,h2/db?replicaSet=r", ["S%40CR%2FET", "S@CR/ET"]),
    ("mongodb+srv://me:p@S3CRET/x@h/db", ["p@S3CRET/x", "S3CRET/x", "S3CRET"]),
    ("mongodb://h/?tlsCertificateKeyFilePassword=S3CRET", ["S3CRET"]),
    ("mongodb://h/?authMechanismProperties=AWS_SESSION_TOKEN:S3CRET", ["AWS_SESSION_TOKEN:S3CRET", "S3CRET"]),
    ("host=h password='S3 CR\\'ET word'", ["S3 CR'ET word", "word"]),
    ("host=h pasword=S3CRET", ["S3CRET"]),
    ("host=h password=x", [":x:"]),
    ("host=h password='S3CRET word4", ["S3CRET word4", "word4"]),
]


@pytest.mark.parametrize("connection", GOOD)
def test_what_libpq_reads_is_no_mistake(connection: str) -> None:
    assert mistake(connection) == ""


@pytest.mark.parametrize("connection", BAD)
def test_a_mistake_is_told_without_the_password(connection: str) -> None:
    said = mistake(connection)
    assert "the connection string" in said
    assert "S3CRET" not in said
    assert "word4" not in said
    assert scrubbed(said, connection) == said


@pytest.mark.parametrize(("connection", "secrets"), SHOWN)
def test_what_others_say_is_shown_without_the_password(connection: str, secrets: list[str]) -> None:
    for secret in secrets:
        said = f"cannot connect to <{connection}>, as <{secret}> is not a valid port"
        shown = scrubbed(said, connection)
        assert shown.startswith("cannot connect to <***>, as <")
        assert shown.endswith("> is not a valid port")
        assert secret not in shown


def test_words_around_a_short_password_stay() -> None:
    assert scrubbed('database "a" of a user', "postgresql://me:a@h/b") == 'database "***" of *** user'
    assert scrubbed("reading failed", "postgresql://me:a@h/b") == "reading failed"


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        ("postgresql://me:a?b@h/db", "postgresql://me:a?b@h/db?connect_timeout=7"),
        ("postgresql:///db?host=/tmp", "postgresql:///db?host=/tmp&connect_timeout=7"),
        ("host=h dbname='my db'", "host=h dbname='my db' connect_timeout=7"),
        ("postgresql://h?connect_timeout=60", "postgresql://h?connect_timeout=60"),
    ],
)
def test_a_server_is_not_waited_for_without_end(connection: str, expected: str) -> None:
    assert with_defaults(connection, {"connect_timeout": 7}) == expected


def test_what_says_nothing_secret_stays() -> None:
    said = "cannot connect to a.example.com with tls=true and authSource=admin as shop"
    assert scrubbed(said, "mongodb://shop:pw@a.example.com/db?TLS=true&authSource=admin") == said


def test_a_feed_does_not_print_its_connection() -> None:
    feed = PostgresFeed(source="s", table="t", connection="postgresql://me:S3CRET@h/db", relation="r", cursor="c")
    assert "S3CRET" not in repr(feed)
    documents = MongodbFeed(source="s", table="t", connection="mongodb://me:S3CRET@h/db", collection="r", cursor="c")
    assert "S3CRET" not in repr(documents)
