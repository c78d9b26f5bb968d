"""The commits that a release brought to an environment, for lake/ops/commits."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from sluice.core import git
from sluice.core.errors import SluiceError
from sluice.core.run_id import run_id
from sluice.history import recording
from sluice.history.kinds import CommitEntry

LIMIT = 1000  # commits of one release, the newest first
_FORMAT = "%H%x1f%aN%x1f%aI%x1f%cI%x1f%s"
_PULL_REQUEST = re.compile(r"Merge pull request #(\d+)|\(#(\d+)\)$")


def append(lake: Path, environment: str, release_id: str, commit: str | None, before: str | None) -> None:
    """Append the commits that `commit`, of a release, contains, and `before`, of the release that it follows, does not.

    Of the first release of an environment, and where the clone lacks `before`, that is the release's commit alone. Nothing is
    appended outside of git, or where the clone lacks the commit.
    """
    found = [_entry(line, environment, release_id) for line in _lines(commit, before)] if commit and commit != before else []
    recording.write(lake, found, transaction=f"commits {environment} {release_id}")


def _lines(commit: str, before: str | None) -> list[str]:
    for span in ([f"--max-count={LIMIT}", f"{before}..{commit}"], ["--max-count=1", commit])[0 if before else 1 :]:
        try:
            return git.run("log", f"--format={_FORMAT}", *span, "--").splitlines()
        except SluiceError:
            continue
    return []


def _entry(line: str, environment: str, release_id: str) -> CommitEntry:
    commit, author, authored, committed, subject = line.split("\x1f", 4)
    return CommitEntry(
        run_id=run_id(),
        environment=environment,
        release_id=release_id,
        code_commit=commit,
        author=author,
        authored_at=_moment(authored),
        committed_at=_moment(committed),
        subject=subject,
        pull_request=pull_request_of(subject),
    )


def pull_request_of(subject: str) -> int | None:
    """The number of the pull request that a commit's subject names, as GitHub writes it for a merge or a squashed merge."""
    found = _PULL_REQUEST.search(subject)
    return int(found[1] or found[2]) if found else None


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
