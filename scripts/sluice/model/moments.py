"""How time is split: what training may see at each moment, and what is held out.

A row is settled when its label's delay is over: until then nobody knows that it is not fraud. All bounds are [since, until).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sluice.core.errors import SluiceError
from sluice.model.settings import ModelSettings


@dataclass(frozen=True)
class Window:
    """Rows that are predicted, [since, until), by a model that was trained on [train_since, train_until) at `since`.

    Their labels are those that are known at `judged_at`; the training's are those known at `since`.
    """

    train_since: datetime | None
    train_until: datetime
    since: datetime
    until: datetime
    judged_at: datetime


@dataclass(frozen=True)
class Moments:
    """The moment of the training and its windows: `folds`, oldest first, choose and calibrate; `held_out` is for judging."""

    as_of: datetime
    held_out: Window
    folds: tuple[Window, ...]


def moments(settings: ModelSettings, last: datetime) -> Moments:
    """The windows for data whose newest row is of `last`."""
    split, delay = settings.split, settings.label.delay
    as_of = split.as_of or last
    settled = as_of - delay
    trained_at = settled - split.test
    held_out = _window(settings, trained_at, settled, as_of)
    ends = [held_out.train_until - number * split.step for number in range(split.folds)]
    folds = tuple(_window(settings, end - split.step, end, trained_at) for end in reversed(ends))
    return Moments(as_of, held_out, folds)


def _window(settings: ModelSettings, since: datetime, until: datetime, judged_at: datetime) -> Window:
    train_until = since - settings.label.delay
    train_since = train_until - settings.split.train if settings.split.train else None
    return Window(train_since, train_until, since, until, judged_at)


def too_short(settings: ModelSettings, first: datetime, last: datetime) -> SluiceError:
    """What to raise where no fold, or not the held-out weeks, have rows with both labels."""
    split = settings.split
    needed = split.test + 3 * settings.label.delay + split.step
    what = f"the data, {first:%Y-%m-%d} to {last:%Y-%m-%d}, is too short or has too few true labels to learn from"
    hint = f"it takes more than {needed.days} days: split.test, three times label.delay and split.step; shorten them, or wait"
    return SluiceError(what, where="config.meta.model", hint=hint)
