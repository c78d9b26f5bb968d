"""Slack, by an incoming webhook: blocks, cut to the limits that Slack has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sluice.alerts.channels import http
from sluice.alerts.channels.protocol import Secret, Strict
from sluice.alerts.message import Action, Message

# Slack's limits, in characters and blocks: docs.slack.dev/reference/block-kit/blocks.
HEADER, SECTION, BLOCKS, FALLBACK = 150, 3000, 50, 4000
_COLOURS = {Action.resolve: ":large_green_circle:", Action.acknowledge: ":large_blue_circle:"}


@dataclass(frozen=True)
class SlackChannel(Strict):
    """`url` is that of an incoming webhook; who knows it may write to the channel."""

    url: Secret

    def send(self, message: Message, timeout: float) -> None:
        """POST the blocks."""
        http.call("POST", self.url.value, payload(message), timeout=timeout)


def payload(message: Message) -> dict[str, Any]:
    """The message as Slack takes it."""
    mark = _COLOURS.get(message.action, ":red_circle:" if message.severity == "error" else ":large_orange_circle:")
    header = {"type": "header", "text": {"type": "plain_text", "text": _cut(message.head, HEADER)}}
    findings = [_section("\n".join(f"• {_escaped(one)}" for one in message.findings))] if message.findings else []
    lines = [_section(f"*{label}:* {_escaped(text)}") for label, text in message.lines]
    return {"text": _cut(f"{mark} {_escaped(message.head)}", FALLBACK), "blocks": [header, *findings, *lines][:BLOCKS]}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": _cut(text, SECTION)}}


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _escaped(text: str) -> str:
    """The three characters that mean something else to Slack: a name in data must not become a mention of a channel."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
