"""GitHub: one issue for each incident, a comment for what follows, closed when it is resolved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sluice.alerts.channels import http
from sluice.alerts.channels.protocol import Secret, Strict
from sluice.alerts.message import Action, Message

LABEL = "sluice"
_PAGE = 100
_PAGES = 10
TITLE = 250


@dataclass(frozen=True)
class GitHubChannel(Strict):
    """`token` may write issues of the `repository` (owner/name)."""

    repository: Secret | str
    token: Secret
    api: str = "https://api.github.com"

    def send(self, message: Message, timeout: float) -> None:
        """Open an issue, comment on it, or close it. What was written before with this id is not written again."""
        issue = self._issue(message, timeout)
        if issue is None:
            if message.action is not Action.resolve:
                body = {"title": message.head[:TITLE], "body": _marked(message), "labels": [LABEL]}
                self._call("POST", "issues", timeout, body)
            return
        here = f"issues/{issue['number']}"
        if not self._is_told(issue, message, timeout):
            self._call("POST", f"{here}/comments", timeout, {"body": _marked(message)})
        if message.action is Action.resolve:
            self._call("PATCH", here, timeout, {"state": "closed", "state_reason": "completed"})

    def _issue(self, message: Message, timeout: float) -> dict[str, Any] | None:
        """The open issue about the incident. Only who may set labels can have made one with ours."""
        listed = self._every(f"issues?state=open&labels={LABEL}", timeout)
        return next((one for one in listed if f"incident: {message.dedup_key}" in (one.get("body") or "")), None)

    def _is_told(self, issue: dict[str, Any], message: Message, timeout: float) -> bool:
        bodies = [issue, *self._every(f"issues/{issue['number']}/comments?", timeout)]
        return any(f"alert: {message.alert_id}" in (one.get("body") or "") for one in bodies)

    def _every(self, path: str, timeout: float) -> Iterator[dict[str, Any]]:
        for number in range(1, _PAGES + 1):
            entries = self._call("GET", f"{path}&per_page={_PAGE}&page={number}", timeout)
            yield from entries
            if len(entries) < _PAGE:
                return

    def _call(self, method: str, path: str, timeout: float, body: dict[str, Any] | None = None) -> Any:
        name = self.repository.value if isinstance(self.repository, Secret) else self.repository
        headers = {"Authorization": f"Bearer {self.token.value}", "Accept": "application/vnd.github+json"}
        return http.call(method, f"{self.api}/repos/{name}/{path}", body, headers=headers, timeout=timeout)


def _marked(message: Message) -> str:
    """Markdown, with an invisible first line by which it is found again."""
    findings = [f"- {_quiet(one)}" for one in message.findings]
    lines = [f"**{label}:** {_quiet(text)}" for label, text in message.lines]
    head = f"<!-- sluice; incident: {message.dedup_key}; alert: {message.alert_id} -->"
    return "\n".join([head, f"**{_quiet(message.head)}**", "", *findings, "", "\n\n".join(lines)])


def _quiet(text: str) -> str:
    """Text that mentions nobody, and in which nothing is HTML."""
    return text.replace("<", "&lt;").replace("@", "@\u200b")
