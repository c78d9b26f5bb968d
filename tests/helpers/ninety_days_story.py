"""What happens in the ninety days: quiet nights, code, and everything that a metric may count wrongly."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.helpers.ninety_days import BEGIN, END, MARTS, Shop, at, seconds

from sluice.history.kinds import CommitEntry

# Ids of incidents, as long as real ones.
(REFUSED, PAID, FIRST, SECOND_ON_TOP, WARNED, SAID, CHARTED, LATE, NAMED, STILL) = (f"{number:x}" * 64 for number in range(1, 11))
CLEAN = {2: 1, 3: 2, 4: 1, 9: 3, 12: 1, 23: 2, 36: 1, 37: 4, 38: 2, 48: 1, 57: 2, 63: 3, 67: 1, 78: 2}


def story() -> Shop:
    """The whole of it. Each day is told by the function of its number, else it is a quiet one."""
    shop = Shop()
    _before(shop)
    special = {
        5: _published_twice, 10: _late, 15: _of_an_older_version, 17: _of_unknown_models, 20: _refused_twice, 21: _good_again,
        27: _nothing_new, 30: _rolled_back_and_brought_again, 33: _refused_by_hand, 40: _late, 45: _hotfix_needed, 46: _hotfix,
        50: _withdrawn_before_the_deadline, 53: _wrong_unseen, 55: _said_by_a_person, 57: _said_is_over, 60: _to_be_reverted,
        61: _reverted, 66: _charted, 70: _two_incidents, 71: _two_incidents, 72: _two_incidents, 73: _two_incidents, 75: _warned,
        76: _warned_no_more, 80: _two_rollbacks, 85: _late_in_summer, 86: _too_young, 88: _still_wrong,
        89: _wrong_to_the_end, 54: _seven_days_before, 56: _said_again, 69: _asked_for_elsewhere,
    }  # fmt: skip
    for day in range(90):
        special.get(day, _quiet)(shop, day)
        if day in CLEAN:
            _clean(shop, day, CLEAN[day])
    _quarantine(shop)
    _elsewhere(shop)
    return shop


def _due(day: int) -> tuple[datetime, datetime]:
    """The two deadlines of a day: 06:00, and 07:00 in Berlin, where summer begins on 29 March."""
    return at(day, "06:00"), at(day, "06:00" if day < 83 else "05:00")


def _night(shop: Shop, day: int, time: str | None = None, state: str = "on time", mail: str | None = None) -> datetime:
    """A run that publishes data, at some second before the deadlines or at a given time; on time or late in truth."""
    when = at(day, time) if time else at(day, "04:10") + timedelta(seconds=shop.dice.randrange(1200))
    shop.run(at(day, "04:00"), when + timedelta(seconds=5), "done")
    shop.publish(f"N{day:02}", when, kind="data")
    revenue, finance = (seconds(due, when) for due in _due(day))
    shop.delivered(day, (state, revenue), (mail or state, finance))
    return when


def _quiet(shop: Shop, day: int) -> None:
    _night(shop, day)


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
    when = _night(shop, day)
    shop.move("publish", f"N{day:02}", when + timedelta(minutes=1), detail="it pointed there already")
    shop.move("publish", "X05", when + timedelta(minutes=2), outcome="refused", detail="user:eve may not publish prod")


def _late(shop: Shop, day: int) -> None:
    _night(shop, day, "08:15:07", "late")


def _late_in_summer(shop: Shop, day: int) -> None:
    """In time for the deadline in UTC, half an hour late for the one in Berlin."""
    _night(shop, day, "05:30", "on time", "late")


def _of_an_older_version(shop: Shop, day: int) -> None:
    """A release of which nobody wrote what it changed."""
    _night(shop, day)
    shop.publish("U15", at(day, "12:00"), kind="unknown")


def _of_unknown_models(shop: Shop, day: int) -> None:
    """Code, but its models and the incidents of its commits are not known."""
    _night(shop, day)
    when = at(day, "15:00")
    event = shop.code("C17", when, None, ends=("unknown", None))
    shop.commits(event, "C17", when, 30, incidents=None, parents=None)
    shop.truth["rework"][event, "C17"] = ("unknown", 1)


def _refused_twice(shop: Shop, day: int) -> None:
    """A night that is refused, and its retry: one incident, found before the publish; both deadlines are missed."""
    for time, release in (("04:20", "X20"), ("05:10", "X20b")):
        shop.run(at(day, "04:00"), at(day, time), "failed", "1 test failed")
        shop.failed_step("build", release, at(day, time))
        shop.incident(REFUSED, "opened" if release == "X20" else "seen", at(day, time), release)
    shop.caught(REFUSED, "X20", "before")
    shop.detected(REFUSED, "unknown")
    shop.delivered(day, ("late", None), ("late", None))


def _good_again(shop: Shop, day: int) -> None:
    when = _night(shop, day)
    shop.incident(REFUSED, "resolved", when + timedelta(seconds=3), "N21")


def _nothing_new(shop: Shop, day: int) -> None:
    """A run that had nothing to build: readers have what there is."""
    shop.run(at(day, "04:00"), at(day, "04:01"), "done")
    shop.delivered(day, ("on time", None), ("on time", None))


def _rolled_back_and_brought_again(shop: Shop, day: int) -> None:
    """Code that is bad for 2,730 seconds; its commits come again with the next release, which names a ticket elsewhere."""
    _night(shop, day)
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


def _refused_by_hand(shop: Shop, day: int) -> None:
    """A candidate that a person built and audited twice; no incident was written."""
    _night(shop, day)
    shop.failed_step("audit", "X33", at(day, "13:00"))
    shop.failed_step("audit", "X33", at(day, "13:20"))
    shop.caught("X33", "X33", "before")


def _hotfix_needed(shop: Shop, day: int) -> None:
    """Code that is wrong until the hotfix of the next day, 22.5 hours later; two marts are made of it."""
    _night(shop, day)
    when = at(day, "11:00")
    event = shop.code("C45", when, ("model.shop.stg_pay", "model.shop.other"), ends=("failed", 22.5 * 3600))
    shop.commits(event, "C45", when, 26)
    shop.was_down(("core.payments", "core.sales"), when, at(day + 1, "09:30"))


def _hotfix(shop: Shop, day: int) -> None:
    """The night finds it in the release that it publishes; payments are down already, customers from then on."""
    night, when = _night(shop, day), at(day, "09:30")
    shop.incident(PAID, "opened", night + timedelta(seconds=4), "N46", touches=("core.payments", "core.customers"))
    shop.caught(PAID, "N46", "after")
    shop.detected(PAID, "unknown")
    shop.was_down(("core.customers",), night, when)
    event = shop.code("F46", when, ("model.shop.stg_pay", "model.shop.third"), is_rework=True)
    shop.commits(event, "F46", when, 1, incidents=(PAID[:8],))
    shop.incident(PAID, "resolved", when + timedelta(seconds=2), "F46")


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


def _wrong_unseen(shop: Shop, day: int) -> None:
    """Rows of ten o'clock are wrong, and nobody knows: they are in the releases of the next nights."""
    _night(shop, day)


