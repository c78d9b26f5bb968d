"""`sluice alert`: rows that a model flagged, and what people decide about them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from sluice.commands.options import By, EnvOrDefault, Format, FormatOption
from sluice.commands.output import register
from sluice.commands.output import show as print_result
from sluice.core.text import plural, table
from sluice.environments import PROD

if TYPE_CHECKING:
    from sluice.score.alerts import Alert, Alerts

app = typer.Typer(help="Show what a model flagged, and decide about it.", no_args_is_help=True)

ModelOption = Annotated[str | None, typer.Option("--model", metavar="NAME", help="The model. Default: the only one with scores.")]


def list_(
    every: Annotated[bool, typer.Option("--all", help="Also those that somebody has decided about.")] = False,
    most: Annotated[int, typer.Option(min=1, metavar="N", help="How many, the newest first.")] = 50,
    model: ModelOption = None,
    environment: EnvOrDefault = PROD,
    output: FormatOption = Format.text,
) -> None:
    """List the alerts of the model that serves, as the lake has them now; the next build has them in its marts."""
    found = _alerts(model, environment).listed(every=every, most=most)
    print_result(output, {"alerts": found}, lambda _: _listed(found))


def decide(
    keys: Annotated[list[str], typer.Argument(metavar="KEY...", help="What was flagged: the first column of the list.")],
    is_confirmed: Annotated[bool, typer.Option("--confirmed/--dismissed", help="It is what the model says, or it is not.")],
    why: Annotated[str, typer.Option(help="What was found out; recorded.")],
    model: ModelOption = None,
    environment: EnvOrDefault = PROD,
    by: By = None,
    output: FormatOption = Format.text,
) -> None:
    """Decide about alerts. The newest decision of a row counts; the next build takes it as a label, and training learns it.

    `answer` in environments.yml says who may.
    """
    from sluice.core.actor import actor
    from sluice.environments import policy
    from sluice.score.alerts import CONFIRMED, DISMISSED

    who = actor(by)
    policy.load().allow_answer(environment, who)
    now = datetime.now(UTC).replace(tzinfo=None)
    done = _alerts(model, environment).decide(keys, CONFIRMED if is_confirmed else DISMISSED, who, why, now)
    print_result(output, {"alerts": done}, lambda _: f"{plural(len(done), 'alert')} {CONFIRMED if is_confirmed else DISMISSED}")


def _alerts(model: str | None, environment: str) -> Alerts:
    from sluice.core.paths import lake_root
    from sluice.environments.resolve import locate
    from sluice.score.alerts import alerts_of
    from sluice.steps.lineage import manifest_of

    return alerts_of(manifest_of(locate(environment)), model, lake_root())


def _listed(found: list[Alert]) -> str:
    if not found:
        return "no alerts are open"
    rows = [
        (one.row_key, f"{one.scored_at:%Y-%m-%d %H:%M:%S}", f"{one.score:.3f}", one.decision or "open", "; ".join(one.reasons))
        for one in found
    ]
    return "\n".join(table(["key", "scored at (UTC)", "score", "decision", "reasons"], rows))


register(app, None, list_, name="list")
register(app, None, decide)
