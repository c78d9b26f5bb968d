"""Alerts of models: the rows that the champion flagged, as the lake has them, and what people decided about them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

from sluice.core.duck import connect, identifier, literal
from sluice.core.errors import SluiceError, did_you_mean
from sluice.history import ledger
from sluice.history.kinds import ScoreDecisionEntry
from sluice.model.declared import declared as model_of
from sluice.score.settings import declared as scores_of
from sluice.score.settings import names

CONFIRMED, DISMISSED = "confirmed", "dismissed"


@dataclass(frozen=True)
class Alert:
    """A flagged row: its key, when it happened and was scored (UTC), why, and the newest decision about it, if there is one."""

    row_key: str
    model: str
    model_version: str
    happened_at: datetime
    scored_at: datetime
    score: float
    threshold: float
    reasons: tuple[str, ...]
    decision: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    why: str | None = None


@dataclass(frozen=True)
class Alerts:
    """The alerts of one model, in the raw table that its scores land in; `key` and `at` are its columns."""

    lake: Path
    model: str
    table: str
    key: str
    at: str

    def listed(self, *, every: bool = False, keys: Sequence[str] = (), most: int = 1_000_000) -> list[Alert]:
        """Alerts, the newest first: without a decision, or with `every` all, or those of `keys`.

        Raises SluiceError for a damaged table.
        """
        place = self.lake / "raw" / self.table.replace(".", "/")
        if not (place / "_delta_log").is_dir():
            return []
        query = (
            files("sluice.score")
            .joinpath("alerts.sql")
            .read_text(encoding="utf-8")
            .format(
                key=identifier(self.key),
                at=identifier(self.at),
                scores=f"delta_scan({literal(str(place))})",
                decisions=f"({ledger.query(self.lake, ScoreDecisionEntry)})",
            )
        )
        values = {"model": self.model, "every": every, "keys": list(keys), "most": most}
        try:
            with connect(extensions=["delta"]) as connection:
                found = connection.execute(query, values)
                names = [column[0] for column in found.description or ()]
                return [_alert(dict(zip(names, row, strict=True))) for row in found.fetchall()]
        except duckdb.Error as error:
            raise SluiceError(f"alerts cannot be read: {str(error).splitlines()[0]}", where=str(place)) from error

    def decide(self, keys: Sequence[str], decision: str, by: str, why: str, now: datetime) -> list[Alert]:
        """Decide about alerts: all of them or, where one is none, nothing. A later decision takes the place of an earlier one.

        Raises SluiceError where a key has no alert.
        """
        known = {one.row_key: one for one in self.listed(every=True, keys=keys)}
        if lost := [key for key in keys if key not in known]:
            shown = [one.row_key for one in self.listed(most=200)]
            hint = did_you_mean(lost[0], shown, "sluice alert list shows the open ones")
            raise SluiceError(f"{self.model} has no alert of {lost[0]}", where=self.table, hint=hint)
        entries = [self._entry(known[key], decision, by, why, now) for key in dict.fromkeys(keys)]
        ledger.append(self.lake, entries)
        return self.listed(every=True, keys=keys)

    def _entry(self, alert: Alert, decision: str, by: str, why: str, now: datetime) -> ScoreDecisionEntry:
        said = f"{alert.row_key}|{self.model}|{now.isoformat()}|{by}|{decision}"
        return ScoreDecisionEntry(
            decision_id=hashlib.sha256(said.encode()).hexdigest()[:20],
            decided_at=now,
            model=self.model,
            row_key=alert.row_key,
            decision=decision,
            decided_by=by,
            why=why,
        )


def alerts_of(manifest: Mapping[str, Any], model: str | None, lake: Path) -> Alerts:
    """The alerts of a declared model; of the only one, where none is named.

    Raises SluiceError where no such model declares scores.
    """
    known = names(manifest)
    if model is None and len(known) != 1:
        what = "several models have scores" if known else "no model declares scores"
        hint = f"name one: --model {known[0]}" if known else "docs/score.md says how one does"
        raise SluiceError(what, where="exposures", hint=hint)
    name = model or known[0]
    table, declaration = scores_of(manifest, name).table, model_of(manifest, name)
    return Alerts(lake, name, table, declaration.settings.key, declaration.settings.at)


def _alert(row: dict[str, Any]) -> Alert:
    return Alert(**{**row, "reasons": tuple(row["reasons"] or ())})
