"""Git, called as a command in the current folder or in another one."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

from sluice.core.errors import SluiceError

HINT = "run it in the project's git checkout; git fetch brings a commit that is missing"


def run(*arguments: str, folder: Path | None = None, hint: str = HINT) -> str:
    """What git prints, without the space around it. Raises SluiceError where it fails or is not installed."""
    return _output(arguments, folder, hint).decode().strip()


def commit_of(name: str) -> str:
    """The commit that a name stands for. Raises SluiceError where there is none, or no repository."""
    arguments = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    hint = "name an existing commit, e.g. after: git fetch origin main"
    return _output(arguments, None, hint, f"there is no commit {name}").decode().strip()


def lay_out(commit: str, folder: Path, hint: str = HINT) -> None:
    """The current folder as a commit has it, in `folder`. Raises SluiceError where the commit does not have it."""
    with tarfile.open(fileobj=io.BytesIO(_output(("archive", "--format=tar", commit), None, hint))) as archive:
        archive.extractall(folder, filter="data")


def _output(arguments: tuple[str, ...], folder: Path | None, hint: str, fault: str = "") -> bytes:
    """`fault` is what is wrong where git fails without a word."""
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=False)  # noqa: S607  (git is on PATH)
    except FileNotFoundError:
        raise SluiceError("git is not installed, or not on PATH", hint="install git") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip() or fault or f"exit code {done.returncode}"
        raise SluiceError(f"git {arguments[0]} failed: {said}", where=str((folder or Path()).absolute()), hint=hint)
    return done.stdout
