"""What runs and people find wrong in the ninety days, before readers have it and after."""

from __future__ import annotations

from datetime import timedelta

from tests.helpers.ninety_days import END, MARTS, Shop, at, seconds

# Ids of incidents, as long as real ones.
REFUSED, PAID, FIRST, SECOND_ON_TOP, WARNED, SAID = (letter * 64 for letter in "123456")
CHARTED, LATE, NAMED, STILL, FALSE, CHATTED, UNREAD = (letter * 64 for letter in "789abcd")


def _not_ingested(shop: Shop, day: int) -> None:
    """A delivery that could not be read before the night was run: no release was made. The night resolves it."""
    shop.incident(UNREAD, "opened", at(day, "03:00"), None)
    shop.caught(UNREAD, "no release", "before")
    shop.detected(UNREAD, "unknown")
    night = shop.night(day)
    shop.incident(UNREAD, "resolved", night - timedelta(seconds=1), f"N{day - 1}")


def _hotfix_needed(shop: Shop, day: int) -> None:
    """Code that is wrong until the hotfix of the next day, 22.5 hours later; two marts are made of it."""
    shop.night(day)
    when = at(day, "11:00")
    event = shop.code("C45", when, ("model.shop.stg_pay", "model.shop.other"), ends=("failed", 22.5 * 3600))
    shop.commits(event, "C45", when, 26)
    shop.was_down(("core.payments", "core.sales"), when, at(day + 1, "09:30"))


def _hotfix(shop: Shop, day: int) -> None:
    """The night finds it in the release that it publishes; payments are down already, customers from then on."""
    night, when = shop.night(day), at(day, "09:30")
    shop.incident(PAID, "opened", night + timedelta(seconds=4), "N46", touches=("core.payments", "core.customers"))
    shop.caught(PAID, "N46", "after")
    shop.detected(PAID, "unknown")
    shop.was_down(("core.customers",), night, when)
    event = shop.code("F46", when, ("model.shop.stg_pay", "model.shop.third"), is_rework=True)
    shop.commits(event, "F46", when, 1, incidents=(PAID[:8],))
    shop.incident(PAID, "resolved", when + timedelta(seconds=2), "F46")


def _wrong_unseen(shop: Shop, day: int) -> None:
    """Rows of ten o'clock are wrong, and nobody knows: they are in the releases of the next nights."""
    shop.night(day)


def _said_by_a_person(shop: Shop, day: int) -> None:
    """A warning, and a person who finds that rows are wrong since ten o'clock of the day before yesterday."""
    night = shop.night(day)
    opened = night + timedelta(seconds=2)
    shop.incident(SAID, "opened", opened, "N55", severity="warn", touches=("core.customers",))
    said = {"bad_from_at": at(53, "10:00"), "by_actor": "user:ann"}
    shop.incident(SAID, "acknowledged", at(day, "10:00"), "N55", severity="warn", **said)
    shop.caught(SAID, "N55", "after")
    shop.detected(SAID, "counted", seconds(at(53, "10:00"), opened))


def _said_again(shop: Shop, day: int) -> None:
    night = shop.night(day)
    shop.incident(SAID, "seen", night + timedelta(seconds=2), "N56", severity="warn", touches=("core.customers",))


def _said_is_over(shop: Shop, day: int) -> None:
    night = shop.night(day)
    shop.incident(SAID, "resolved", night + timedelta(seconds=2), "N57", severity="warn")
    shop.was_down(("core.customers",), shop.published("N54"), night)


def _taken_back_without_a_name(shop: Shop, day: int) -> None:
    """Found in the release of the night, and rolled back after the due time with a reason that names nothing: one error."""
    night, back = shop.night(day), at(day, "07:00")
    shop.incident(CHATTED, "opened", night + timedelta(seconds=2), "N59")
    shop.rollback("N58", back, "see the chat")
    shop.truth["recovery"][shop.event_of("N59"), "N59"] = ("data", seconds(night, back))
    shop.incident(CHATTED, "resolved", at(day + 1, "04:40"), "N60")
    shop.caught(CHATTED, "N59", "after")
    shop.detected(CHATTED, "unknown")
    shop.was_down(("core.customers", "core.payments"), night, back)


def _charted(shop: Shop, day: int) -> None:
    """A chart that knows the day, and a late source that knows its last delivery; both only warn, and are over the next day."""
    night = shop.night(day)
    for incident, kind, since in ((CHARTED, "control_chart", at(65, "00:00")), (LATE, "late", at(64, "04:00"))):
        opened = night + timedelta(seconds=2)
        shop.incident(incident, "opened", opened, "N66", severity="warn", kind=kind, since=since)
        shop.incident(incident, "resolved", at(day, "12:00"), None, severity="warn")
        shop.caught(incident, "N66", "after")
        shop.detected(incident, "counted", seconds(since, opened))


def _two_incidents(shop: Shop, day: int) -> None:
    """Two incidents at the same time in sales, one of them also in payments: each second of sales counts once."""
    night = shop.night(day)
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
        shop.was_down(("core.sales",), shop.published("N70"), ended)
        shop.was_down(("core.payments",), shop.published("N71"), ended)


