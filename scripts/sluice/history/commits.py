"""The commits that a release brought to an environment, for lake/ops/commits."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from sluice.core import git
from sluice.core.errors import SluiceError
from sluice.core.run_id import run_id
from sluice.history import recording
from sluice.history.kinds_of_code import CommitEntry

LIMIT = 1000  # commits of one release, the newest first
_FORMAT = "%H%x1f%aN%x1f%aI%x1f%cI%x1f%P%x1f%s%x1f%b%x1f.%x1e"  # the dot keeps an empty body from being stripped
_PULL_REQUEST = re.compile(r"Merge pull request #(\d+)|\(#(\d+)\)$")
_INCIDENT = re.compile(r"^[ \t*-]*Incidents?:[ \t]*(.+)$", re.MULTILINE | re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_REVERTS = re.compile(r"^This reverts commit ([0-9a-f]{7,64})\b", re.MULTILINE)


def append(lake: Path, environment: str, release_id: str, commit: str | None, before: str | None) -> None:
    """Append the commits that `commit`, of a release, contains, and `before`, of the release that it follows, does not.

    Of the first release of an environment, and where the clone lacks `before`, that is the release's commit alone. Nothing is
    appended outside of git, or where the clone lacks the commit.
    """
    found = (
        [_entry(one, environment, release_id) for one in _told(commit, before) if one.strip()]
        if commit and commit != before
        else []
    )
    recording.write(lake, found, transaction=f"commits {environment} {release_id}")


def _told(commit: str, before: str | None) -> list[str]:
    for span in ([f"--max-count={LIMIT}", f"{before}..{commit}"], ["--max-count=1", commit])[0 if before else 1 :]:
        try:
            return [one for one in git.run("log", f"--format={_FORMAT}", *span, "--").split("\x1e") if one.strip()]
        except SluiceError:
            continue
    return []


def _entry(told: str, environment: str, release_id: str) -> CommitEntry:
    commit, author, authored, committed, parents, subject, body = told.strip().split("\x1f", 6)
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
        parents=len(parents.split()),
        incidents=incidents_of(body),
        reverts=found[1] if (found := _REVERTS.search(body)) else None,
    )


def pull_request_of(subject: str) -> int | None:
    """The number of the pull request that a commit's subject names, as GitHub writes it for a merge or a squashed merge."""
    found = _PULL_REQUEST.search(subject)
    return int(found[1] or found[2]) if found else None


def incidents_of(body: str) -> tuple[str, ...]:
    """The ids that a message names on lines such as `Incident: 0f1c2b3a`, of incidents here or in another system.

    An id has a digit; a line with other words is a sentence, and names none.
    """
    lines = [re.split(r"[\s,;]+", line.strip()) for line in _INCIDENT.findall(body)]
    return tuple(dict.fromkeys(id_ for line in lines if all(map(_DIGIT.search, line)) for id_ in line))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