def _said_by_a_person(shop: Shop, day: int) -> None:
    """A warning, and a person who finds that rows are wrong since ten o'clock of the day before yesterday."""
    night = _night(shop, day)
    opened = night + timedelta(seconds=2)
    shop.incident(SAID, "opened", opened, "N55", severity="warn", touches=("core.customers",))
    said = {"bad_from_at": at(53, "10:00"), "by_actor": "user:ann"}
    shop.incident(SAID, "acknowledged", at(day, "10:00"), "N55", severity="warn", **said)
    shop.caught(SAID, "N55", "after")
    shop.detected(SAID, "counted", seconds(at(53, "10:00"), opened))


def _said_again(shop: Shop, day: int) -> None:
    night = _night(shop, day)
    shop.incident(SAID, "seen", night + timedelta(seconds=2), "N56", severity="warn", touches=("core.customers",))


def _said_is_over(shop: Shop, day: int) -> None:
    night = _night(shop, day)
    shop.incident(SAID, "resolved", night + timedelta(seconds=2), "N57", severity="warn")
    shop.was_down(("core.customers",), _published(shop, "N54"), night)


def _published(shop: Shop, release: str) -> datetime:
    return next(one.tried_at for one in shop.entries if getattr(one, "action", "") == "publish" and one.release_id == release)


def _seven_days_before(shop: Shop, day: int) -> None:
    """Code that changes the model of the revert, which comes exactly seven days later; and one a second before."""
    _night(shop, day)
    early, late = at(day, "14:59:59"), at(day, "15:00")
    event = shop.code("E54", early, ("model.shop.sales",))
    shop.commits(event, "E54", early, 3)
    event = shop.code("G54", late, ("model.shop.sales",), ends=("failed", 7 * 86400))
    shop.commits(event, "G54", late, 3)
    shop.was_down(("core.sales",), late, at(61, "15:00"))


def _to_be_reverted(shop: Shop, day: int) -> None:
    """Code that a revert takes back after 27 hours; sales are down already."""
    _night(shop, day)
    when = at(day, "12:00")
    event = shop.code("C60", when, ("model.shop.sales",), ends=("failed", 27 * 3600))
    shop.commits(event, "C60", when, 2)


def _reverted(shop: Shop, day: int) -> None:
    _night(shop, day)
    when = at(day, "15:00")
    event = shop.code("R61", when, ("model.shop.sales",), is_rework=True)
    shop.commits(event, "R61", when, 1, reverts="commit-x")


def _asked_for_elsewhere(shop: Shop, day: int) -> None:
    """A fix of what only another system tells of."""
    _night(shop, day)
    when = at(day, "13:00")
    event = shop.code("J69", when, ("model.shop.int_69",), is_rework=True)
    shop.commits(event, "J69", when, 6, incidents=("JIRA-9",))
    shop.caught("JIRA-9", "J69", "after")


