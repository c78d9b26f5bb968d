"""Whatever an incident says, its message keeps to the limits of each channel, and mentions nobody."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.helpers.incidents import FCT_ORDERS, REVENUE, finding, incident_of, manifest, refused, run, seen

from sluice.alerts.channels import pagerduty, slack, smtp
from sluice.alerts.kin import Kin
from sluice.alerts.message import Action, Message, as_text, message, of_json
from sluice.alerts.settle import settle

KIN = Kin(manifest())


def said(*findings: Any) -> Message:
    (entry,) = settle(run(), seen(*(findings or (refused(), finding(REVENUE, "b")))), [], KIN)
    return message("f" * 32, Action.trigger, incident_of(entry), [])


PLAIN = said()
LONG = replace(PLAIN, title="ä" * 9000, findings=("<!channel> & <@U1> " + "x" * 500,) * 400, touches=("board " * 20,) * 300)


def test_a_message_says_what_since_when_whom_it_touches_whose_it_is_and_what_to_do() -> None:
    text = as_text(PLAIN)
    for part in (
        "Incident in prod: refused of source.shop.raw.orders does not hold (and 1 finding more)",
        "Since: 2 Mar 2026, 03:00 UTC",
        "Touches: Revenue board (Finance <finance@shop.example>), core.fct_orders, finance.rpt_revenue",
        "Owner: shop_team",
        "Next step: have raw.orders delivered again as its contract says, then: sluice run feeds/shop.yml --env prod",
        "Link: https://ci.example/1",
    ):
        assert part in text


@pytest.mark.parametrize("message", [PLAIN, LONG], ids=["plain", "long"])
def test_slack_gets_what_it_takes(message: Message) -> None:
    """50 blocks, 150 characters of a header, 3,000 of a section: docs.slack.dev/reference/block-kit/blocks."""
    found = slack.payload(message)
    header, *sections = found["blocks"]
    assert len(sections) <= 49
    assert (header["type"], len(header["text"]["text"]) <= 150) == ("header", True)
    assert all(len(one["text"]["text"]) <= 3000 for one in sections)
    assert {one["type"] for one in sections} == {"section"}
    assert "<" not in json.dumps(found)


@pytest.mark.parametrize("message", [PLAIN, LONG], ids=["plain", "long"])
def test_pagerduty_gets_an_event_of_its_api(message: Message) -> None:
    """Events API v2: a key of at most 255 characters, a summary of at most 1,024, one of four severities."""
    found = pagerduty.payload(message, "key")
    assert (found["event_action"], found["dedup_key"]) == ("trigger", message.dedup_key)
    assert len(found["dedup_key"]) <= 255
    assert len(found["payload"]["summary"]) <= 1024
    assert found["payload"]["severity"] in ("critical", "error", "warning", "info")
    assert {"summary", "source", "severity"} <= found["payload"].keys()


@pytest.mark.parametrize("action", [Action.acknowledge, Action.resolve])
def test_pagerduty_is_told_of_the_end_with_the_same_key(action: Action) -> None:
    found = pagerduty.payload(replace(PLAIN, action=action), "key")
    assert found == {"routing_key": "key", "event_action": str(action), "dedup_key": PLAIN.dedup_key}


def test_a_mail_has_one_line_of_subject_and_the_thread_of_its_incident() -> None:
    mail = smtp.mail(replace(LONG, title="a\r\nBcc: x@y.example " + "z" * 999), "Sluice <data@shop.example>", ("a@b.example",))
    assert mail["Bcc"] is None
    assert len(str(mail["Subject"])) <= 200
    assert mail["Message-ID"] == f"<{LONG.alert_id}@shop.example>"
    later = smtp.mail(replace(PLAIN, action=Action.resolve, alert_id="e" * 32), "data@shop.example", ("a@b.example",))
    assert later["References"] == mail["References"] == f"<{PLAIN.dedup_key}@shop.example>"


def test_a_message_is_read_again_also_as_another_version_has_written_it() -> None:
    assert of_json(PLAIN.as_json()) == PLAIN
    later = {**json.loads(PLAIN.as_json()), "mood": "calm"}
    del later["seen"]
    assert of_json(json.dumps(later)) == PLAIN


def test_a_message_has_no_path_of_this_machine() -> None:
    found = finding(FCT_ORDERS, "a")
    assert "/" not in said(found).as_json().replace("https://ci.example/1", "").replace("feeds/shop.yml", "")
