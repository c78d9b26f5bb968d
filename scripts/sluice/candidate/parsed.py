"""When dbt may go on from what it parsed before: its partial parsing does not see every difference between two projects."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from sluice.candidate import inputs

# Of each file the digest of its content, and of what dbt compares: the words in it.
Digests = Mapping[str, tuple[str, str]]


def forget_unless_safe(project: Path, target: Path) -> None:
    """Remove a target folder, unless dbt can go on from what it parsed there last. To be called before every parse.

    It cannot in another checkout, because it compares YAML by the time of the file; nor where only white space differs,
    which it does not see, and which may be in quotes. Where files come and go, it was seen to stop at an exposure of a
    model that exists.
    """
    marker = target.with_name(f"{target.name}.parsed.json")
    now = _digests(project)
    if not _is_safe(_read(marker, project), now):
        shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    marker.write_text(json.dumps({"project": str(project.absolute()), "files": now}), encoding="utf-8")


def _is_safe(before: Digests, now: Digests) -> bool:
    return before.keys() == now.keys() and not any(
        before[name][0] != content and before[name][1] == words for name, (content, words) in now.items()
    )


def _digests(project: Path) -> dict[str, tuple[str, str]]:
    return {
        name: (hashlib.sha256(content).hexdigest(), hashlib.sha256(b" ".join(content.split())).hexdigest())
        for name, content in inputs.contents_of(project).items()
    }


def _read(marker: Path, project: Path) -> dict[str, tuple[str, str]]:
    try:
        document = json.loads(marker.read_text(encoding="utf-8"))
        is_here = document["project"] == str(project.absolute())
        return {name: (content, words) for name, (content, words) in document["files"].items()} if is_here else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
