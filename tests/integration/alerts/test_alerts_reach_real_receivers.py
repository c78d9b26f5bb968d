"""An incident goes to real servers on loopback, is resolved there by the run that does not find it, and no secret is written."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from tests.helpers import loopback_github
from tests.helpers.incidents import FCT_ORDERS, NOW, finding, manifest, run, seen
from tests.helpers.receivers import certificate, mailing

from lab.sender.receiver import Receiver, receiving
from sluice.alerts import book, outbox, settings
from sluice.alerts.finding import Evidence
from sluice.alerts.kin import Kin
from sluice.alerts.opened import opened
from sluice.alerts.send import Sent, send
from sluice.alerts.settle import settle

KIN = Kin(manifest())
FAILED = seen(finding(FCT_ORDERS, "orders_are_paid", "paid"))
FINE = seen()


@dataclass
class Desk:
    """A lake, alerts.yml, and nights that end with what they found."""

    root: Path

    @property
    def lake(self) -> Path:
        return self.root / "lake"

    def channel(self, **entry: object) -> None:
        route = {"to": ["there"]}
        (self.root / "alerts.yml").write_text(yaml.safe_dump({"channels": {"there": entry}, "routes": [route], "seconds": 3}))

    def night(self, number: int, evidence: Evidence) -> Sent:
        with opened(self.lake) as lake, book.writing(self.lake):
            book.append(self.lake, settle(run(number), evidence, book.read(lake), KIN))
        return self.send(number)

    def send(self, number: int) -> Sent:
        with opened(self.lake) as lake:
            return send(lake, settings.load(self.root / "alerts.yml"), NOW.replace(day=number, hour=4))

    @property
    def written(self) -> str:
        """Everything that the outbox says of its tries."""
        with opened(self.lake) as lake:
            return " ".join(str(one) for one in outbox.read(lake))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("SECRET", "s3cret-word")
    return Desk(tmp_path)


Set = Callable[[str, str], None]


@pytest.fixture
def set_(monkeypatch: pytest.MonkeyPatch) -> Set:
    return monkeypatch.setenv


def test_a_webhook_gets_json_once_and_the_end_of_it(desk: Desk, set_: Set) -> None:
    with receiving() as there:
        set_("HOOK", there.url)
        desk.channel(kind="webhook", url={"env": "HOOK"}, headers={"Authorization": {"env": "SECRET"}})
        assert desk.night(1, FAILED).sent == 1
        assert desk.night(2, FAILED).sent == 0
        assert desk.night(3, FINE).sent == 1
    assert [(one["action"], one["title"]) for one in there.bodies] == [
        ("trigger", f"orders_are_paid of {FCT_ORDERS} does not hold"),
        ("resolve", f"orders_are_paid of {FCT_ORDERS} does not hold"),
    ]
    assert len({one["dedup_key"] for one in there.bodies}) == 1
    assert [one["Idempotency-Key"] for one in there.headers] == [one["alert_id"] for one in there.bodies]
    assert {one["Authorization"] for one in there.headers} == {"s3cret-word"}


def test_slack_and_pagerduty_get_their_own_form(desk: Desk, set_: Set) -> None:
    with receiving() as there:
        set_("HOOK", there.url)
        desk.channel(kind="slack", url={"env": "HOOK"})
        desk.night(1, FAILED)
        desk.channel(kind="pagerduty", routing_key={"env": "SECRET"}, url=there.url)
        desk.night(2, FINE)
        desk.night(3, FAILED)
    blocks, resolved, event = there.bodies
    assert blocks["blocks"][0]["text"]["text"].startswith("Incident in prod: orders_are_paid")
    assert (resolved["event_action"], event["event_action"], event["routing_key"]) == ("resolve", "trigger", "s3cret-word")
    assert resolved["dedup_key"] == event["dedup_key"]


def test_a_mail_goes_out_with_a_login(desk: Desk) -> None:
    with mailing() as server:
        login = {"user": {"env": "SECRET"}, "password": {"env": "SECRET"}}
        desk.channel(
            kind="smtp",
            host="127.0.0.1",
            port=server.port,
            security="none",
            sender="data@shop.example",
            to=["a@b.example"],
            **login,
        )
        assert desk.night(1, FAILED).sent == 1
    (mail,) = server.mails
    subject = " ".join(str(mail["Subject"]).split())  # it is folded at 78 characters
    assert (mail["To"], subject) == ("a@b.example", f"Incident in prod: orders_are_paid of {FCT_ORDERS} does not hold")
    assert "Owner: Sales" in mail.get_payload(decode=True).decode()  # type: ignore[union-attr]  # it has one part
    assert [base64.b64decode(one.removeprefix("PLAIN ")) for one in server.logins] == [b"\0s3cret-word\0s3cret-word"]


def _mail_over_tls(desk: Desk, port: int) -> None:
    secret = {"env": "SECRET"}
    known: dict[str, object] = {"kind": "smtp", "host": "127.0.0.1", "port": port, "sender": "d@s.example", "to": ["a@b.example"]}
    desk.channel(**known, user=secret, password=secret)


def test_a_mail_and_the_login_are_encrypted_by_default(desk: Desk, tmp_path: Path, set_: Set) -> None:
    trusted = certificate(tmp_path)
    set_("SSL_CERT_FILE", str(trusted))
    with mailing(certificate=trusted) as server:
        _mail_over_tls(desk, server.port)
        assert desk.night(1, FAILED).sent == 1
    assert (len(server.mails), len(server.logins)) == (1, 1)
    assert server.plain == ["EHLO", "STARTTLS"]


def test_a_mail_server_that_cannot_be_trusted_learns_nothing(desk: Desk, tmp_path: Path) -> None:
    with mailing(certificate=certificate(tmp_path)) as server:
        _mail_over_tls(desk, server.port)
        assert desk.night(1, FAILED).sent == 0
    assert "certificate verify failed" in desk.written
    assert (server.mails, server.logins) == ([], [])


def test_a_mail_server_without_encryption_learns_nothing(desk: Desk) -> None:
    with mailing() as server:
        _mail_over_tls(desk, server.port)
        assert desk.night(1, FAILED).sent == 0
    assert "STARTTLS extension not supported" in desk.written
    assert (server.mails, server.logins, {*server.plain}) == ([], [], {"EHLO"})


def test_a_mailbox_that_is_not_there_is_told_and_tried_again_later(desk: Desk) -> None:
    with mailing(code=550) as server:
        desk.channel(kind="smtp", host="127.0.0.1", port=server.port, security="none", sender="d@s.example", to=["a@b.example"])
        ((channel, why),) = desk.night(1, FAILED).unsent
        assert channel == "there"
        assert "1 not sent" in why
        server.code = 250
        assert desk.send(2).sent == 1


def test_github_has_one_issue_for_an_incident_and_closes_it(desk: Desk, set_: Set) -> None:
    with loopback_github.serving() as hub:
        set_("GITHUB_TOKEN", loopback_github.TOKEN)
        desk.channel(kind="github", repository=loopback_github.NAME, token={"env": "GITHUB_TOKEN"}, api=hub.url)
        hub.add_issue("about something else", "text", labels=["sluice"])
        desk.night(1, FAILED)
        desk.night(2, seen(*FAILED.findings, finding(FCT_ORDERS, "another", "paid")))
        desk.night(3, FINE)
        desk.night(4, FAILED)
    first, second = hub.issues[1:]
    assert (first["state"], second["state"]) == ("closed", "open")
    assert [one["body"].splitlines()[1][:20] for one in hub.comments[first["number"]]] == [
        "**Incident changed i",
        "**Resolved in prod: ",
    ]
    assert "@finance" not in first["body"]


def test_a_file_has_a_line_for_each(desk: Desk) -> None:
    desk.channel(kind="file", folder=str(desk.root / "alerts"))
    desk.night(1, FAILED)
    desk.night(2, FINE)
    lines = [json.loads(line) for file in sorted((desk.root / "alerts").iterdir()) for line in file.read_text().splitlines()]
    assert [one["action"] for one in lines] == ["trigger", "resolve"]


def test_a_receiver_that_stumbles_is_asked_again(desk: Desk, set_: Set) -> None:
    with receiving(statuses=[503, 429]) as there:
        set_("HOOK", there.url)
        desk.channel(kind="webhook", url={"env": "HOOK"})
        assert desk.night(1, FAILED) == Sent(sent=1)
    assert len(there.bodies) == 1


@pytest.mark.parametrize("status", [404, 302], ids=["not found", "elsewhere"])
def test_a_receiver_that_denies_is_asked_once_and_its_secrets_are_not_written(desk: Desk, set_: Set, status: int) -> None:
    with receiving(statuses=[status] * 5) as there:
        set_("HOOK", f"{there.url}?key=s3cret-word")
        desk.channel(kind="webhook", url={"env": "HOOK"}, headers={"X": {"env": "SECRET"}})
        sent = desk.night(1, FAILED)
        assert len(there.statuses) == 4
    ((_, why),) = sent.unsent
    assert f"1 not sent: {status}" in why
    assert "s3cret-word" not in f"{sent} {desk.written}"
    assert "127.0.0.1" not in f"{sent} {desk.written}"


def test_what_follows_waits_for_what_comes_before(desk: Desk, set_: Set) -> None:
    with receiving(statuses=[404]) as there:
        set_("HOOK", there.url)
        desk.channel(kind="webhook", url={"env": "HOOK"})
        desk.night(1, FAILED)
        assert desk.night(2, FINE).sent == 2
    assert [one["action"] for one in there.bodies] == ["trigger", "resolve"]


def test_a_variable_that_is_not_set_is_named(desk: Desk) -> None:
    desk.channel(kind="slack", url={"env": "NOT_SET"})
    ((_, why),) = desk.night(1, FAILED).unsent
    assert "the environment variable NOT_SET is not set" in why


def test_a_receiver_that_does_not_answer_costs_the_stated_time_and_no_other_channel(desk: Desk, set_: Set) -> None:
    """Three seconds are the limit here; the answer would take a minute."""
    with ExitStack() as stack:
        slow: Receiver = stack.enter_context(receiving(delay=60))
        set_("HOOK", slow.url)
        other = {"kind": "file", "folder": str(desk.root / "alerts")}
        document = {
            "channels": {"slow": {"kind": "webhook", "url": {"env": "HOOK"}}, "there": other},
            "routes": [{"to": ["slow", "there"]}],
            "seconds": 1,
        }
        (desk.root / "alerts.yml").write_text(yaml.safe_dump(document))
        sent = desk.night(1, FAILED)
    assert (sent.sent, [channel for channel, _ in sent.unsent]) == (1, ["slow"])
    assert len(slow.bodies) == 1
