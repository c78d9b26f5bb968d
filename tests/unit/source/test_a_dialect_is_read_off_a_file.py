"""Encoding, delimiter, quote and the lines before the header are read off a file, as a feed has to name them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from sluice.core.errors import SluiceError
from sluice.source.dialect import dialect, header_of

ROWS = [["id", "name", "amount"], *([str(number), f"n{number}", "1"] for number in range(9))]


def text(delimiter: str = ",", before: str = "") -> str:
    return before + "".join(delimiter.join(row) + "\n" for row in ROWS)


@pytest.mark.parametrize(
    ("content", "feed", "header"),
    [
        (text().encode(), {}, ("id", "name", "amount")),
        (text(";").encode(), {"delimiter": ";"}, ("id", "name", "amount")),
        (text("\t").encode(), {"delimiter": "\t"}, ("id", "name", "amount")),
        (b"\xef\xbb\xbf" + text().encode(), {}, ("id", "name", "amount")),
        (text().encode("utf-16"), {"encoding": "utf-16"}, ("id", "name", "amount")),
        (text().replace("n3", "Müller").encode("latin-1"), {"encoding": "cp1252"}, ("id", "name", "amount")),
        (text(";", "Report;;\nof today\n\n").encode(), {"delimiter": ";", "skip": 3}, ("id", "name", "amount")),
        (text(before='"a report\nin two lines"\n').encode(), {"skip": 2}, ("id", "name", "amount")),
        (text(";").replace(";1\n", ";1,50\n").encode(), {"delimiter": ";"}, ("id", "name", "amount")),
        (text().replace("n3", '"a, ""b"""').encode(), {}, ("id", "name", "amount")),
        (b"'id','name'\n'1','a,b'\n'2','c'\n", {"quote": "'"}, ("id", "name")),
        (b",name\n0,a\n1,b\n", {}, ("", "name")),
        (b"name\na\nb\n", {}, ("name",)),
    ],
)
def test_a_file(tmp_path: Path, content: bytes, feed: dict[str, object], header: tuple[str, ...]) -> None:
    for name, written in (("rows.csv", content), ("rows.csv.gz", gzip.compress(content))):
        (tmp_path / name).write_bytes(written)
        found = dialect(tmp_path / name)
        assert (found.feed(), found.header) == (feed, header)
        assert header_of(tmp_path / name, found) == header


@pytest.mark.parametrize("content", [b"", b"\n\n", b";;\n;;\n"])
def test_a_file_without_a_table(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "rows.csv").write_bytes(content)
    with pytest.raises(SluiceError):
        dialect(tmp_path / "rows.csv")
