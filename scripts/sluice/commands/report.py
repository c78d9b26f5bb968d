"""`sluice report`: a folder of pages about the project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sluice.commands.options import EnvOption, Format, FormatOption
from sluice.commands.output import end, show
from sluice.core.paths import typed
from sluice.core.progress import on_stderr

if TYPE_CHECKING:
    from sluice.site.write import Written


def report(
    environment: EnvOption = None,
    out: Annotated[
        Path, typer.Option(parser=typed, metavar="FOLDER", help="Folder to write to: new, empty, or an earlier site.")
    ] = Path("site"),
    output: FormatOption = Format.text,
) -> None:
    """Write a site about the project: what readers have, what went wrong, health, pipeline, catalog, releases.

    It is made of the history in the lake and of the environment's release (default: prod, or dev until prod has a release).
    It opens from disk, and anywhere else: no server, nothing fetched. Nothing is locked, and nothing but the folder is written.
    Exit code 1 where a page could not be made: it says why, and the others are there.
    """
    from sluice.site.opened import opened
    from sluice.site.pages import PAGES
    from sluice.site.write import write

    with on_stderr("report") as tell, opened(environment) as site:
        written = write(site, PAGES, out, tell)
    show(output, written, _text)
    end(int(any(page.trouble for page in written.pages)))


def _text(written: Written) -> str:
    from sluice.core.text import size

    first = written.pages[0]
    pages = f"{len(written.pages)} pages, {size(written.bytes)}, in {written.seconds:.1f} s"
    broken = [f"not made: {page.title} ({page.trouble})" for page in written.pages if page.trouble]
    return "\n".join([f"{written.out}/{first.file}: {pages}", *broken])