def _charted(shop: Shop, day: int) -> None:
    """A chart that knows the day, and a late source that knows its last delivery; both only warn, and are over the next day."""
    night = _night(shop, day)
    for incident, kind, since in ((CHARTED, "control_chart", at(65, "00:00")), (LATE, "late", at(64, "04:00"))):
        opened = night + timedelta(seconds=2)
        shop.incident(incident, "opened", opened, "N66", severity="warn", kind=kind, since=since)
        shop.incident(incident, "resolved", at(day, "12:00"), None, severity="warn")
        shop.caught(incident, "N66", "after")
        shop.detected(incident, "counted", seconds(since, opened))


def _two_incidents(shop: Shop, day: int) -> None:
    """Two incidents at the same time in sales, one of them also in payments: each second of sales counts once."""
    night = _night(shop, day)
    opened, release = night + timedelta(seconds=2), f"N{day}"
    if day < 72:
        shop.incident(FIRST, "opened" if day == 70 else "seen", opened, release)
    elif day == 72:
        shop.incident(FIRST, "resolved", opened, release)
    if day > 70:
        more = {"touches": ("core.sales", "core.payments")}
        shop.incident(SECOND_ON_TOP, "opened" if day == 71 else "changed", opened, release, **more)
    if day == 70:
        shop.caught(FIRST, "N70", "after")
        shop.detected(FIRST, "unknown")
    if day == 71:
        shop.caught(SECOND_ON_TOP, "N71", "after")
        shop.detected(SECOND_ON_TOP, "unknown")
    if day == 73:
        ended = at(day, "14:00")
        shop.incident(SECOND_ON_TOP, "closed", ended, release, by_actor="user:ann", touches=("core.sales", "core.payments"))
        shop.was_down(("core.sales",), _published(shop, "N70"), ended)
        shop.was_down(("core.payments",), _published(shop, "N71"), ended)


def _warned(shop: Shop, day: int) -> None:
    """A warning that nobody looked into: suspected, and not counted."""
    night = _night(shop, day)
    shop.incident(WARNED, "opened", night + timedelta(seconds=2), "N75", severity="warn")
    shop.caught(WARNED, "N75", "after")
    shop.detected(WARNED, "unknown")


def _warned_no_more(shop: Shop, day: int) -> None:
    night = _night(shop, day)
    shop.incident(WARNED, "resolved", night + timedelta(seconds=2), "N76", severity="warn")


def _two_rollbacks(shop: Shop, day: int) -> None:
    """Code, and data on top; a first rollback takes back the data only, a second one the code, too. Both name the incident."""
    _night(shop, day)
    code, data, first, second = (at(day, time) for time in ("10:00", "11:00", "12:00", "12:30"))
    event = shop.code("C80", code, ("model.shop.new",), ends=("failed", 2.5 * 3600))
    shop.commits(event, "C80", code, 20)
    event = shop.publish("D80", data, kind="data")
    shop.truth["recovery"][event, "D80"] = ("data", 1.5 * 3600)
    shop.incident(NAMED, "opened", at(day, "11:30"), "D80", touches=("core.payments",))
    shop.rollback("C80", first, f"incident {NAMED[:12]}")
    shop.rollback("N80", second, f"still there: {NAMED[:8]}")
    shop.incident(NAMED, "resolved", at(day, "12:35"), None, touches=("core.payments",))
    shop.caught(NAMED, "D80", "after")
    shop.detected(NAMED, "unknown")
    shop.was_down(("core.payments",), code, second)


def _too_young(shop: Shop, day: int) -> None:
    """Code of four days ago: nobody knows yet whether it has to be fixed."""
    _night(shop, day)
    when = at(day, "12:00")
    event = shop.code("C86", when, ("model.shop.int_86",), ends=("pending", None))
    shop.commits(event, "C86", when, 100)


def _still_wrong(shop: Shop, day: int) -> None:
    """Found in the release of this night, and not over at the end of the next day."""
    night = _night(shop, day)
    shop.incident(STILL, "opened", night + timedelta(seconds=2), "N88", touches=("core.customers",))
    shop.caught(STILL, "N88", "after")
    shop.detected(STILL, "unknown")


def _wrong_to_the_end(shop: Shop, day: int) -> None:
    night = _night(shop, day)
    shop.incident(STILL, "seen", night + timedelta(seconds=2), "N89", touches=("core.customers",))
    shop.was_down(("core.customers",), _published(shop, "N88"), END)


def _elsewhere(shop: Shop) -> None:
    """Another environment, in which everything goes wrong every day, is none of prod's business."""
    for day in range(0, 90, 3):
        shop.move("publish", f"S{day}", at(day, "03:00"), environment="staging", from_release_id=f"S{day - 3}")
        shop.move("rollback", f"S{day - 3}", at(day, "03:30"), "bad", environment="staging", from_release_id=f"S{day}")


def _quarantine(shop: Shop) -> None:
    """Rejected rows: what becomes of each, how many hours after it was rejected; None waits to the end."""
    day = 24
    fates = {
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
