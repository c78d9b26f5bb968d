"""What the system denies or lacks becomes three lines; a fault of this program stays a traceback."""

from __future__ import annotations

import errno
import os
import shutil

import duckdb
import pytest
from deltalake.exceptions import DeltaError
from typer import Typer

from sluice import cli
from sluice.core.system import of_system, said_by


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS], ids=errno.errorcode.__getitem__)
def test_a_missing_right(number: int) -> None:
    found = of_system(OSError(number, os.strerror(number), "/a/file"), "sluice audit")
    assert found is not None
    assert (found.what, found.where) == (f"sluice audit may not do this: {os.strerror(number)}", "/a/file")
    assert found.hint


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG], ids=errno.errorcode.__getitem__)
def test_a_full_disk(number: int) -> None:
    found = of_system(OSError(number, os.strerror(number), "/a/file"), "sluice build")
    assert found is not None
    assert found.what == f"sluice build needs more room: {os.strerror(number)}"


@pytest.mark.parametrize(
    ("error", "where"),
    [
        (duckdb.IOException('IO Error: Cannot open file "/a/b c.duckdb": Permission denied'), "/a/b c.duckdb"),
        (DeltaError("Unable to open file /a/t/part-0.parquet: Permission denied (os error 13)"), "/a/t/part-0.parquet"),
        (OSError("Generic LocalFileSystem error: Permission denied (os error 13)"), ""),
        (shutil.Error([("/a", "/b", "[Errno 13] Permission denied: '/b'"), ("/c", "/d", "x")]), "/a"),
    ],
    ids=["DuckDB", "Delta Lake", "its store", "a copied folder"],
)
def test_libraries_say_it_in_a_text_of_their_own(error: Exception, where: str) -> None:
    found = of_system(error, "sluice audit")
    assert found is not None
    assert (found.what, found.where) == ("sluice audit may not do this: Permission denied", where)


@pytest.mark.parametrize(
    "error",
    [KeyError("Permission denied"), ValueError("No space left on device"), FileNotFoundError(2, "No such file"), OSError("odd")],
)
def test_a_fault_of_this_program_is_none_of_these(error: Exception) -> None:
    assert of_system(error, "sluice audit") is None


def test_several_errors_together_are_told_by_the_first() -> None:
    full = f"[Errno 28] {os.strerror(errno.ENOSPC)}: '/b/x'"
    assert said_by(shutil.Error([("/a/x", "/b/x", full), ("/a/y", "/b/y", full)])) == os.strerror(errno.ENOSPC)
    assert said_by(shutil.Error([("/a/x", "/b/x", "something else")])) == "something else"


def test_every_command_ends_with_three_lines_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app = Typer()

    @app.command()
    def audit() -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/w/candidates/x/.lock")

    @app.command()
    def build() -> None:
        raise KeyError("a fault")

    monkeypatch.setattr(cli, "app", app)
    assert cli._ended(["audit"], []) == 2
    assert capsys.readouterr().err.splitlines() == [
        "error: sluice audit may not do this: Permission denied",
        "where: /w/candidates/x/.lock",
        "what to do: ask the owner for the right, or run it as a user who has it",
    ]
    with pytest.raises(KeyError):
        cli._ended(["build"], [])
