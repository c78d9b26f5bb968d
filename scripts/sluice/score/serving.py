"""What serves scores at a time: one release with its model, its events as the state, and the SQL that describes a message."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sluice.core.duck import connect
from sluice.core.errors import SluiceError
from sluice.features import live_sql
from sluice.features.declared import Features
from sluice.features.declared import declared as features_of
from sluice.features.live_sql import Row
from sluice.features.state import State
from sluice.lake.contracts import Contract
from sluice.model import artifact
from sluice.model.artifact import Model, Reason
from sluice.model.declared import declared as model_of
from sluice.score.messages import Message, Messages, Refused
from sluice.score.settings import ScoreSettings, declared
from sluice.store.models import folder_of

if TYPE_CHECKING:
    import numpy as np

CHAMPION, CHALLENGER = "champion", "challenger"
# One thread: a message is few rows, and the other core has other work.
_THREADS = 1


@dataclass(frozen=True)
class Release:
    """What serves: a release (or candidate) by its id, the folder with its manifest, and its warehouse file.

    `lake` has the version of each table of the lake that it was built from.
    """

    release_id: str
    folder: Path
    file: Path
    lake: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Score:
    """The score of one event by one model. Times are microseconds since 1970; `values` are the features in the model's order."""

    key: str
    at: int
    model: str
    version: str
    release_id: str
    role: str
    score: float
    threshold: float
    reasons: tuple[Reason, ...]
    values: tuple[Any, ...]
    partition: int
    offset: int
    produced_at: int

    @property
    def is_alert(self) -> bool:
        """Whether somebody should look at it; a challenger alerts nobody."""
        return self.role == CHAMPION and self.score >= self.threshold


@dataclass(frozen=True)
class Outcome:
    """What became of messages: scores, those that break the contract; how many were events, and events that have a score."""

    scores: tuple[Score, ...] = ()
    refused: tuple[Refused, ...] = ()
    events: int = 0
    asked: int = 0


class Scorer:
    """One loaded model, and where its features are among those of a row. Scores of a row do not depend on the rows beside it."""

    def __init__(self, model: Model, release_id: str, role: str, names: Sequence[str]) -> None:
        missing = [name for name in model.features if name not in names]
        if missing:
            what = f"the model {model.name} needs features that are not declared: {', '.join(missing)}"
            raise SluiceError(what, where=str(model.folder), hint="train it again on this release's features")
        self.model, self.release_id, self.role = model, release_id, role
        self._places = [list(names).index(name) for name in model.features]
        # What is loaded at its first use is loaded now: no event waits for it.
        model.reasons(_matrix([[None] * len(self._places)]))

    def of(self, asked: Sequence[tuple[Row, Sequence[Any], Message]]) -> list[Score]:
        """The scores of events with all their features."""
        own = [tuple(values[place] for place in self._places) for _, values, _ in asked]
        matrix = _matrix(own)
        scores = [float(score) for score in self.model.score(matrix)]
        reasons = self._reasons(matrix, scores)
        return [
            self._score(row, message, score, own[number], tuple(reasons.get(number, ())))
            for number, ((row, _, message), score) in enumerate(zip(asked, scores, strict=True))
        ]

    def _reasons(self, matrix: np.ndarray[Any, Any], scores: Sequence[float]) -> dict[int, list[Reason]]:
        """The reasons of each alert, by its place; asked for all at once, which costs little more than for one."""
        if self.role != CHAMPION:
            return {}
        alerts = [number for number, score in enumerate(scores) if score >= self.model.threshold]
        return dict(zip(alerts, self.model.reasons(matrix[alerts]), strict=True)) if alerts else {}

    def _score(self, row: Row, message: Message, score: float, values: tuple[Any, ...], reasons: tuple[Reason, ...]) -> Score:
        return Score(
            key=row.event.id,
            at=row.event.at,
            model=self.model.name,
            version=self.model.version,
            release_id=self.release_id,
            role=self.role,
            score=score,
            threshold=self.model.threshold,
            reasons=reasons,
            values=values,
            partition=message.partition,
            offset=message.offset,
            produced_at=message.produced_at,
        )


def _matrix(rows: Sequence[Sequence[Any]]) -> np.ndarray[Any, Any]:
    import numpy as np

    return np.array([[math.nan if value is None else float(value) for value in row] for row in rows], dtype=np.float32)


