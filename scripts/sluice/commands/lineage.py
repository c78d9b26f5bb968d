"""`sluice lineage`: what a column is made of, what would break if it went, and the proof of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sluice.commands import complete
from sluice.commands.options import Format, FormatOption, MemoryLimit, SelectModels
from sluice.commands.output import show
from sluice.core.duck import MEMORY_LIMIT
from sluice.core.errors import SluiceError
from sluice.core.paths import typed

if TYPE_CHECKING:
    from sluice.environments.resolve import Located
    from sluice.lineage.proof.result import Proof


def lineage(
    name: Annotated[
        str | None, typer.Argument(metavar="MODEL[.COLUMN]", help="A model, seed, snapshot or source, or a column of one.")
    ] = None,
    of: Annotated[
        str | None,
        typer.Option(
            help="Environment, release or file to read. Default: prod, before its first release dev.",
            autocompletion=complete.warehouses,
        ),
    ] = None,
    output: FormatOption = Format.text,
    prove: Annotated[
        bool, typer.Option("--prove", help="Change each column of what models read, run them, and compare with the lineage.")
    ] = False,
    select: SelectModels = None,
    out: Annotated[
        Path | None, typer.Option(parser=typed, metavar="FILE", help="With --prove: write the result there, as Markdown.")
    ] = None,
    memory_limit: MemoryLimit = MEMORY_LIMIT,
) -> None:
    """Show what a column is made of, and which models, tests, exposures and owners it would touch if it went.

    With --prove, the lineage is judged by the rows of a release: each column of what a model reads is changed, the model's SQL
    is run, and its columns are compared. The release is only read. Exit code 1 if something was seen that the lineage does
    not have.
    """  # fmt: skip
    if prove:
        _prove(of, select or [], output, out, memory_limit)
        return
    if name is None:
        raise SluiceError("no model was named", where="MODEL[.COLUMN]", hint="sluice lineage fct_orders.currency_code")
    from sluice.environments.resolve import locate, usual
    from sluice.lineage.answer import answer
    from sluice.lineage.answer_text import answer_text
    from sluice.steps.lineage import graph_in, manifest_of

    located = locate(of or usual())
    manifest = manifest_of(located)
    show(output.value, answer(graph_in(located, manifest), manifest, name), answer_text)


def _prove(of: str | None, select: list[str], output: Format, out: Path | None, memory_limit: str) -> None:
    from sluice.commands.output import end
    from sluice.core.progress import on_stderr
    from sluice.environments.resolve import usual
    from sluice.lineage.proof.report import proof_markdown, proof_text
    from sluice.lineage.proof.result import precision, recall
    from sluice.steps.lineage import proved

    with on_stderr("prove") as tell:
        proof, located = proved(of or usual(), select, memory_limit, tell)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(proof_markdown(proof, _command(of, select, out), _about(located, proof)), encoding="utf-8")
    show(output.value, proof, proof_text, recall=recall(proof.effects), precision=precision(proof.claims))
    end(1 if proof.misses else 0)


def _command(of: str | None, select: list[str], out: Path) -> str:
    words = ["sluice lineage --prove", *([f"--of {of}"] if of else []), *(f"--select {word}" for word in select), f"--out {out}"]
    return " ".join(words)


def _about(located: Located, proof: Proof) -> str:
    which = f"release `{located.record.release_id}`" if located.record else f"`{located.name}`"
    models = [model for model in proof.models if not model.skipped]
    return f"It ran {len(models)} models on the rows of {which}."
