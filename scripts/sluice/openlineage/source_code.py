"""The facets of code: where it is in git, and the text of a model before it was compiled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sluice.core import git
from sluice.core.errors import SluiceError
from sluice.core.redact import redacted
from sluice.openlineage import facets
from sluice.openlineage.facets import Facet


@dataclass(frozen=True)
class Code:
    """The repository of a project, as a URL for people, the commit, and the project's folder inside it."""

    repository: str | None = None
    commit: str | None = None
    folder: str = ""

    def of_project(self) -> dict[str, Facet]:
        """Where the project is, by the facet's key."""
        return self._at(self.folder)

    def of_node(self, node: Mapping[str, Any], *, is_own: bool = True) -> dict[str, Facet]:
        """Where a node's file is, unless it is of a package, and its text: Jinja, which holds no path of this machine."""
        path = str(node.get("original_file_path") or "")
        text = node.get("raw_code") or ""
        language = str(node.get("language") or "sql")
        code = {"sourceCode": facets.facet("SourceCodeJobFacet", language=language, sourceCode=redacted(text))} if text else {}
        return {**(self._at("/".join(filter(None, (self.folder, path)))) if path and is_own else {}), **code}

    def _at(self, path: str) -> dict[str, Facet]:
        if not self.repository or not self.commit:
            return {}
        url = f"{self.repository}/blob/{self.commit}/{path}" if path else f"{self.repository}/tree/{self.commit}"
        return {
            "sourceCodeLocation": facets.facet(
                "SourceCodeLocationJobFacet", type="git", url=url, repoUrl=self.repository, path=path, version=self.commit
            )
        }


def code_here() -> Code:
    """The code of the current folder; outside of git, or without a remote that has a web address, nothing."""
    try:
        remote = git.run("remote", "get-url", "origin")
        folder = git.run("rev-parse", "--show-prefix").rstrip("/")
    except SluiceError:
        return Code()
    return Code(web_address(remote), git.state()[0], folder)


def web_address(remote: str) -> str | None:
    """The address of a remote in a browser, without a user or password; None for a folder."""
    found = re.fullmatch(r"(?:https?://(?:[^@/]*@)?|ssh://(?:[^@/]*@)?|[\w.-]+@)([\w.-]+)(?::\d+)?[:/](.+?)(?:\.git)?/?", remote)
    return f"https://{found[1]}/{found[2]}" if found else None
