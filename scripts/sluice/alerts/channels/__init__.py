"""Where alerts are sent: each kind of channel is registered here by one line."""

from __future__ import annotations

from collections.abc import Mapping

from sluice.alerts.channels.file import FileChannel
from sluice.alerts.channels.github import GitHubChannel
from sluice.alerts.channels.pagerduty import PagerDutyChannel
from sluice.alerts.channels.protocol import Channel
from sluice.alerts.channels.slack import SlackChannel
from sluice.alerts.channels.smtp import MailChannel
from sluice.alerts.channels.webhook import WebhookChannel

CHANNELS: Mapping[str, type[Channel]] = {
    "file": FileChannel,
    "webhook": WebhookChannel,
    "slack": SlackChannel,
    "pagerduty": PagerDutyChannel,
    "smtp": MailChannel,
    "github": GitHubChannel,
}
