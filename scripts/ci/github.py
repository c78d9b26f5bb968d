"""Write to GitHub: one comment on a pull request, edited in place; one open issue, with a comment for each repetition.

    REPORT=... python3 scripts/ci/github.py comment 12
    REPORT=... python3 scripts/ci/github.py issue "The nightly release was refused"

The text is in REPORT, the repository and the token in the variables that GitHub sets (GITHUB_REPOSITORY, GITHUB_TOKEN,
GITHUB_API_URL). It needs only Python and no installation, so the job that has a token runs no code of a package.

Exit code 0: written, or GitHub does not let this token write (a fork's is read only), and a message says so. 2: failed.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

MARKER = "<!-- sluice: {subject} -->"
PAGE = 100
FORBIDDEN = 403


class UnspokenError(Exception):
    """What GitHub answered, or why the request failed. `is_forbidden`: the token may not do this."""

    def __init__(self, what: str, *, is_forbidden: bool = False) -> None:
        super().__init__(what)
        self.is_forbidden = is_forbidden


@dataclass(frozen=True)
class Repository:
    """A repository behind GitHub's REST API."""

    api: str
    name: str
    token: str

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send a request and return the JSON of the answer. Raises UnspokenError for an error or no answer."""
        where = f"{self.api}/repos/{self.name}/{path}"
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/vnd.github+json"}
        data = None if body is None else json.dumps(body).encode()
        request = Request(where, data=data, headers=headers, method=method)  # noqa: S310  # GitHub's address, from GitHub
        try:
            with urlopen(request, timeout=30) as answer:  # noqa: S310  # the same
                return json.load(answer)
        except HTTPError as error:
            told = error.read().decode(errors="replace")[:500]
            raise UnspokenError(
                f"{method} {where}: {error.code} {error.reason}: {told}", is_forbidden=error.code == FORBIDDEN
            ) from None
        except (URLError, TimeoutError, ValueError) as error:
            raise UnspokenError(f"{method} {where}: {error}") from None

    def every(self, path: str) -> Iterator[dict[str, Any]]:
        """All entries of a list, page by page."""
        number = 1
        while True:
            entries = self.call("GET", f"{path}{'&' if '?' in path else '?'}per_page={PAGE}&page={number}")
            yield from entries
            if len(entries) < PAGE:
                return
            number += 1


def marked(subject: str, text: str) -> str:
    """The text, with an invisible first line by which it is found again."""
    return f"{MARKER.format(subject=subject)}\n{text}"


def is_ours(entry: Mapping[str, Any], subject: str) -> bool:
    """Whether a comment or issue is the one about `subject`; a person's quote of it does not count."""
    is_bot = (entry.get("user") or {}).get("type") == "Bot"
    return is_bot and (entry.get("body") or "").startswith(MARKER.format(subject=subject))


def comment(repository: Repository, number: int, text: str) -> str:
    """Write the comment on a pull request, or edit the existing one; return its address."""
    body = {"body": marked("pull request", text)}
    for entry in repository.every(f"issues/{number}/comments"):
        if is_ours(entry, "pull request"):
            return str(repository.call("PATCH", f"issues/comments/{entry['id']}", body)["html_url"])
    return str(repository.call("POST", f"issues/{number}/comments", body)["html_url"])


def issue(repository: Repository, title: str, text: str) -> str:
    """Open an issue, or comment on the open one with this title; return its address."""
    for entry in repository.every("issues?state=open"):
        if "pull_request" not in entry and is_ours(entry, title):
            return str(repository.call("POST", f"issues/{entry['number']}/comments", {"body": text})["html_url"])
    return str(repository.call("POST", "issues", {"title": title, "body": marked(title, text)})["html_url"])


def say(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run the requested verb; return the address of what was written."""
    repository = Repository(
        environment.get("GITHUB_API_URL") or "https://api.github.com",
        environment.get("GITHUB_REPOSITORY", ""),
        environment.get("GITHUB_TOKEN", ""),
    )
    text = environment.get("REPORT", "")
    match arguments:
        case ["comment", number] if number.isdecimal() and text:
            return comment(repository, int(number), text)
        case ["issue", title] if title and text:
            return issue(repository, title, text)
    raise UnspokenError("usage: REPORT=<text> github.py comment <number> | issue <title>")


def main() -> int:
    """Run the command line."""
    try:
        print(say(sys.argv[1:], os.environ))
    except UnspokenError as error:
        if error.is_forbidden:
            print(f"::notice::this token may not write here; the text is in the summary of the run ({error})")
            return 0
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
