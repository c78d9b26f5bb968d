"""What the proof of a lineage found."""

from __future__ import annotations

from dataclasses import dataclass, field

CONFIRMED, UNCONFIRMED, NOT_EXERCISED, NOT_COMPARED = "confirmed", "unconfirmed", "not exercised", "not compared"


@dataclass(frozen=True, order=True)
class Pair:
    """A column of a parent and one of the model; either may be ROWS."""

    parent: str
    parent_column: str
    child: str
    child_column: str


@dataclass(frozen=True)
class Claim:
    """A pair that the static lineage has, and what became of it: one of the words above. `by` is the change that showed it."""

    pair: Pair
    hows: tuple[str, ...]
    status: str
    by: str = ""

    @property
    def kind(self) -> str:
        """Whether a value flows, or something is only influenced."""
        return "direct" if {"identity", "transformation", "aggregation"} & set(self.hows) else "indirect"


@dataclass(frozen=True)
class Effect:
    """A pair that a change showed. `covered` says by what the static lineage has it: `edge`, `rows`, or nothing, a miss."""

    pair: Pair
    by: str
    covered: str


@dataclass(frozen=True)
class ModelProof:
    """What was found of one model. `unstable` are columns that differ between two runs on equal rows in another order.

    `skipped` says why the model was not run. `runs` counts changed parents, `failed` those on which its SQL stopped.
    """

    model: str
    label: str
    claims: tuple[Claim, ...] = ()
    effects: tuple[Effect, ...] = ()
    unstable: tuple[str, ...] = ()
    runs: int = 0
    failed: int = 0
    skipped: str = ""


@dataclass(frozen=True)
class Proof:
    """What was found of all models; `labels` are the names that people know."""

    models: tuple[ModelProof, ...]
    labels: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def claims(self) -> list[Claim]:
        """Every claim of the models that were run."""
        return [claim for model in self.models for claim in model.claims]

    @property
    def effects(self) -> list[Effect]:
        """Every effect that was seen."""
        return [effect for model in self.models for effect in model.effects]

    @property
    def misses(self) -> list[Effect]:
        """Effects that the static lineage does not have."""
        return [effect for effect in self.effects if not effect.covered]


def share(part: int, whole: int) -> float | None:
    """A part of a whole; None of nothing."""
    return part / whole if whole else None


def recall(effects: list[Effect]) -> float | None:
    """The share of the effects that the static lineage has."""
    return share(sum(bool(effect.covered) for effect in effects), len(effects))


def precision(claims: list[Claim]) -> float | None:
    """The share of confirmed claims among those that the data could exercise."""
    judged = [claim for claim in claims if claim.status in (CONFIRMED, UNCONFIRMED)]
    return share(sum(claim.status == CONFIRMED for claim in judged), len(judged))
