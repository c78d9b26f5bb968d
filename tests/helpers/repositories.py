"""Repositories that tests write: files, and commits of somebody."""

from __future__ import annotations

import subprocess
from pathlib import Path


def write(folder: Path, files: dict[str, str]) -> None:
    """Put files into a project, without the indent that they have here."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = text.strip("\n").splitlines()
        indent = len(lines[0]) - len(lines[0].lstrip())
        path.write_text("\n".join(line[indent:] for line in lines).rstrip() + "\n")


def git(folder: Path, *arguments: str) -> None:
    """Run git as somebody."""
    somebody = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.com"]
    subprocess.run(["git", *somebody, *arguments], cwd=folder, check=True, capture_output=True)


def committed(folder: Path) -> Path:
    """The folder as a repository with one commit, on main."""
    for words in (("init", "--initial-branch", "main"), ("add", "."), ("commit", "-m", "start")):
        git(folder, *words)
    return folder
