"""What happens in the ninety days: quiet nights, code, and everything that a metric may count wrongly."""

from __future__ import annotations

from datetime import timedelta

from tests.helpers import ninety_days_incidents as incidents
from tests.helpers.ninety_days import BEGIN, END, MARTS, Shop, at, dues, seconds

from sluice.history.kinds import CommitEntry

# Days with code that nobody has to fix, and its commits.
CLEAN = {2: 1, 3: 2, 4: 1, 9: 3, 12: 1, 23: 2, 36: 1, 37: 4, 38: 2, 48: 1, 57: 2, 63: 3, 67: 1, 78: 3}


def story() -> Shop:
    """The whole of it. What happens on a day is in the function of its number; other days are quiet."""
    shop = Shop()
    _before(shop)
    special = {**_DAYS, **incidents.DAYS}
    for day in range(90):
        special.get(day, _quiet)(shop, day)
        if day in CLEAN:
            _clean(shop, day, CLEAN[day])
    _quarantine(shop)
    _elsewhere(shop)
    return shop


def _quiet(shop: Shop, day: int) -> None:
    shop.night(day)


def _before(shop: Shop) -> None:
    """Before the window: a bad release, of which only the hour in the window counts; the history begins ten days earlier."""
    shop.publish("A1", at(-10, "12:00"), kind="code", changed=None)
    shop.publish("A2", at(-1, "23:00"), kind="data")
    shop.rollback("A1", at(0, "01:00"), "wrong prices")
    shop.was_down(MARTS, BEGIN, at(0, "01:00"))
    shop.caught("rollback-0003", "A2", "after")


def _clean(shop: Shop, day: int, commits: int) -> None:
    """Code at noon that nobody has to fix."""
    when = at(day, "12:00") + timedelta(seconds=shop.dice.randrange(3600))
    event = shop.code(f"C{day:02}", when, (f"model.shop.int_{day}",))
    shop.commits(event, f"C{day:02}", when, *(2 + 11 * number + day / 4 for number in range(commits)))
    if day == 37:
        shop.commits(event, "C37", when, 5, kind="squashed")
        shop.commits(event, "C37", when, 4, kind="merge")
        shop.commits(event, "C37", when, -3, kind="unknown")  # a clock that is wrong


def _published_twice(shop: Shop, day: int) -> None:
    """What is there already is published again, and a publish is refused: neither is a deployment."""
    when = shop.night(day)
    shop.move("publish", f"N{day:02}", when + timedelta(minutes=1), detail="it pointed there already")
    shop.move("publish", "X05", when + timedelta(minutes=2), outcome="refused", detail="user:eve may not publish prod")


def _late(shop: Shop, day: int) -> None:
    shop.night(day, "08:15:07", "late")


def _late_in_summer(shop: Shop, day: int) -> None:
    """In time for the deadline in UTC, half an hour late for the one in Berlin."""
    shop.night(day, "05:30", "on time", "late")


def _of_an_older_version(shop: Shop, day: int) -> None:
    """A release of which nobody wrote what it changed."""
    shop.night(day)
    shop.publish("U15", at(day, "12:00"), kind="unknown")


def _of_unknown_models(shop: Shop, day: int) -> None:
    """Code, but its models and the incidents of its commits are not known."""
    shop.night(day)
    when = at(day, "15:00")
    event = shop.code("C17", when, None, ends=("unknown", None))
    shop.commits(event, "C17", when, 30, incidents=None, parents=None)
    shop.truth["rework"][event, "C17"] = ("unknown", 1)


def _nothing_new(shop: Shop, day: int) -> None:
    """A run that had nothing to build: readers have what there is."""
    shop.run(at(day, "04:00"), at(day, "04:01"), "done")
    sales, payments = (seconds(due, at(day, "04:01")) for due in dues(day))
    shop.delivered(day, ("on time", sales), ("on time", payments))


def _rolled_back_and_brought_again(shop: Shop, day: int) -> None:
    """Code that is bad for 2,730 seconds; its commits come again with the next release, which names a ticket elsewhere."""
    shop.night(day)
    bad, good = at(day, "12:00:30"), at(day, "16:00")
    event = shop.code("C30", bad, ("model.shop.stg_pay",), ends=("failed", 2730))
    shop.commits(event, "C30", bad, 50, 7)
    shop.rollback(f"N{day:02}", bad + timedelta(seconds=2730), "negative payments, see SHOP-7")
    shop.was_down(MARTS, bad, bad + timedelta(seconds=2730))
    shop.caught(f"rollback-{shop.count:04}", "C30", "after")
    event = shop.code("C30b", good, ("model.shop.stg_pay",), is_rework=True)
    for entry in [one for one in shop.entries if isinstance(one, CommitEntry) and one.release_id == "C30"]:
        shop.carry("C30b", entry.code_commit, entry.authored_at)
    shop.commits(event, "C30b", good, 3, incidents=("SHOP-7",))


def _from_files_without_a_commit(shop: Shop, day: int) -> None:
    """Code of a checkout with changes: the commit is the one before, and a model differs."""
    shop.night(day)
    when = at(day, "14:00")
    event = shop.code("M25", when, ("model.shop.int_25",), is_committed=False)
    shop.truth["rework"][event, "M25"] = ("unknown", 0)


