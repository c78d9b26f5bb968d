"""While releases are published, refused, rolled back, and their publishers killed, readers meet no error and no mixture.

`make campaign` does the same at length.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.campaign.reader import Reading
from lab.campaign.readers import FOR_EVER, Findings, judge, reading
from lab.campaign.story import CampaignPlan, Story
from lab.tiny_releases import Killer, shop_in

PLAN = CampaignPlan(publishes=10, rollbacks=2, kills=2, refusals=2, commands=0.1)
LIVES = (0.0, 0.5, FOR_EVER)


@dataclass(frozen=True)
class Told:
    """A story that has come to its end, and its readers."""

    story: Story
    readings: list[Reading]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    shop, killer = shop_in(tmp_path_factory.mktemp("campaign")), Killer()
    story, steps = Story(shop, PLAN, killer), PLAN.steps()
    story.prepare(steps)
    story.tell(steps[:1])
    with reading(shop.root / "warehouse" / "prod.duckdb", LIVES, seed=1) as readings:
        story.tell(steps[1:])
    yield Told(story, readings)
    killer.end()


def test_no_error_no_mixture_and_nothing_unaudited(told: Told) -> None:
    assert judge(told.readings, told.story.truth) == Findings()


def test_all_was_done(told: Told) -> None:
    done = told.story.done
    assert (done["publish"], done["rollback"], done["refusal"]) == (PLAN.publishes, PLAN.rollbacks, PLAN.refusals)
    assert sum(times for step, times in done.items() if "killed" in step) == PLAN.kills


def test_the_readers_saw_it_happen(told: Told) -> None:
    reconnecting, renewed, lasting = told.readings
    assert len(reconnecting.first_seen) >= PLAN.publishes / 2
    assert reconnecting.connections == reconnecting.queries
    assert len(renewed.first_seen) > 1
    assert (lasting.connections, list(lasting.first_seen)) == (1, [1])


def test_every_move_is_in_the_trail_once(told: Told) -> None:
    moves = [row for row in told.story.shop.trail() if row[4] == "done" and row[6] != "it pointed there already"]
    assert len(moves) == len(told.story.shop.store.pointer("prod").history)


def test_what_died_is_no_candidate_any_more(told: Told) -> None:
    left = {path.name for path in Path(told.story.shop.context.candidates).iterdir()}
    assert len(left) == PLAN.refusals
