"""Init: what Sluice needs in a dbt project, shown first and then written. A file that is there is never written over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from sluice.core import git
from sluice.core.dbt_profile import Choice, Output, output_of
from sluice.core.errors import SluiceError
from sluice.core.paths import DBT, SLUICE
from sluice.environments import PROD

IGNORE = ".gitignore"
# What Sluice, and dbt when Sluice calls it, write into the project's folder.
_WRITTEN = ("/warehouse/", "/lake/", "/.duckdb/", "/target/", "/logs/", ".user.yml")
_REMARK = "# written by sluice and dbt"
WORKFLOWS = ("pr", "close-pr", "staging", "promote", "rollback")
_CHECKOUT = """\
      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0
        with:"""
# Outside of the checkout: git would call the code of the release changed.
_INSTALL = """\
      # Add here what your models and your profile need. [dbt] is dbt-core before 1.12; where you have another, name it instead.
      - run: python3 -m venv "$RUNNER_TEMP/sluice" && "$RUNNER_TEMP/sluice/bin/pip" install --quiet "${SLUICE_WHEEL:?}[dbt]"
      - run: echo "$RUNNER_TEMP/sluice/bin" >> "$GITHUB_PATH\""""
_DEPS = "\n      - run: dbt deps"
_PLACES = """\
      # On the runner's machine, outside of the checkout: folders, and the wheel of Sluice. SLUICE_RELEASES may be s3://bucket/prefix.
      SLUICE_LAKE: ${{ vars.SLUICE_LAKE }}
      SLUICE_WAREHOUSE: ${{ vars.SLUICE_WAREHOUSE }}
      SLUICE_RELEASES: ${{ vars.SLUICE_RELEASES }}
      SLUICE_WHEEL: ${{ vars.SLUICE_WHEEL }}"""


@dataclass(frozen=True)
class InitFile:
    """A file of the project: `status` is new, more (lines at its end) or there; `text` is what is to be written."""

    path: str
    status: str
    text: str


@dataclass(frozen=True)
class InitReport:
    """What is needed, what of it was written, and what to know. `dev` is the file that dbt builds."""

    profile: str
    target: str
    dev: str
    files: tuple[InitFile, ...]
    notes: tuple[str, ...]
    is_written: bool = False

    @property
    def missing(self) -> tuple[InitFile, ...]:
        """The files that are to be written."""
        return tuple(file for file in self.files if file.text)


def plan(*, github: bool = False, project: Path = Path()) -> InitReport:
    """What a project still needs; nothing is written. Raises SluiceError where there is no dbt project that Sluice can serve."""
    if not (project / DBT).is_file():
        hint = f"change to the folder that has {DBT}; dbt init creates a project"
        raise SluiceError("this folder is not a dbt project", where=str(project.absolute()), hint=hint)
    output = output_of(project)
    dev = _shown(output.path, project)
    found = [_environments(project, output, dev), _ignored(project, output)]
    notes = [*_notes(project, output)]
    if github:
        root = project / (git.run("rev-parse", "--show-cdup", folder=project) or ".")
        found += [_workflow(root, project, name) for name in WORKFLOWS]
    return InitReport(output.profile, output.target, dev, tuple(found), tuple(notes))


def write(planned: InitReport, project: Path = Path()) -> InitReport:
    """Write what is missing."""
    for file in planned.missing:
        path = project / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text(encoding="utf-8") if file.status == "more" else ""
        gap = "" if not before or before.endswith("\n") else "\n"
        with path.open("a" if file.status == "more" else "x", encoding="utf-8") as stream:
            stream.write(gap + file.text)
    return replace(planned, is_written=True)


def _shown(file: Path | None, project: Path) -> str:
    if file is None:
        return "none: it is in memory"
    return str(file.relative_to(project.absolute())) if file.is_relative_to(project.absolute()) else str(file)


def _environments(project: Path, output: Output, dev: str) -> InitFile:
    if (project / SLUICE).exists():
        return InitFile(SLUICE, "there", "")
    target = f"\n    target: {PROD}" if output.target != PROD and _serves(project, PROD) else ""
    known = {"profile": output.profile, "target": output.target, "file": dev, "prod_target": target}
    return InitFile(SLUICE, "new", _filled("environments.yml", known))


def _serves(project: Path, target: str) -> bool:
    """Whether the profile has this target, in a DuckDB file."""
    try:
        return output_of(project, Choice(target)).path is not None
    except SluiceError:
        return False


def _filled(name: str, known: dict[str, str]) -> str:
    text = files("sluice.steps").joinpath("templates", name).read_text(encoding="utf-8")
    for key, value in known.items():
        text = text.replace(f"@{key}@", value)
    return text


def _ignored(project: Path, output: Output) -> InitFile:
    file = project / IGNORE
    there = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    own = _shown(output.path, project)
    wanted = [*_WRITTEN, *([f"/{own}", f"/{own}.wal"] if output.path and not Path(own).is_absolute() else [])]
    lines = [line for line in wanted if line not in there and not _is_settled(project, line)]
    if not lines:
        return InitFile(IGNORE, "there", "")
    gap = "\n" if there and there[-1].strip() else ""
    return InitFile(IGNORE, "more" if there else "new", gap + "\n".join([_REMARK, *lines]) + "\n")


def _is_settled(project: Path, line: str) -> bool:
    """Whether git ignores it already, or tracks it."""
    path = line.strip("/") + ("/any" if line.endswith("/") else "")
    return any(_is_so(project, *question, "--", path) for question in (("check-ignore", "-q"), ("ls-files", "--error-unmatch")))


def _is_so(project: Path, *question: str) -> bool:
    try:
        git.run(*question, folder=project)
    except SluiceError:
        return False
    return True


def _notes(project: Path, output: Output) -> Iterator[str]:
    if output.path is None:
        yield f"the target {output.target} is in memory: candidates and releases are files, but there is no dev to compare with"
    if not _is_so(project, "rev-parse", "--git-dir"):
        yield "this is not a git repository: releases cannot name their code, and pull requests have no environments"
    if (project / "packages.yml").is_file() and not (project / "dbt_packages").is_dir():
        yield "packages.yml is there and dbt_packages is not: run dbt deps before the first build"


def _workflow(root: Path, project: Path, name: str) -> InitFile:
    path = root / ".github" / "workflows" / f"sluice-{name}.yml"
    if path.exists():
        return InitFile(str(path), "there", "")
    known = {
        "folder": (git.run("rev-parse", "--show-prefix", folder=project).rstrip("/")) or ".",
        "branch": _branch(project),
        "checkout": _CHECKOUT,
        "install": _INSTALL + (_DEPS if (project / "packages.yml").is_file() else ""),
        "places": _PLACES,
    }
    return InitFile(str(path), "new", _filled(f"workflows/sluice-{name}.yml", known))


def _branch(project: Path) -> str:
    """The branch that is released: that of the remote, else the current one."""
    for question in (("symbolic-ref", "--short", "refs/remotes/origin/HEAD"), ("symbolic-ref", "--short", "HEAD")):
        try:
            return git.run(*question, folder=project).removeprefix("origin/")
        except SluiceError:
            continue
    return "main"
