"""A trial of a source in a folder that is removed afterwards: its data is landed, and its staging models are built on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sluice.core.dbt import artifact, invoke, results_of
from sluice.core.duck import connect, link_extensions, literal
from sluice.core.errors import SluiceError
from sluice.core.manifest import relation_of
from sluice.core.progress import Tell
from sluice.core.text import plural
from sluice.ingest.files import find, fixed_folder
from sluice.ingest.landing import FeedReport
from sluice.ingest.readers.file_feed import FileFeed
from sluice.ingest.readers.kafka.feed import KafkaFeed, first_messages
from sluice.ingest.readers.protocol import Feed
from sluice.ingest.readers.rest.feed import RestFeed, first_pages
from sluice.ingest.run import run
from sluice.lake.contracts import Contract
from sluice.lake.raw import RawTable
from sluice.source.files import folder

# Bytes of a feed's files that a trial reads; at least one file, and the first ones.
BYTES = 256 << 20
_EXAMPLES = 3


@dataclass(frozen=True)
class Refusal:
    """Why rows would be refused: how many for one reason, and what the first ones say."""

    reason: str
    column: str
    rows: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Landed:
    """What a trial landed of a feed; `is_sample` if there may be more files or pages."""

    report: FeedReport
    is_sample: bool
    refusals: tuple[Refusal, ...]


def land(feeds: Sequence[Feed], contracts: Mapping[str, Contract], root: Path, tell: Tell) -> list[Landed]:
    """Ingest the feeds into the lake `root`/lake, of many files or pages only the first ones."""
    lake = root / "lake"
    chosen = [_sampled(feed, root / "sample" / feed.table) for feed in feeds]
    samples = {feed.name: is_sample for feed, is_sample in chosen}
    return [
        Landed(report, samples[report.feed], _refusals(RawTable(contracts[report.feed], lake)) if report.rows_quarantined else ())
        for report in run([feed for feed, _ in chosen], contracts, lake, run_id="trial", tell=tell)
        if report.feed in samples
    ]


def _sampled(feed: Feed, links: Path) -> tuple[Feed, bool]:
    """The feed with links to its first files, where all of them are too many; the first pages of an address, or messages."""
    if isinstance(feed, RestFeed):
        return first_pages(feed), True
    if isinstance(feed, KafkaFeed):
        return first_messages(feed), True
    if not isinstance(feed, FileFeed) or not fixed_folder(feed.path).is_dir():
        return feed, False
    paths, start = find(feed.path), fixed_folder(feed.path)
    kept = _first(paths)
    if len(kept) == len(paths):
        return feed, False
    for path in kept:
        link = links / path.relative_to(start)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path.absolute())
    return replace(feed, path=str(links / Path(feed.path).relative_to(start))), True


def _first(paths: Sequence[Path]) -> list[Path]:
    kept: list[Path] = []
    size = 0
    for path in paths:
        size += path.stat().st_size
        if kept and size > BYTES:
            break
        kept.append(path)
    return kept


def _refusals(table: RawTable) -> tuple[Refusal, ...]:
    with connect(extensions=["delta"]) as connection:
        rows = connection.execute(f"""
            select reason, coalesce(column_name, ''), count(*), list(detail order by _file, _position)[:{_EXAMPLES}]
            from delta_scan({literal(str(table.quarantine_path))}) group by all order by 3 desc, 1, 2
        """).fetchall()
    return tuple(Refusal(reason, column, count, tuple(filter(None, examples))) for reason, column, count, examples in rows)


def build(source: str, root: Path, tell: Tell) -> dict[str, str]:
    """Build the staging models of a source, and the seeds they read, on the landed data: relations by model, in `warehouse`.

    Raises SluiceError with what dbt says where one of them cannot be built.
    """
    places = {"SLUICE_LAKE": root / "lake", "SLUICE_WAREHOUSE": root / "warehouse", "DBT_TARGET_PATH": root / "target"}
    (root / "warehouse").mkdir(exist_ok=True)
    link_extensions()
    done = invoke(
        ["build", "--select", f"+path:{folder(source)}", "--exclude-resource-type", "test", "unit_test"],
        tell,
        environment={**{name: str(path.absolute()) for name, path in places.items()}, "DBT_LOG_PATH": str(root / "logs")},
    )
    results = results_of(done, root / "target")
    failed = [one for one in results["results"] if one["status"] not in ("success", "pass", "no-op")]
    if failed:
        said = "\n".join(f"{one['unique_id'].split('.')[-1]}: {' '.join(str(one['message']).split())}" for one in failed)
        raise SluiceError(f"staging cannot be built\n{said}", where=str(folder(source)), hint="fix the SQL, then check again")
    nodes = artifact(root / "target", "manifest.json")["nodes"].values()
    return {node["name"]: relation_of(node) for node in nodes if Path(node["original_file_path"]).parent == folder(source)}


def warehouse(root: Path) -> str:
    """The file that `build` fills."""
    return str(root / "warehouse" / "dev.duckdb")


def as_text(refusal: Refusal) -> str:
    """One line: how many, why, and the first ones."""
    examples = "; ".join(refusal.examples)
    return f"{plural(refusal.rows, 'row')}, {refusal.reason} {refusal.column}: {examples}"