class Serving:
    """A release that is ready to score. It is changed by events alone; another release is another object."""

    def __init__(self, release: Release, name: str, contracts: Mapping[str, Contract]) -> None:
        """Load everything. Raises SluiceError for whatever is missing or does not fit together, before anything is scored."""
        self.release, self.name = release, name
        self.manifest = _manifest(release)
        self.settings: ScoreSettings = declared(self.manifest, name)
        if self.settings.feed not in contracts:
            raise SluiceError(f"no contract for {self.settings.feed}", hint="declare the source table in dbt YAML")
        declaration = model_of(self.manifest, name).settings
        self.key, self.at = declaration.key, declaration.at
        self.features: Features = features_of(self.manifest, declaration.features)
        model = artifact.load(folder_of(release.folder, name))
        self.scorers = [Scorer(model, release.release_id, CHAMPION, self.features.names)]
        self._connection = connect()
        self._connection.execute(f"set threads = {_THREADS}")
        self._messages = Messages(self._connection, contracts[self.settings.feed])
        live_sql.prepare(self._connection, self.manifest, release.file, self.settings.described, self.features)
        self.state = State(self.features)

    @property
    def model(self) -> Model:
        """The champion."""
        return self.scorers[0].model

    def fits(self, other: Serving) -> None:
        """Whether it can take the place of another. Raises SluiceError where it reads or writes something else."""
        for what in ("feed", "table", "topic"):
            if getattr(self.settings, what) != getattr(other.settings, what):
                raise SluiceError(
                    f"the release {self.release.release_id} declares another {what} for {self.name}",
                    where="config.meta.score",
                    hint="stop sluice score and start it again",
                )

    @property
    def edges(self) -> tuple[float, ...]:
        """The bounds of the bins in which the training counted scores."""
        return tuple(self._profile.get("edges") or ())

    @property
    def expected(self) -> tuple[float, ...]:
        """The shares of the scores in these bins, and of nulls, in the training."""
        return tuple(self._profile.get("shares") or ())

    @property
    def _profile(self) -> Mapping[str, Any]:
        return dict((self.model.facts.get("profile") or {}).get("scores") or {})

    def remember(self, rows: Sequence[Row]) -> None:
        """Take events into the state, without a score."""
        for row in rows:
            self.state.add(row.event)

    def remember_release(self) -> None:
        """Take in every event that the release has."""
        for row in live_sql.of_release(self.release.file, self.manifest, self.features):
            self.state.add(row.event)

    def challenge(self, release: Release) -> None:
        """Score with the model of another release, too, in the shadow. Its features have to be the same as here."""
        other = _manifest(release)
        name = model_of(other, self.name).settings.features
        if features_of(other, name) != self.features:
            what = f"the challenger {release.release_id} has other definitions of features"
            raise SluiceError(what, where=str(release.folder), hint="publish it, or train it on the champion's features")
        model = artifact.load(folder_of(release.folder, self.name))
        self.scorers[1:] = [Scorer(model, release.release_id, CHALLENGER, self.features.names)]

    def challenge_of_release(self) -> None:
        """Score with the challenger that the release itself has, too, in the shadow; nothing where it has none."""
        folder = folder_of(self.release.folder, self.name, is_challenger=True)
        if folder.is_dir():
            self.scorers[1:] = [Scorer(artifact.load(folder), self.release.release_id, CHALLENGER, self.features.names)]

    def describe(self, messages: Sequence[Message]) -> tuple[list[Row], list[Refused]]:
        """The events that messages are, in the order of the messages, and the messages that break the contract."""
        refused = self._messages.put(messages)
        return live_sql.rows(self._connection, self.features), refused

    def score(self, messages: Sequence[Message], scored: dict[str, int]) -> tuple[Outcome, list[Row]]:
        """Score messages in their order; those in `scored` already have a score, and are added by the others.

        Returns also the events, for the state of the next release.
        """
        rows, refused = self.describe(messages)
        asked: list[tuple[Row, Sequence[Any], Message]] = []
        for row in rows:
            if row.is_asked and row.event.id not in scored and row.position is not None:
                asked.append((row, self.state.row(row.event, row.columns), messages[row.position]))
                scored[row.event.id] = row.event.at
            self.state.add(row.event)
        scores = [score for scorer in self.scorers for score in scorer.of(asked)] if asked else []
        return Outcome(tuple(scores), tuple(refused), len(rows), sum(row.is_asked for row in rows)), rows

    def close(self) -> None:
        """Let go of the release's file."""
        self._connection.close()


def _manifest(release: Release) -> dict[str, Any]:
    path = release.folder / "manifest.json"
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SluiceError(f"the release's manifest cannot be read: {error}", where=str(path)) from error
    return found
