"""`sluice model`: models that are declared in dbt's YAML, trained on a release and released with it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sluice.commands import complete
from sluice.commands.options import (
    AnyEnvOption,
    EnvOption,
    EnvOrDefault,
    Format,
    FormatOption,
    MemoryLimit,
    any_argument,
    one_name,
)
from sluice.commands.output import register
from sluice.commands.output import show as print_result
from sluice.core.duck import MEMORY_LIMIT
from sluice.environments import PROD

app = typer.Typer(help="Train models on a release, and see what serves where.", no_args_is_help=True)

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="The exposure that declares it.", autocompletion=complete.trained)
]
OnOption = Annotated[
    str | None,
    typer.Option("--on", metavar="CANDIDATE", help="A candidate for the environment. Default: the release that it points to."),
]
ChallengerOption = Annotated[
    bool, typer.Option("--challenger", help="The challenger, which runs beside the champion and decides nothing.")
]


def train(
    name: NameArgument,
    environment: EnvOrDefault = PROD,
    on: OnOption = None,
    challenger: ChallengerOption = False,
    memory_limit: MemoryLimit = MEMORY_LIMIT,
    output: FormatOption = Format.text,
) -> None:
    """Train a declared model: makes a candidate with the data of the release and the new model.

    Audit and publish it as any candidate. The same release and declaration give the same files.
    """
    from sluice.core.progress import on_stderr
    from sluice.steps.model import train as step

    with on_stderr("model") as tell:
        made = step(name, environment=environment, on=on, challenger=challenger, memory_limit=memory_limit, tell=tell)
    print_result(output, made, _made)


def promote(
    name: NameArgument, environment: EnvOrDefault = PROD, on: OnOption = None, output: FormatOption = Format.text
) -> None:
    """Let the challenger serve: makes a candidate with the same data, in which it is the champion."""
    from sluice.steps.model import promote as step

    print_result(output, step(name, environment=environment, on=on), _made)


def drop(
    name: NameArgument,
    environment: EnvOrDefault = PROD,
    on: OnOption = None,
    challenger: ChallengerOption = False,
    output: FormatOption = Format.text,
) -> None:
    """Make a candidate with the same data and without the model. What readers have does not change until it is published."""
    from sluice.steps.model import drop as step

    print_result(output, step(name, environment=environment, on=on, challenger=challenger), _made)


def list_(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Only this model.")] = None,
    environment: EnvOption = None,
    output: FormatOption = Format.text,
) -> None:
    """List which version of each model serves in each environment, and which runs beside it."""
    from sluice.model.report import listed
    from sluice.steps.model import served

    print_result(output, {"models": served(name, environment)}, lambda found: listed(found["models"]))


def show(
    name: NameArgument,
    release: Annotated[str | None, any_argument("Whose model: an environment, a release or a candidate.")] = None,
    environment: AnyEnvOption = None,
    challenger: ChallengerOption = False,
    output: FormatOption = Format.text,
) -> None:
    """Show the card of a model: data, figures, threshold, features by weight, fairness, limits."""
    from sluice.steps.model import show as step

    print_result(output, step(name, one_name(release, environment, PROD), challenger=challenger), lambda found: found.card)


def _made(made: Any) -> str:
    from sluice.model.report import metrics_lines

    did = f"{made.name}, {made.role}, version {made.version}" if made.version else f"without the {made.role} of {made.name}"
    return "\n".join(
        [
            f"candidate {made.release_id}, on the data of {made.base}: {did}",
            *(metrics_lines(made.metrics) if made.metrics else []),
            f"next: sluice audit {made.release_id}",
        ]
    )


register(app, None, train, promote, drop, show)
register(app, None, list_, name="list")
