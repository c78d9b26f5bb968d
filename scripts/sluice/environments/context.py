"""What commands on releases work with: the store, the policy, who acts, the lake and the warehouse folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sluice.core.actor import actor
from sluice.core.dbt_profile import output_of
from sluice.core.errors import SluiceError
from sluice.core.paths import lake_root, warehouse_root
from sluice.environments import policy
from sluice.environments.policy import Policy
from sluice.store.opening import open_store
from sluice.store.record import folders
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
        """The folder of candidates; they are on this machine wherever the releases are."""
        return self.warehouse / "candidates"

    def file_of(self, name: str) -> Path:
        """The DuckDB file of an environment that is a file: dev is the file of dbt's target, wherever the profile has it."""
        environment = self.policy.environment(name)
        file = environment.file(name, self.warehouse)
        if environment.is_family or name != "dev":
            return file
        try:
            own = output_of(Path(), environment.choice).path
        except SluiceError:  # no profile: a build says so
            own = None
        if own is None or own == file.absolute():
            return file
        return own.relative_to(Path.cwd()) if own.is_relative_to(Path.cwd()) else own

    def candidate(self, release_id: str) -> Path | None:
        """The folder of a candidate; None if there is none."""
        folder = self.candidates / release_id
        return folder if folder in folders(self.candidates) else None


def here() -> Context:
    """The context from the environment variables and environments.yml."""
    return Context(open_store(), policy.load(), actor(), lake_root(), warehouse_root())
