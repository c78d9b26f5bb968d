"""Where dbt works on a candidate: a place with a target folder that is used again, so that dbt need not parse everything again.

dbt parses everything again whenever the path of the warehouse file changes, so each workspace has one path: a link to the
candidate's folder.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from sluice.core.dbt_profile import Choice, derived
from sluice.core.errors import SluiceError
from sluice.core.locks import holding
from sluice.store.record import ARTIFACTS, FILE


@dataclass(frozen=True)
class Workspace:
    """A workspace in use: `lock` is the file descriptor of its lock."""

    root: Path
    lock: int

    @property
    def target(self) -> Path:
        """dbt's target folder."""
        return self.root / "target"

    def arguments(self, project: Path, choice: Choice, attached: Mapping[str, Path]) -> list[str]:
        """Options for dbt to build a project here, with the profile that it has; `attached` are DuckDB files that it reads."""
        file = self.root / "candidate" / FILE
        profile = derived(project, self.root / "profile", file, choice=choice, attached=attached)
        return [*profile, "--target-path", str(self.target), "--log-path", str(self.root / "logs")]

    def keep_artifacts(self, folder: Path) -> None:
        """Copy dbt's artifacts of this run into a candidate's folder."""
        for name in ARTIFACTS:
            shutil.copyfile(self.target / name, folder / name)


@contextmanager
def workspace_for(folder: Path, workspaces: Path) -> Iterator[Workspace]:
    """The first free workspace, set up for the candidate in `folder`; results of earlier runs are removed."""
    with ExitStack() as stack:
        workspace = first_free(workspaces.absolute(), folder.name, stack)
        point(workspace.root / "candidate", folder.absolute())
        for name in ARTIFACTS:
            (workspace.target / name).unlink(missing_ok=True)
        yield workspace


def first_free(workspaces: Path, built: str, stack: ExitStack) -> Workspace:
    """The first workspace of a folder that no other command uses, held until the stack is closed, to build `built`."""
    for number in count():
        root = workspaces / str(number)
        root.mkdir(parents=True, exist_ok=True)
        with suppress(SluiceError):
            return Workspace(root, stack.enter_context(holding(root, f"building {built}")))
    raise AssertionError("count() does not end")


def point(link: Path, there: Path) -> None:
    """Make a link lead there, in one step."""
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(there)
    fresh.replace(link)
