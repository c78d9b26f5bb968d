"""A feeds file says what it means or is refused with the place and the cure."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sluice.core.errors import SluiceError
from sluice.ingest.feeds import load_feeds


def feeds_file(folder: Path, text: str) -> Path:
    path = folder / "feeds.yml"
    path.write_text(text)
    return path


def test_variables_come_from_the_environment_or_their_default(tmp_path: Path) -> None:
    path = feeds_file(
        tmp_path,
        'feeds:\n  - {source: a, table: b, format: csv, path: "${HERE}/${THERE:-x}/*.csv"}\n',
    )
    (feed,) = load_feeds([path], {"HERE": "in"})
    assert feed.path == "in/x/*.csv"


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ('{source: a, table: b, format: csv, path: "${NOWHERE}/*.csv"}', "NOWHERE is not set"),
        ("{source: a, table: b, format: csv, paht: x}", "unknown keys ['paht']"),
        ("{source: a, table: b, format: xml, path: x}", "unknown format 'xml'"),
        ("{source: a, table: b, format: csv}", "needs path"),
        ("{source: a, table: b, format: postgres, connection: x}", "needs relation, cursor"),
        ("{source: a/b, table: b, format: csv, path: x}", "'a/b' is not a name"),
        ("{table: b, format: csv, path: x}", "`source` is missing"),
        ("a", "a feed is a mapping"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, entry: str, says: str) -> None:
    with pytest.raises(SluiceError, match=re.escape(says)):
        load_feeds([feeds_file(tmp_path, f"feeds:\n  - {entry}\n")], {})


def test_a_feed_declared_twice_is_refused(tmp_path: Path) -> None:
    entry = "  - {source: a, table: b, format: csv, path: x}\n"
    with pytest.raises(SluiceError, match=re.escape("declared more than once: a.b")):
        load_feeds([feeds_file(tmp_path, "feeds:\n" + entry + entry)], {})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SluiceError, match="not found"):
        load_feeds([tmp_path / "none.yml"], {})
