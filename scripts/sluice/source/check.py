"""`sluice source check`: what a source still lacks until it can be run, in the order in which it is to be put right."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory

from sluice.core.errors import SluiceError, did_you_mean
from sluice.core.progress import Tell, part
from sluice.ingest.feeds import load_feeds
from sluice.ingest.files import find
from sluice.ingest.readers.file_feed import FileFeed
from sluice.ingest.readers.protocol import Feed
from sluice.lake.contracts import Contract, load_contracts
from sluice.source import trial
from sluice.source.files import DECIDE, contract_file, feed_file, folder, model_file
from sluice.source.project import VARS, DbtProject, load
from sluice.source.staged import judge

_COMMENT = re.compile(r"\s*(?:--|#)\s*")
_MARK = re.compile(rf"(?:--|#)\s*{DECIDE}\b\s*(.*)")


@dataclass(frozen=True)
class Finding:
    """Something that is missing or wrong, where, and what to do. What does not `block` is worth knowing only."""

    what: str
    where: str = ""
    hint: str = ""
    blocks: bool = True


@dataclass(frozen=True)
class Stage:
    """A step of the way: what it looked at, and what it found. Without a finding that blocks it is passed."""

    name: str
    done: str
    findings: tuple[Finding, ...] = ()

    @property
    def is_passed(self) -> bool:
        return not any(finding.blocks for finding in self.findings)


@dataclass(frozen=True)
class Checked:
    """What was found of a source, in order. `skipped` are stages that those before them made impossible."""

    source: str
    stages: tuple[Stage, ...]
    skipped: tuple[str, ...] = ()
    feeds_file: str = ""

    @property
    def exit_code(self) -> int:
        """0 when nothing is missing, 1 when something is."""
        return 0 if not self.skipped and all(stage.is_passed for stage in self.stages) else 1


@dataclass
class _Work:
    """What later stages need of earlier ones."""

    source: str
    root: Path
    tell: Tell
    project: DbtProject
    feeds_file: Path = field(default_factory=Path)
    feeds: Sequence[Feed] = ()
    contracts: Mapping[str, Contract] = field(default_factory=dict)

    @property
    def entities(self) -> tuple[str, ...]:
        """The entities that vars.yml names; where it does not, those that have a staging model."""
        try:
            declared = self.project.entities_of(self.source)
        except KeyError:
            declared = None
        return declared if declared is not None else tuple(e for e in self.project.common if model_file(self.source, e).exists())


def check(source: str, tell: Tell) -> Checked:
    """Go through the stages, but for those that make no sense without what an earlier one found missing.

    Nothing of the project, its lake or its warehouse is changed. Raises SluiceError for a source of which there is nothing.
    """
    project = load()
    if not feed_file(source).exists() and not folder(source).is_dir():
        known = [path.name for path in folder(source).parent.glob("*") if path.is_dir()]
        raise SluiceError(
            f"there is nothing of a source {source}",
            where=str(feed_file(source)),
            hint=did_you_mean(source, known, "sluice source add begins one"),
        )
    stages: dict[str, Stage] = {}
    with TemporaryDirectory(prefix="sluice-source-") as name:
        work = _Work(source, Path(name), tell, project)
        for label, stage in _STAGES.items():
            if all(needed in stages and stages[needed].is_passed for needed in _NEEDS.get(label, ())):
                stages[label] = _tried(label, stage, work)
    skipped = tuple(label for label in _STAGES if label not in stages)
    return Checked(source, tuple(stages.values()), skipped, str(work.feeds_file))


def _tried(label: str, stage: Callable[[_Work], Stage], work: _Work) -> Stage:
    try:
        return stage(work)
    except SluiceError as error:
        return Stage(label, "", (Finding(error.what, error.where, error.hint),))


def _feeds(work: _Work) -> Stage:
    """Feeds of the source, in whichever file they are; its own first."""
    files = [feed_file(work.source), *sorted(Path("feeds").glob("*.yml"))]
    work.feeds_file = next((path for path in files if path.exists() and _names_source(path, work.source)), files[0])
    work.feeds = [feed for feed in load_feeds([work.feeds_file]) if feed.source == work.source]
    empty = [feed for feed in work.feeds if isinstance(feed, FileFeed) and not find(feed.path)]
    found = tuple(Finding(f"{feed.name}: no file is there", feed.path, "fix `path`, or deliver a file") for feed in empty)
    return Stage("feeds", f"{len(work.feeds)} in {work.feeds_file}", found)


def _names_source(path: Path, source: str) -> bool:
    return re.search(rf"\bsource:\s*['\"]?{re.escape(source)}\b", path.read_text(encoding="utf-8")) is not None


def _contract(work: _Work) -> Stage:
    work.contracts = {name: one for name, one in load_contracts(Path()).items() if one.source == work.source}
    load_feeds([work.feeds_file], contracts=work.contracts)  # what a feed says of columns is held against them
    promised, fed = set(work.contracts), {feed.name for feed in work.feeds}
    where = str(contract_file(work.source))
    found = [Finding(f"{name} has a feed and no contract", where, "declare it there") for name in sorted(fed - promised)]
    found += [
        Finding(f"{name} has a contract and no feed", str(work.feeds_file), "add a feed") for name in sorted(promised - fed)
    ]
    return Stage("contract", f"{len(promised)} tables", tuple(found))


def _trial(work: _Work) -> Stage:
    """A trial of ingest, whose rows are in a temporary lake."""
    landed = trial.land(work.feeds, work.contracts, work.root, part(work.tell, 0.0, 0.6))
    found = [finding for one in landed for finding in _trial_findings(one)]
    rows = sum(one.report.rows_landed for one in landed)
    sample = " (the first files or pages)" if any(one.is_sample for one in landed) else ""
    return Stage("trial", f"{rows:,} rows would land{sample}", tuple(found))


def _trial_findings(landed: trial.Landed) -> Iterator[Finding]:
    report = landed.report
    for file, why in report.refused:
        yield Finding(f"{report.feed}: {why}", file, "fix the feed or the contract, or have it delivered again")
    for refusal in landed.refusals:
        yield Finding(f"{report.feed}: {trial.as_text(refusal)}", report.feed, "these rows would go to quarantine", blocks=False)
    if report.new_columns:
        yield Finding(f"{report.feed}: not in the contract, landed as text: {', '.join(report.new_columns)}", blocks=False)
    if not report.rows_landed and not report.refused:
        yield Finding(f"{report.feed}: no row would land", report.feed, "look at the reasons above")


def _marks(work: _Work) -> Stage:
    """What a person has to decide, where it is written."""
    paths = [path for path in (work.feeds_file, *sorted(folder(work.source).glob("*"))) if path.is_file()]
    found = [
        Finding(said, f"{path}:{number}", "decide it, and remove the comment")
        for path in paths
        for number, said in _marked(path.read_text(encoding="utf-8").splitlines())
    ]
    return Stage("decisions", "none is left", tuple(found))


def _marked(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The number of each line where a comment with DECIDE begins, and what the comment says."""
    for number, line in enumerate(lines):
        if _MARK.search(line):
            comments = takewhile(lambda later: _COMMENT.match(later) and not _MARK.search(later), lines[number + 1 :])
            said = [_MARK.sub(r"\1", line), *(_COMMENT.sub("", later) for later in comments)]
            yield number + 1, " ".join(part.strip() for part in said)


