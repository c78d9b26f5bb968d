"""A day of payments after a release, as messages."""

from __future__ import annotations

from dataclasses import dataclass

from tests.helpers.live_shop import LiveShop, Payment

from sluice.lake.contracts import load_contracts
from sluice.score.messages import Message
from sluice.score.serving import Release, Serving


@dataclass(frozen=True)
class Day:
    """A release with its history, and the payments of the day after it."""

    shop: LiveShop
    release: Release
    history: list[Payment]
    payments: list[Payment]

    def serving(self) -> Serving:
        """The release, ready to score."""
        serving = Serving(self.release, "payments", load_contracts(self.shop.root))
        serving.remember_release()
        return serving

    @property
    def messages(self) -> list[Message]:
        """The day, as it comes from a topic."""
        return [Message(one.line, None, 0, place, 1_000_000 * place) for place, one in enumerate(self.payments)]
