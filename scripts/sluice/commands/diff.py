"""`sluice diff`: what became of the data between two warehouses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sluice.commands import complete
from sluice.commands.options import (
    DiffFormat,
    DiffFormatOption,
    MemoryLimit,
    SelectModels,
    Target,
    any_argument,
)
from sluice.core.duck import MEMORY_LIMIT
from sluice.core.paths import in_project, is_path, project, target_root, typed
from sluice.core.progress import on_stderr
from sluice.core.text import coloured


def diff(
    before: Annotated[str, any_argument("The older one: an environment, a release or candidate, or a DuckDB file.")],
    after: Annotated[str, any_argument("The newer one.")],
    select: SelectModels = None,
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="MODEL", help="Leave these out.", autocompletion=complete.models)
    ] = None,
    artifacts_a: Annotated[
        Path | None,
        typer.Option(parser=typed, metavar="FOLDER", help="Folder with A's manifest.json. Default: beside A, else --target."),
    ] = None,
    artifacts_b: Annotated[Path | None, typer.Option(parser=typed, metavar="FOLDER", help="The same for B.")] = None,
    samples: Annotated[int, typer.Option(min=0, max=50, help="Sample rows of each kind to show for a relation.")] = 5,
    target: Target = None,
    memory_limit: MemoryLimit = MEMORY_LIMIT,
    output: DiffFormatOption = DiffFormat.text,
    out: Annotated[Path | None, typer.Option(parser=typed, metavar="FILE", help="Write to this file instead of stdout.")] = None,
) -> None:
    """Compare two warehouses: schema, rows by key, columns, figures, samples, and what is downstream. Default: public models.

    Both files are only read, and two files can be compared outside of a project. Exit code 0 also when they differ; 2 when
    they cannot be compared.
    """
    from sluice.diff.formats import write
    from sluice.diff.run import diff as run
    from sluice.diff.side import side

    if project() is None and not all(is_path(name) or Path(name).is_file() for name in (before, after)):
        in_project()  # which says that there is none
    folder = target or target_root()
    a, b = side(before, artifacts_a, folder), side(after, artifacts_b, folder)
    with on_stderr("diff") as tell:
        drawn = output in (DiffFormat.html, DiffFormat.json)
        found = run(a, b, select or [], exclude or [], samples=samples, drawn=drawn, memory_limit=memory_limit, tell=tell)
    text = write(found, output.value)
    if out is None:
        typer.echo(coloured(text))
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text + "\n", encoding="utf-8")
