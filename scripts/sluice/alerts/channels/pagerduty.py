"""PagerDuty, by its Events API v2: trigger, acknowledge and resolve with one key for an incident."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sluice.alerts.channels import http
from sluice.alerts.channels.protocol import Secret, Strict
from sluice.alerts.message import Action, Message

SUMMARY, KEY = 1024, 255
_ACTIONS = {Action.acknowledge: "acknowledge", Action.resolve: "resolve"}


@dataclass(frozen=True)
class PagerDutyChannel(Strict):
    """`routing_key` is the integration key of a service; `url` is another address that speaks the same API."""

    routing_key: Secret
    url: str = "https://events.pagerduty.com/v2/enqueue"

    def send(self, message: Message, timeout: float) -> None:
        """POST the event."""
        http.call("POST", self.url, payload(message, self.routing_key.value), timeout=timeout)


def payload(message: Message, routing_key: str) -> dict[str, Any]:
    """The event. What has changed is a trigger with the same key, which PagerDuty adds to the alert that it has."""
    event: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": _ACTIONS.get(message.action, "trigger"),
        "dedup_key": message.dedup_key[:KEY],
    }
    if event["event_action"] != "trigger":
        return event
    details = {"findings": list(message.findings), **{label.lower(): text for label, text in message.lines}}
    event["payload"] = {
        "summary": message.head[:SUMMARY],
        "source": f"sluice {message.environment}",
        "severity": "error" if message.severity == "error" else "warning",
        "timestamp": message.at,
        "component": message.node,
        "class": message.family,
        "custom_details": details,
    }
    return {**event, "links": [{"href": message.link, "text": "run"}]} if message.link else event
