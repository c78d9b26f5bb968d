"""What commands on releases work with: the place, the policy, who acts, the lake and the warehouse folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sluice.core.actor import actor
from sluice.core.paths import lake_root, warehouse_root
from sluice.environments import policy
from sluice.environments.policy import Policy
from sluice.store.opening import open_store
from sluice.store.store import Store


@dataclass(frozen=True)
class Context:
    """Made once per command."""

    store: Store
    policy: Policy
    actor: str
    lake: Path
    warehouse: Path

    @property
    def candidates(self) -> Path:
        """The folder of candidates; they are on this machine wherever releases are."""
        return self.warehouse / "candidates"


def here() -> Context:
    """The context that the environment variables and environments.yml give."""
    return Context(open_store(), policy.load(), actor(), lake_root(), warehouse_root())
