"""Any HTTP receiver: the message as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from sluice.alerts.channels import http
from sluice.alerts.channels.protocol import Secret, Strict
from sluice.alerts.message import Message


@dataclass(frozen=True)
class WebhookChannel(Strict):
    """`headers` may have secrets, e.g. {Authorization: {env: HOOK_TOKEN}}."""

    url: Secret
    headers: Mapping[str, Secret | str] = field(default_factory=dict)

    def send(self, message: Message, timeout: float) -> None:
        """POST the message; `alert_id` is also the header Idempotency-Key, so that a receiver can drop what came before."""
        headers = {name: one.value if isinstance(one, Secret) else one for name, one in self.headers.items()}
        headers["Idempotency-Key"] = message.alert_id
        http.call("POST", self.url.value, json.loads(message.as_json()), headers=headers, timeout=timeout)