def _withdrawn_before_the_deadline(shop: Shop, day: int) -> None:
    """Published in time and taken back in time: readers had yesterday's release at the deadline. The next one came at nine."""
    before = str(shop.now)
    shop.run(at(day, "04:00"), at(day, "04:30:05"), "done")
    bad = shop.publish("N50", at(day, "04:30"), kind="data")
    shop.truth["recovery"][bad, "N50"] = ("data", 2400)
    shop.rollback(before, at(day, "05:10"), "half of the orders")
    shop.was_down(MARTS, at(day, "04:30"), at(day, "05:10"))
    shop.caught(f"rollback-{shop.count:04}", "N50", "after")
    shop.publish("N50b", at(day, "09:00"), kind="data")
    late = ("late", 3 * 3600)
    shop.delivered(day, late, late)


def _seven_days_before(shop: Shop, day: int) -> None:
    """Code that changes the model of the revert, which comes exactly seven days later; and one a second before."""
    shop.night(day)
    early, late = at(day, "14:59:59"), at(day, "15:00")
    event = shop.code("E54", early, ("model.shop.sales",))
    shop.commits(event, "E54", early, 3)
    event = shop.code("G54", late, ("model.shop.sales",), ends=("failed", 7 * 86400))
    shop.commits(event, "G54", late, 3)
    shop.was_down(("core.sales",), late, at(62, "16:00"))


def _to_be_reverted(shop: Shop, day: int) -> None:
    """Code that a revert takes back after 27 hours; sales are down already."""
    shop.night(day)
    when = at(day, "12:00")
    event = shop.code("C60", when, ("model.shop.sales",), ends=("failed", 27 * 3600))
    shop.commits(event, "C60", when, 2)


def _reverted(shop: Shop, day: int) -> None:
    shop.night(day)
    when = at(day, "15:00")
    event = shop.code("R61", when, ("model.shop.sales",), is_rework=True, ends=("failed", 25 * 3600))
    shop.commits(event, "R61", when, 1, reverts="commit-x")


def _reverted_again(shop: Shop, day: int) -> None:
    """The revert was wrong as well, and 25 hours later a second one came: the first release was fixed by the first of them."""
    shop.night(day)
    when = at(day, "16:00")
    event = shop.code("R62", when, ("model.shop.sales",), is_rework=True)
    shop.commits(event, "R62", when, 1, reverts="commit-y")


def _too_young(shop: Shop, day: int) -> None:
    """Code of four days ago: nobody knows yet whether it has to be fixed."""
    shop.night(day)
    when = at(day, "12:00")
    event = shop.code("C86", when, ("model.shop.int_86",), ends=("pending", None))
    shop.commits(event, "C86", when, 100)


def _elsewhere(shop: Shop) -> None:
    """Another environment, in which everything goes wrong every day, is none of prod's business."""
    for day in range(0, 90, 3):
        shop.move("publish", f"S{day}", at(day, "03:00"), environment="staging", from_release_id=f"S{day - 3}")
        shop.move("rollback", f"S{day - 3}", at(day, "03:30"), "bad", environment="staging", from_release_id=f"S{day}")


def _quarantine(shop: Shop) -> None:
    """Rejected rows: what becomes of each, how many hours after it was rejected; None waits to the end."""
    day = 24
    fates: dict[int, list[tuple[str, float] | None]] = {
        -5: [("dropped", 2 * day), None],
        1: [("corrected", 40 * day), ("dropped", 1), None],
        20: [("dropped", 5), None],
        60: [None, None, None, ("corrected", 12.5)],
    }
    for begin, rows in fates.items():
        when = at(begin, "04:00:09")
        batch = shop.batch("shop.orders", when, len(rows))
        for position, fate in enumerate(rows, 1):
            row = shop.reject(batch, position, when)
            if fate:
                shop.decide(row, fate[0], when + timedelta(hours=fate[1]), batch)
                shop.waited(row, "shop.orders", when, *fate)
            else:
                shop.truth["quarantine_age"][row, "shop.orders"] = ("open", seconds(when, END))
            if begin == 20 and position == 1:  # of two decisions the newest counts
                shop.decide(row, "corrected", when + timedelta(hours=30), batch)
                shop.waited(row, "shop.orders", when, "corrected", 30)
    # A row that a rule of the warehouse rejected: a build has let it in since, so that only the decision tells of it.
    when = at(44, "10:00")
    shop.decide("f" * 32, "waived", when, "batch-w", place="warehouse", rule="price_is_positive")
    shop.truth["quarantine_age"]["f" * 32, "shop.orders"] = ("unknown", None)
    shop.truth["errors_caught"]["batch-w", "shop.orders"] = ("rows", 1)


_DAYS = {
    5: _published_twice,
    10: _late,
    15: _of_an_older_version,
    17: _of_unknown_models,
    25: _from_files_without_a_commit,
    27: _nothing_new,
    30: _rolled_back_and_brought_again,
    40: _late,
    50: _withdrawn_before_the_deadline,
    54: _seven_days_before,
    60: _to_be_reverted,
    61: _reverted,
    62: _reverted_again,
    85: _late_in_summer,
    86: _too_young,
}
