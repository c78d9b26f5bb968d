"""Shell completion of names. It reads files of the project only, opens no warehouse, and outside of a project offers nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from sluice.core import paths


def _complete(names: Callable[[], Iterable[str]], *, are_paths: bool = False) -> Callable[[str], list[str]]:
    """A function that typer calls with the incomplete word. Whatever goes wrong, it must not disturb a person who types."""

    def complete(incomplete: str) -> list[str]:
        try:
            start = Path.cwd()
            with paths.in_project():
                found = {os.path.relpath(name, start) if are_paths else name for name in names()}
            return sorted(name for name in found if name.startswith(incomplete))
        except Exception:  # noqa: BLE001  # a broken YAML file or an unreadable folder: there is nothing to offer
            return []

    return complete


def _environments() -> list[str]:
    from sluice.environments import policy

    known = policy.load().environments
    families = [one.name[:-2] for one in known if one.is_family]
    members = [f"{family}-{file.stem}" for family in families for file in (paths.warehouse_root() / family).glob("*.duckdb")]
    return [one.name for one in known if not one.is_family] + members


def _candidates() -> list[str]:
    return _ids("candidates")


def _releases() -> list[str]:
    # Of releases on S3, those that are on this machine.
    return _ids("releases", "cache")


def _ids(*folders: str) -> list[str]:
    return [path.name for folder in folders for path in (paths.warehouse_root() / folder).glob("[0-9]*")]


def _feeds() -> list[str]:
    import yaml

    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in Path("feeds").glob("*.yml")]
    return [f"{feed['source']}.{feed['table']}" for file in files for feed in file["feeds"]]


def _incidents() -> list[str]:
    from sluice.alerts import book, report
    from sluice.alerts.opened import opened

    with opened(paths.lake_root()) as lake:
        return [report.short(one) for one in book.read(lake)]


def _silences() -> list[str]:
    from datetime import UTC, datetime

    from sluice.alerts import silence
    from sluice.alerts.opened import opened

    now = datetime.now(UTC).replace(tzinfo=None)
    with opened(paths.lake_root()) as lake:
        return [one.silence_id for one in silence.read(lake) if not one.is_over(now)]


def _trained() -> list[str]:
    import yaml

    texts = [path.read_text(encoding="utf-8") for path in Path("models").rglob("*.yml")]
    exposures = [one for text in texts if "type: ml" in text for one in yaml.safe_load(text).get("exposures", [])]
    return [one["name"] for one in exposures if one.get("type") == "ml"]


def _dataops_metrics() -> tuple[str, ...]:
    from sluice.dataops.metrics import NAMES

    return NAMES


environments = _complete(_environments)
warehouses = _complete(lambda: [*_environments(), *_candidates(), *_releases(), "candidate"])
candidates = _complete(_candidates)
releases = _complete(_releases)
feeds = _complete(_feeds)
sources = _complete(lambda: {name.partition(".")[0] for name in _feeds()})
feeds_files = _complete(lambda: map(str, Path("feeds").glob("*.yml")), are_paths=True)
incidents = _complete(_incidents)
silences = _complete(_silences)
dataops_metrics = _complete(_dataops_metrics)
models = _complete(lambda: [path.stem for path in Path("models").rglob("*.sql")])
trained = _complete(_trained)
