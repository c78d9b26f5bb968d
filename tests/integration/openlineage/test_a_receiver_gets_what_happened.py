"""Events reach a receiver, or wait for it; whatever it does, the command ends as it would without it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.helpers.incidents import NOW
from tests.helpers.openlineage import must_be_valid
from tests.helpers.project import REPOSITORY

from lab.sender.receiver import receiving
from lab.tiny_releases import shop_in
from sluice.cli import _ended
from sluice.core.run_id import one_run
from sluice.history import ledger
from sluice.history.kinds import StepEntry
from sluice.openlineage import outbox, send
from sluice.openlineage.after import after_command
from sluice.openlineage.settings import Http


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "dbt_project.yml").write_text("name: shop\n")
    for name, value in {
        "SLUICE_RUN_ID": "night-1",
        "HOME": str(tmp_path),
        "SLUICE_LAKE": "lake",
        "SLUICE_WAREHOUSE": "wh",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    with one_run():
        yield tmp_path / "lake"


def step(lake: Path, minute: int = 0, name: str = "verify") -> None:
    begun = NOW + timedelta(minutes=minute)
    row = StepEntry(
        run_id="night-1", step=name, invocation_id=None, environment=None, release_id=None, started_at=begun, seconds=1,
        outcome="done", exit_code=0, detail=None,
    )  # fmt: skip
    ledger.append(lake, [row])


def names(bodies: list[dict[str, object]]) -> list[tuple[object, object]]:
    return [(one["eventType"], one["job"]["name"]) for one in bodies]  # type: ignore[index]


def test_a_receiver_gets_a_valid_start_and_end_of_each_step(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step(lake)
    with receiving() as receiver:
        monkeypatch.setenv("OPENLINEAGE_URL", receiver.url.removesuffix("/hook"))
        monkeypatch.setenv("OPENLINEAGE_API_KEY", "key-1")
        after_command(NOW)
    assert names(receiver.bodies) == [("START", "verify"), ("COMPLETE", "verify")]
    assert {one["Authorization"] for one in receiver.headers} == {"Bearer key-1"}
    for one in receiver.bodies:
        must_be_valid(one)
    assert outbox.waiting(lake) == []


def test_what_happened_before_the_command_is_not_told_again(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step(lake, 0)
    step(lake, 5, "prune")
    with receiving() as receiver:
        monkeypatch.setenv("OPENLINEAGE_URL", receiver.url.removesuffix("/hook"))
        after_command(NOW + timedelta(minutes=3))
    assert names(receiver.bodies) == [("START", "prune"), ("COMPLETE", "prune")]


def test_what_a_receiver_misses_is_told_kept_and_sent_by_the_next_command(
    lake: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    step(lake)
    with receiving(statuses=[200, 503, 503]) as receiver:
        monkeypatch.setenv("OPENLINEAGE_URL", receiver.url.removesuffix("/hook"))
        after_command(NOW)
        said = capsys.readouterr().err
        assert said.startswith("note: 1 events of OpenLineage wait in the outbox: 503 ")
        assert len(outbox.waiting(lake)) == 1
        step(lake, 5, "prune")
        after_command(NOW + timedelta(minutes=3))  # the answer is still 503: nothing overtakes what waits
        assert names(receiver.bodies) == [("START", "verify")]
        step(lake, 10, "prune")
        after_command(NOW + timedelta(minutes=8))
    assert names(receiver.bodies) == [(state, name) for name in ("verify", "prune", "prune") for state in ("START", "COMPLETE")]
    assert outbox.waiting(lake) == []


def test_whoever_presses_ctrl_c_waits_for_no_receiver(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step(lake)
    with receiving() as receiver:
        monkeypatch.setenv("OPENLINEAGE_URL", receiver.url.removesuffix("/hook"))
        after_command(NOW, is_waiting=False)
        assert receiver.bodies == []
        (kept,) = outbox.waiting(lake)
    assert names(list(outbox.read(kept).events)) == [("START", "verify"), ("COMPLETE", "verify")]


def test_an_event_that_is_refused_for_good_holds_up_nothing(
    lake: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    step(lake)
    with receiving(statuses=[422]) as receiver:
        monkeypatch.setenv("OPENLINEAGE_URL", receiver.url.removesuffix("/hook"))
        after_command(NOW)
    assert names(receiver.bodies) == [("COMPLETE", "verify")]
    assert capsys.readouterr().err.startswith("note: the receiver of OpenLineage refused 1 events for good: 422 ")
    assert outbox.waiting(lake) == []


def test_a_key_is_in_no_message(lake: Path) -> None:
    step(lake)
    outbox.put(lake, "1", [{"eventType": "START"}])
    with receiving(statuses=[401]) as receiver:
        sent = send.to_receiver(Http(receiver.url, "key-1/api", custom_headers={"X-Key": "key-1"}), lake)
    assert sent.waiting == 1
    assert "key-1" not in "".join(sent.notes)


def test_the_time_for_a_receiver_is_limited(lake: Path) -> None:
    outbox.put(lake, "1", [{"number": number} for number in range(50)])
    with receiving(delay=0.05) as receiver:
        sent = send.to_receiver(Http(receiver.url), lake, seconds=0.2)
    assert sent.waiting > 0
    assert sent.waiting + len(receiver.bodies) >= 50
    assert len(outbox.read(outbox.waiting(lake)[0]).events) == sent.waiting


def test_the_outbox_does_not_grow_for_ever(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "MOST_FILES", 2)
    for number in range(4):
        outbox.put(lake, f"{number}", [{"number": number}])
    sent = send.to_receiver(Http("http://127.0.0.1:9"), lake)
    assert [path.stem for path in outbox.waiting(lake)] == ["2", "3"]
    assert sent.notes[1] == "2 old files of events were dropped from the outbox: more than 2 wait"


def test_a_file_gets_an_event_a_line(lake: Path) -> None:
    Path("openlineage.yml").write_text("transport: {type: file, log_file_path: out/events.ndjson, append: true}\n")
    step(lake)
    after_command(NOW)
    lines = Path("out/events.ndjson").read_text().splitlines()
    assert names([json.loads(line) for line in lines]) == [("START", "verify"), ("COMPLETE", "verify")]


def test_without_append_each_command_has_a_file_of_its_own(lake: Path) -> None:
    Path("openlineage.yml").write_text("transport: {type: file, log_file_path: events}\n")
    step(lake)
    after_command(NOW)
    (path,) = Path().glob("events-*.json")
    assert len(path.read_text().splitlines()) == 2


def test_a_command_on_a_release_says_what_readers_have_now(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = shop_in(lake.parent)
    monkeypatch.setenv("SLUICE_WAREHOUSE", str(shop.root / "warehouse"))
    monkeypatch.setenv("SLUICE_ACTOR", shop.actor)
    Path("environments.yml").write_text((REPOSITORY / "environments.yml").read_text())
    first, second = shop.published(), shop.candidate()
    Path("openlineage.yml").write_text("transport: {type: file, log_file_path: events, append: true}\n")
    assert _ended(["publish", second, "--env", "prod"], []) == 0
    assert _ended(["rollback", "prod", "--why", "it is wrong"], []) == 0
    assert _ended(["rollback", "prod", "--why", "once more"], []) == 2  # nothing is before it
    found = [json.loads(line) for line in Path("events").read_text().splitlines()]
    for one in found:
        must_be_valid(one)
    ends = [one for one in found if one["eventType"] != "START"]
    assert names(ends) == [("COMPLETE", "prod.publish"), ("COMPLETE", "prod.rollback"), ("FAIL", "prod.rollback")]
    outputs = [[(one["name"], one["facets"]["version"]["datasetVersion"]) for one in event["outputs"]] for event in ends]
    assert outputs == [[("prod.core.orders", second)], [("prod.core.orders", first)], []]
    assert [one["name"] for one in ends[0]["inputs"]] == ["prod-candidate.core.orders"]
    assert ends[1]["inputs"] == []


def test_a_mistake_in_the_file_is_told_and_changes_no_exit_code(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("openlineage.yml").write_text("transport: {type: kafka}\n")
    Path("environments.yml").write_text("environments: {dev: {kind: file, build: ['user:*']}}\n")
    lake.mkdir()
    assert _ended(["prune"], []) == 0
    said = capsys.readouterr().err
    assert said == "note: no event of OpenLineage was sent: unknown type of transport 'kafka' (openlineage.yml:1)\n"


def test_a_file_that_cannot_be_written_is_told(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("openlineage.yml").write_text("transport: {type: file, log_file_path: dbt_project.yml/events}\n")
    step(lake)
    after_command(NOW)
    assert capsys.readouterr().err.startswith("note: no event of OpenLineage was sent: events of OpenLineage cannot be written")


def test_a_broken_history_is_told_and_not_raised(
    lake: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", "http://127.0.0.1:9")
    (lake / "ops" / "steps" / "_delta_log").mkdir(parents=True)
    (lake / "ops" / "steps" / "_delta_log" / "00000000000000000000.json").write_text("broken")
    after_command(NOW)
    assert capsys.readouterr().err.startswith("note: no event of OpenLineage was sent: ")
