"""The copy that a candidate begins as: byte for byte, holes stay holes, shared blocks where there are, room is asked for."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sluice.core.errors import SluiceError
from sluice.store import copying

MB = 1024 * 1024


def _sparse(path: Path) -> Path:
    """1 MB of data, a hole of 8 MB, data that crosses borders of chunks, a hole at the end."""
    with path.open("wb") as file:
        file.write(os.urandom(MB))
        file.seek(9 * MB)
        file.write(os.urandom(2 * MB + 1234))
        file.truncate(16 * MB)
    return path


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "_CHUNK", MB)


def test_every_byte_is_there_and_holes_stay_holes(tmp_path: Path) -> None:
    source = _sparse(tmp_path / "one")
    shares: list[float] = []
    copying.copy(source, tmp_path / "two", lambda _, share: shares.append(share))
    assert (tmp_path / "two").read_bytes() == source.read_bytes()
    if source.stat().st_blocks * 512 < 16 * MB:  # this file system keeps holes
        assert (tmp_path / "two").stat().st_blocks * 512 < 5 * MB
    assert shares == sorted(shares)


@pytest.mark.parametrize("size", [0, 1, 4096])
def test_small_files_and_files_of_nothing_but_a_hole(tmp_path: Path, size: int) -> None:
    with (tmp_path / "one").open("wb") as file:
        file.truncate(size)
    copying.copy(tmp_path / "one", tmp_path / "two")
    assert (tmp_path / "two").read_bytes() == bytes(size)


def test_where_holes_are_not_told_all_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = _sparse(tmp_path / "one")
    monkeypatch.delattr(os, "SEEK_DATA")
    copying.copy(source, tmp_path / "two")
    assert (tmp_path / "two").read_bytes() == source.read_bytes()


def test_blocks_are_shared_where_the_file_system_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def clone(fresh: int, request: int, original: int) -> int:
        asked.append(request)
        os.pwrite(fresh, os.pread(original, 100, 0), 0)
        return 0

    monkeypatch.setattr(fcntl, "ioctl", clone)
    monkeypatch.setattr(copying, "_copy_data", lambda *_: pytest.fail("it was copied all the same"))
    (tmp_path / "one").write_bytes(b"warehouse")
    assert copying.copy(tmp_path / "one", tmp_path / "two")
    assert (tmp_path / "two").read_bytes() == b"warehouse"
    # _IOW(0x94, 9, int) of linux/fs.h: direction 1 << 30, size 4 << 16, type 0x94 << 8, number 9.
    assert asked == [(1 << 30) | (4 << 16) | (0x94 << 8) | 9]


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_without_room_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one").write_bytes(bytes(1000))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(5000, 4001, 999))
    with pytest.raises(SluiceError, match="not enough room") as error:
        copying.copy(tmp_path / "one", tmp_path / "two")
    assert "sluice prune" in error.value.hint
    assert (tmp_path / "two").stat().st_size == 0
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(5000, 4000, 1000))
    copying.copy(tmp_path / "one", tmp_path / "three")


def test_a_disk_that_fills_meanwhile_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    (tmp_path / "one").write_bytes(b"warehouse")
    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(SluiceError, match="No space left on device"):
        copying.copy(tmp_path / "one", tmp_path / "two")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"new")
    (tmp_path / "two").write_bytes(b"old")
    with pytest.raises(SluiceError, match="File exists"):
        copying.copy(tmp_path / "one", tmp_path / "two")
    assert (tmp_path / "two").read_bytes() == b"old"
