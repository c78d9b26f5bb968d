"""What a demo is made from: sizes, seed, faults. Checked before anything is written."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from sluice.core.errors import SluiceError
from sluice.demo.tables import FILE_KINDS, KINDS, ROW_KINDS

DEFAULT_FAULTS: Mapping[str, float] = MappingProxyType({**ROW_KINDS, **FILE_KINDS})
MAX_DAYS = 3660
MAX_ORDERS = 500_000_000


@dataclass(frozen=True)
class DemoOptions:
    """Everything that decides what a demo holds, and (threads, memory_limit) how it is made.

    ``fraud`` is how many times as often as usual a thief comes. ``faults`` maps a fault kind to its rate, 0 to 1; row kinds:
    share of rows, file kinds: share of files. Raises SluiceError when a number is out of range or a kind is unknown.
    """

    orders: int
    days: int
    seed: int = 1
    start: date = date(2025, 1, 1)
    fraud: float = 1.0
    faults: Mapping[str, float] = field(default_factory=dict)
    threads: int | None = None
    memory_limit: str = "4GB"
    orders_per_part: int = 100_000

    def __post_init__(self) -> None:
        _check_range("orders", self.orders, 1, MAX_ORDERS)
        _check_range("days", self.days, 1, MAX_DAYS)
        _check_range("orders per part", self.orders_per_part, 1, MAX_ORDERS)
        _check_range("seed", self.seed, -(2**63), 2**63 - 1)
        if self.threads is not None:
            _check_range("threads", self.threads, 1, 1024)
        if not 0 <= self.fraud <= 20:  # a NaN is not either
            raise SluiceError(f"--fraud must lie between 0 and 20, not {self.fraud}")
        if not 1980 <= self.start.year <= 2080:
            raise SluiceError(f"--start must lie between 1980 and 2080, not {self.start}")
        for kind, rate in self.faults.items():
            _check_rate(kind, rate)


def parse_faults(text: str) -> dict[str, float]:
    """Rates from ``none``, ``default`` or ``kind=rate,kind=rate``. Raises SluiceError, naming the kinds there are."""
    chosen = text.strip()
    if chosen == "none":
        return {}
    if chosen == "default":
        return dict(DEFAULT_FAULTS)
    return dict(_parse_pair(pair) for pair in chosen.split(","))


def _parse_pair(pair: str) -> tuple[str, float]:
    kind, equals, number = pair.strip().partition("=")
    try:
        rate = float(number)
    except ValueError:
        rate = math.nan
    if not equals or math.isnan(rate):
        raise SluiceError(
            f"cannot read the fault {pair.strip()!r}",
            where="--faults",
            hint="write none, default, or kind=rate,kind=rate, for example malformed_line=0.001",
        )
    _check_rate(kind, rate)
    return kind, rate


def _check_rate(kind: str, rate: float) -> None:
    if kind not in KINDS:
        raise SluiceError(f"there is no fault kind {kind!r}", where="--faults", hint="kinds: " + ", ".join(KINDS))
    if not 0 <= rate <= 1:
        raise SluiceError(f"the rate of {kind} must lie between 0 and 1, not {rate}", where="--faults")


def _check_range(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        option = name.replace(" ", "-")
        raise SluiceError(f"--{option} must lie between {low} and {high}, not {value}", where=f"--{option}")
