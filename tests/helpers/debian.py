"""Programs that do not come as Python packages: those on PATH, else out of Debian's packages, unpacked for this test run."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.helpers.shared import made_once


def program(name: str, package: str) -> str:
    """The path of a program of a Debian package; it is not installed. Skips, with the reason, where it cannot be had.

    One that was unpacked looks for its files of /usr/share below the current folder: start it in `root(path)`.
    """
    if found := shutil.which(name):
        return found
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        pytest.skip(f"{name} is not on PATH, and apt-get is missing to fetch Debian's package {package}")
    if os.environ.get("SLUICE_OFFLINE"):
        pytest.skip(f"{name} is not on PATH, and SLUICE_OFFLINE is set: Debian's package {package} cannot be fetched")
    path = made_once(f"debian-{package}", lambda folder: _unpack(package, folder)) / "usr" / "bin" / name
    if not path.is_file():
        pytest.skip(f"{name} is not on PATH, and apt-get does not give {package}: try apt-get update, or install it")
    return str(path)


def _unpack(package: str, folder: Path) -> None:
    done = subprocess.run(["apt-get", "download", "--quiet", package], cwd=folder, capture_output=True, check=False)
    for file in folder.glob("*.deb") if done.returncode == 0 else ():
        subprocess.run(["dpkg", "--extract", str(file), str(folder)], check=True)
        file.unlink()
    for path in (folder / "usr" / "bin").glob("*"):
        # The absolute paths that are compiled in become relative ones of the same length.
        path.write_bytes(path.read_bytes().replace(b"/usr/share/prometheus/", b"usr//share/prometheus/"))


def root(path: str) -> Path:
    """The folder in which the files of a program's package are, as in the root of a system where it is installed."""
    return Path(path).parents[2]
