"""The keys of `config.meta.model`, checked by type. Money is in the unit of the column that `cost.missed` names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

_UNITS = {"hour": 3600, "day": 86400, "week": 604800}
_DURATION = re.compile(r"^(\d+) (hour|day|week)s?$")
# What XGBoost may be told; `rounds` is the number of trees.
_TUNED = (
    "rounds", "max_depth", "eta", "min_child_weight", "subsample", "colsample_bytree", "gamma", "lambda", "alpha",
    "scale_pos_weight", "max_bin", "max_delta_step",
)  # fmt: skip
_MOST_TRIALS = 200


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    found = _DURATION.match(str(value))
    if not found or not int(found[1]):
        raise ValueError(f"{value} is not a duration; write it as `30 days`, `12 hours` or `4 weeks`")
    return timedelta(seconds=int(found[1]) * _UNITS[found[2]])


def _listed(value: object) -> object:
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Values = Annotated[tuple[float, ...], BeforeValidator(_listed), Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Column = Annotated[str, Field(pattern=r"^([A-Za-z_][A-Za-z0-9_]*\.)?[A-Za-z_][A-Za-z0-9_]*$")]
Positive = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]


class _Strict:
    __pydantic_config__ = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Reference:
    """A column: of the features' mart, or `model.column` of another that has the same key."""

    model: str | None
    column: str

    @classmethod
    def of(cls, text: str) -> Reference:
        """The reference that is written as `column` or `model.column`."""
        model, _, column = text.rpartition(".")
        return cls(model or None, column)


@dataclass(frozen=True)
class Label(_Strict):
    """Where labels are, since when each is known, and after how long a row without one counts as false."""

    model: Name
    column: Name
    known_at: Name
    delay: Duration


@dataclass(frozen=True)
class Split(_Strict):
    """How time is split: `test` is held out, at the end; before it `folds` steps choose the parameters and calibrate.

    `train` limits how far back training looks. `as_of` is the day of the training, by default the newest time in the data.
    `judged` is SQL over the features' mart: which rows are judged, such as those whose card is not blocked already.
    """

    test: Duration = timedelta(days=28)
    folds: Count = 4
    step: Duration = timedelta(days=7)
    train: Duration | None = None
    as_of: datetime | None = None
    judged: str | None = None


@dataclass(frozen=True)
class Cost(_Strict):
    """What mistakes cost: a missed one the value of the column `missed`, a false alarm so much, and minutes of an analyst."""

    missed: Column | None = None
    missed_fixed: Positive = 0.0
    false_alarm: Positive = 0.0
    minutes: Positive = 0.0
    minute: Positive = 0.0

    @property
    def alert(self) -> float:
        """The cost of looking at an alert, whatever comes out."""
        return self.minutes * self.minute


@dataclass(frozen=True)
class Daily(_Strict):
    """How many can be looked at in a day; with `per`, so many values of that column (cards, customers) and not rows."""

    k: Count = 20
    per: Column | None = None


@dataclass(frozen=True)
class Limits(_Strict):
    """What the gate lets through: see `docs/model.md`."""

    calibration_error: Positive = 0.02
    drift_of_scores: Positive = 0.25
    drift_of_features: Positive = 0.5
    latency_ms: Positive = 5.0


@dataclass(frozen=True)
class ModelSettings(_Strict):
    """A model: what it reads, how it learns and what it is judged by."""

    features: Name
    key: Name
    at: Name
    label: Label
    inputs: tuple[Name, ...] = ()
    exclude: tuple[Name, ...] = ()
    split: Split = field(default_factory=Split)
    search: dict[str, Values] = field(default_factory=dict)
    calibration: Literal["platt", "isotonic"] = "platt"
    cost: Cost = field(default_factory=Cost)
    daily: Daily = field(default_factory=Daily)
    segments: dict[Name, str] = field(default_factory=dict)
    baselines: tuple[Column, ...] = ()
    reasons: Count = 3
    limits: Limits = field(default_factory=Limits)
    seed: int = 1
    threads: Count = 1

    def __post_init__(self) -> None:
        if unknown := [name for name in self.search if name not in _TUNED]:
            raise ValueError(f"search: {unknown[0]} is not known; known: {', '.join(_TUNED)}")
        if len(self.trials) > _MOST_TRIALS:
            raise ValueError(f"search: {len(self.trials)} combinations, at most {_MOST_TRIALS} are tried")

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the dbt models that it reads, each once."""
        references = [Reference.of(one).model for one in self.columns]
        return tuple(dict.fromkeys([self.features, self.label.model, *(one for one in references if one)]))

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that are read beside the features: for costs, days and baselines."""
        others = [one for one in (self.cost.missed, self.daily.per) if one]
        return tuple(dict.fromkeys([*others, *self.baselines]))

    @property
    def trials(self) -> list[dict[str, Any]]:
        """Every combination of what is searched, in the order in which it is written."""
        return [dict(zip(self.search, values, strict=True)) for values in product(*self.search.values())]