def _warned(shop: Shop, day: int) -> None:
    """A warning that nobody looked into: suspected, and not counted."""
    night = shop.night(day)
    shop.incident(WARNED, "opened", night + timedelta(seconds=2), "N75", severity="warn")
    shop.caught(WARNED, "N75", "after")
    shop.detected(WARNED, "unknown")


def _warned_no_more(shop: Shop, day: int) -> None:
    night = shop.night(day)
    shop.incident(WARNED, "resolved", night + timedelta(seconds=2), "N76", severity="warn")


def _wrong_again(shop: Shop, day: int) -> None:
    """The warning of last week comes back as an error: the same incident, for the second time."""
    night = shop.night(day)
    shop.incident(WARNED, "opened", night + timedelta(seconds=2), "N82", title="worse")
    shop.caught(WARNED, "N82", "after")
    shop.detected(WARNED, "unknown", title="worse")


def _right_again(shop: Shop, day: int) -> None:
    night = shop.night(day)
    shop.incident(WARNED, "resolved", night + timedelta(seconds=2), "N83", title="worse")
    shop.was_down(("core.sales",), shop.published("N82"), night)


def _taken_back_twice(shop: Shop, day: int) -> None:
    """Taken back, brought again for an hour, and taken back again: in between readers had the good one."""
    night = shop.night(day)
    noon, again, last = (at(day, time) for time in ("12:00", "13:00", "14:00"))
    first = shop.event_of("N65")
    shop.rollback("N64", noon, "no refunds")
    shop.caught(f"rollback-{shop.count:04}", "N65", "after")
    second = shop.publish("N65", again, kind="data")
    shop.rollback("N64", last, "no refunds, still")
    shop.caught(f"rollback-{shop.count:04}", "N65", "after")
    shop.truth["recovery"] |= {(first, "N65"): ("data", seconds(night, noon)), (second, "N65"): ("data", 3600)}
    shop.was_down(MARTS, night, noon)
    shop.was_down(MARTS, again, last)


def _asked_for_again(shop: Shop, day: int) -> None:
    """A second fix of what the other system tells of."""
    shop.night(day)
    when = at(day, "13:00")
    event = shop.code("J77", when, ("model.shop.int_77",), is_rework=True)
    shop.commits(event, "J77", when, 6, incidents=("JIRA-9",))


def _two_rollbacks(shop: Shop, day: int) -> None:
    """Code, and data on top; a first rollback takes back the data only, a second one the code, too. Both name the incident."""
    shop.night(day)
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


def _still_wrong(shop: Shop, day: int) -> None:
    """Found in the release of this night, and not over at the end of the next day."""
    night = shop.night(day)
    shop.incident(STILL, "opened", night + timedelta(seconds=2), "N88", touches=("core.customers",))
    shop.caught(STILL, "N88", "after")
    shop.detected(STILL, "unknown")


def _wrong_to_the_end(shop: Shop, day: int) -> None:
    night = shop.night(day)
    shop.incident(STILL, "seen", night + timedelta(seconds=2), "N89", touches=("core.customers",))
    shop.was_down(("core.customers",), shop.published("N88"), END)


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
    when = shop.night(day)
    shop.incident(REFUSED, "resolved", when + timedelta(seconds=3), "N21")


def _answered_and_published(shop: Shop, day: int) -> None:
    """Refused, called a false alarm by a person, and published before the marts were due: it was caught before the publish."""
    shop.incident(FALSE, "opened", at(day, "04:20"), "N41")
    shop.caught(FALSE, "N41", "before")
    shop.detected(FALSE, "unknown")
    shop.night(day, "05:00")
    shop.incident(FALSE, "resolved", at(day, "05:01"), "N41")


def _refused_by_hand(shop: Shop, day: int) -> None:
    """A candidate that a person built and audited twice; no incident was written."""
    shop.night(day)
    shop.failed_step("audit", "X33", at(day, "13:00"))
    shop.failed_step("audit", "X33", at(day, "13:20"))
    shop.caught("X33", "X33", "before")


def _asked_for_elsewhere(shop: Shop, day: int) -> None:
    """A fix of what only another system tells of."""
    shop.night(day)
    when = at(day, "13:00")
    event = shop.code("J69", when, ("model.shop.int_69",), is_rework=True)
    shop.commits(event, "J69", when, 6, incidents=("JIRA-9",))
    shop.caught("JIRA-9", "J69", "after")


DAYS = {
    20: _refused_twice,
    21: _good_again,
    33: _refused_by_hand,
    34: _not_ingested,
    41: _answered_and_published,
    45: _hotfix_needed,
    46: _hotfix,
    53: _wrong_unseen,
    55: _said_by_a_person,
    56: _said_again,
    57: _said_is_over,
    59: _taken_back_without_a_name,
    65: _taken_back_twice,
    66: _charted,
    69: _asked_for_elsewhere,
    70: _two_incidents,
    71: _two_incidents,
    72: _two_incidents,
    73: _two_incidents,
    75: _warned,
    76: _warned_no_more,
    77: _asked_for_again,
    80: _two_rollbacks,
    82: _wrong_again,
    83: _right_again,
    88: _still_wrong,
    89: _wrong_to_the_end,
}