def _staging(work: _Work) -> Stage:
    missing = [entity for entity in work.entities if not model_file(work.source, entity).exists()]
    found = [
        Finding(f"no staging model for {entity}", str(model_file(work.source, entity)), "write it, or take it out of vars.yml")
        for entity in missing
    ]
    if not work.entities:
        found.append(Finding("no staging model of an entity", str(folder(work.source)), "docs/add-a-source.md shows one"))
    return Stage("staging", ", ".join(work.entities), tuple(found))


def _variables(work: _Work) -> Stage:
    try:
        work.project.entities_of(work.source)
    except KeyError:
        hint = f"add it: - {work.source}: [{', '.join(work.entities)}]"
        return Stage("vars.yml", "", (Finding(f"sources does not name {work.source}", str(VARS), hint),))
    return Stage("vars.yml", "names it")


def _values(work: _Work) -> Stage:
    """The staging models on the rows of the trial."""
    relations = trial.build(work.source, work.root, part(work.tell, 0.6, 0.95))
    found = [
        Finding(one.what, str(model_file(work.source, one.entity)), one.hint, one.blocks)
        for one in judge(work.source, work.entities, relations, trial.warehouse(work.root), work.project)
    ]
    return Stage("values", "fit the common columns", tuple(found))


_STAGES: dict[str, Callable[[_Work], Stage]] = {
    "feeds": _feeds,
    "contract": _contract,
    "trial": _trial,
    "staging": _staging,
    "decisions": _marks,
    "vars.yml": _variables,
    "values": _values,
}
# Stages that make sense only once others are passed.
_NEEDS = {
    "contract": ("feeds",),
    "trial": ("feeds", "contract"),
    "values": ("trial", "staging"),
}
