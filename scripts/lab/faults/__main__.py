"""`make faults`: what the checks catch, measured."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lab.faults.history import Size
from lab.faults.report import as_json, as_markdown, as_text
from lab.faults.run import ScoreOptions, score
from lab.faults.verdict import is_good
from sluice.core.errors import SluiceError
from sluice.core.log import explain
from sluice.core.progress import on_stderr

CORPUS = Path(__file__).with_name("corpus")


class ScoreFormat(StrEnum):
    """Text for people, JSON for machines, Markdown for docs/."""

    text = "text"
    json = "json"
    markdown = "markdown"


def faults(
    select: Annotated[list[str] | None, typer.Option(help="Ids, kinds, tables (source.table) or aims of faults.")] = None,
    orders: Annotated[int, typer.Option(help="Orders of the demo.")] = 2_500,
    days: Annotated[int, typer.Option(help="Days of the demo; faults are injected into the last one.")] = 28,
    seed: Annotated[int, typer.Option(help="Seed of the demo.")] = 1,
    clean_days: Annotated[int, typer.Option(min=0, help="Days without a fault, to count false alarms.")] = 60,
    workers: Annotated[int, typer.Option(min=1, help="Number of worker processes.")] = 2,
    corpus: Annotated[Path, typer.Option(help="Folder of the corpus.")] = CORPUS,
    feeds: Annotated[Path, typer.Option(help="Feeds of the demo, below ${DEMO}.")] = Path("feeds/demo.yml"),
    output: Annotated[ScoreFormat, typer.Option("--format", help="How to print the result.")] = ScoreFormat.text,
    kept: Annotated[Path | None, typer.Option(help="File of what is found: a run that was interrupted goes on.")] = None,
    out: Annotated[Path | None, typer.Option(help="Also write faults.json and faults.md into this folder.")] = None,
) -> None:
    """Inject each fault of the corpus into a clean demo, run ingest, dbt build and audit, and report what caught it.

    The lake and the warehouse of the project are not touched. Exit code 1 if a fault was not caught where its entry says (or
    earlier), bad data reached a mart although the entry does not say so, or a clean day was stopped.
    """
    options = ScoreOptions(Path(), feeds, corpus, tuple(select or ()), Size(orders, days, seed), clean_days, workers, kept)
    with on_stderr("faults") as tell:
        found = score(options, tell)
    chosen = "".join(f" --select {word}" for word in select or ())
    command = f"make faults ARGS='--orders {orders} --days {days} --seed {seed} --clean-days {clean_days}{chosen}'"
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "faults.json").write_text(as_json(found), encoding="utf-8")
        (out / "faults.md").write_text(as_markdown(found, command), encoding="utf-8")
    if output is ScoreFormat.markdown:
        typer.echo(as_markdown(found, command), nl=False)
    else:
        typer.echo(as_json(found) if output is ScoreFormat.json else as_text(found))
    if not is_good(found.verdicts, found.clean):
        raise typer.Exit(1)


def main() -> None:
    """Read the options and compute the score; a mistake prints three short lines on stderr and exits with code 2."""
    try:
        typer.run(faults)
    except SluiceError as error:
        sys.exit(explain(error))


if __name__ == "__main__":
    main()
