"""Runs a workflow of a temporary repository on this machine with act, without a network.

Real are the workflow files, their expressions, conditions, permissions by name, outputs between jobs, the commands and
git. Replaced are actions from the network (tests/workflows/actions), GitHub's API (loopback_github), the installation
(this .venv), the project's models (workflow_shop), and GitHub's own gates: an approval is that `promote` is run at all.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.loopback_github import NAME, TOKEN, GitHub
from tests.helpers.preloaded import programs
from tests.helpers.workflow_shop import lay_out

ACT = Path(sys.executable).with_name("act")
# Tests that take minutes.
long_run = pytest.mark.skipif("SLUICE_WORKFLOWS" not in os.environ, reason="make workflows runs it")
ACTIONS = Path(__file__).parents[1] / "workflows/actions"
WORKFLOWS = Path(".github/workflows")
_USES = re.compile(r"^ *(?:- )?uses: ([^.\s]\S*)", re.MULTILINE)
GIT = ["git", "-c", "user.name=tests", "-c", "user.email=tests@example.com", "-c", "commit.gpgsign=false"]


@dataclass(frozen=True)
class Ran:
    """How a workflow ended: act's exit code, what it printed, and each job's end (True: it succeeded)."""

    code: int
    log: str
    jobs: dict[str, bool]

    def said(self, job: str) -> str:
        """What the commands of a job printed."""
        return "\n".join(re.findall(rf"^\[\S+/{job} *\] +\| (.*)$", self.log, re.MULTILINE))


@dataclass
class Repository:
    """A repository with its history, as GitHub holds it: `folder` is a checkout of what the next event is about."""

    folder: Path

    def git(self, *arguments: str) -> str:
        """Output of git."""
        done = subprocess.run([*GIT, *arguments], cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
        return done.stdout.strip()

    def branch(self, name: str, changes: Mapping[str, tuple[str, str]]) -> str:
        """A branch from main with one commit: in each file, one text replaced by another; gives the commit."""
        self.git("checkout", "--quiet", "-B", name, "main")
        for path, (before, after) in changes.items():
            text = (self.folder / path).read_text()
            assert before in text, f"{path} no longer holds {before!r}"
            (self.folder / path).write_text(text.replace(before, after, 1))
        self.git("commit", "--quiet", "--all", "--message", name)
        return self.git("rev-parse", "HEAD")

    def pull_request(self, number: int, branch: str) -> dict[str, Any]:
        """The event of a pull request from `branch` to main; checks out what GitHub would: the two merged."""
        base, head = self.git("rev-parse", "main"), self.git("rev-parse", branch)
        self.git("checkout", "--quiet", "--detach", "main")
        self.git("merge", "--quiet", "--no-ff", "--message", f"pull request {number}", branch)
        self.git("update-ref", f"refs/pull/{number}/merge", "HEAD")
        repo = {"full_name": NAME, "fork": False}
        return {
            "number": number,
            "pull_request": {
                "number": number,
                "head": {"sha": head, "ref": branch, "repo": repo},
                "base": {"sha": base, "ref": "main", "repo": repo},
            },
        }

    def merge(self, branch: str) -> None:
        """Main takes the branch, and is checked out."""
        self.git("checkout", "--quiet", "main")
        self.git("merge", "--quiet", "--no-ff", "--message", f"merge {branch}", branch)


def make_repository(folder: Path) -> Repository:
    """The project, with uncommitted changes, around the smallest shop, as the first commit of a repository of its own."""
    lay_out(folder)
    made = Repository(folder)
    made.git("init", "--quiet", "--initial-branch=main")
    made.git("config", "uploadpack.allowAnySHA1InWant", "true")
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message", "everything")
    return made


@dataclass
class Runner:
    """A runner for one repository. `variables` are the repository's, `environment` is the machine's; `state` is for its files."""

    repository: Repository
    hub: GitHub
    state: Path
    variables: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    def run(
        self,
        workflow: str,
        trigger: str,
        event: Mapping[str, Any] | None = None,
        *,
        job: str | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> Ran:
        """Run `<workflow>.yml` (or one job of it and those that it needs) for an event, to its end."""
        (self.state / "home").mkdir(parents=True, exist_ok=True)
        whole = {"repository": {"full_name": NAME, "default_branch": "main"}, **(event or {})}
        code, log = self._act(workflow, trigger, whole, job, self.variables if variables is None else variables)
        (self.state / f"{workflow}.log").write_text(log)
        ends = re.findall(r"^\[[^/\]]+/(\S+) *\] 🏁  Job (succeeded|failed)$", log, re.MULTILINE)
        return Ran(code, log, {name: end == "succeeded" for name, end in ends})

    def _act(
        self, workflow: str, trigger: str, event: Mapping[str, Any], job: str | None, variables: Mapping[str, str]
    ) -> tuple[int, str]:
        file = self.state / "event.json"
        file.write_text(json.dumps(event))
        command = [
            *(str(ACT), trigger, "--workflows", str(WORKFLOWS / f"{workflow}.yml"), "--eventpath", str(file)),
            *("--platform", "ubuntu-latest=-self-hosted", "--no-skip-checkout", "--action-offline-mode", "--no-cache-server"),
            *("--secret", f"GITHUB_TOKEN={TOKEN}", "--action-cache-path", str(self.state / "act")),
            *(f"--local-repository={name}={folder}" for name, folder in self._local_actions().items()),
            *_pairs("--var", variables),
            *_pairs("--env", {**self._github(), **self.environment}),
            *(("--job", job) if job else ()),
        ]
        done = subprocess.run(
            command,
            cwd=self.repository.folder,
            env=self._own(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        shutil.rmtree(self.state / "act", ignore_errors=True)
        return done.returncode, done.stdout

    def _own(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.state / "home"), "LANG": "C.UTF-8"}

    def _github(self) -> dict[str, str]:
        return {
            "GITHUB_API_URL": self.hub.url,
            "GITHUB_REPOSITORY": NAME,
            "ORIGIN": str(self.repository.folder),
            "ARTIFACTS": str(self.state / "artifacts"),
            "VENV": str(Path(sys.executable).parents[1]),
            # The code of sluice is that of the checkout; dbt and all other packages are the same for all.
            "PRELOADED": str(programs()),
            # `make lint` has just judged the same SQL; for mypy and dbt-bouncer see actions/cache/cache.sh.
            "SQLFLUFF": "true",
            # The .venv holds the project as an editable install of another checkout; this one's code goes before it.
            "PYTHONPATH": "scripts",
        }

    def _local_actions(self) -> dict[str, Path]:
        """The folder of each `owner/name@digest` that the workflows use. Fails for an action that has no replacement."""
        texts = [path.read_text() for path in (self.repository.folder / ".github").glob("*/**/*.yml")]
        found = {uses: ACTIONS / uses.partition("@")[0].rpartition("/")[2] for text in texts for uses in _USES.findall(text)}
        assert all(folder.is_dir() for folder in found.values()), found
        return found


def _pairs(option: str, values: Mapping[str, str]) -> list[str]:
    return [word for name, value in values.items() for word in (option, f"{name}={value}")]
