"""Ninety days of a shop in lake/ops, and the truth about them, written down when each thing is made to happen.

Nothing here asks the queries under test, nor repeats their rules: a release that is made to fail says so itself.
"""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake
from tests.helpers.watched import write

from sluice.dataops.project import Facts
from sluice.history.kinds import (
    BatchEntry,
    CommitEntry,
    DecisionEntry,
    DeploymentEntry,
    Entry,
    FindingRow,
    IncidentEntry,
    ReasonCount,
    ReleaseEntry,
    RunEntry,
    StepEntry,
)

BEGIN = datetime.fromisoformat("2026-01-05T00:00:00")
END = BEGIN + timedelta(days=90)
MARTS = ("core.customers", "core.payments", "core.sales")
FACTS = Facts(
    marts=tuple((f"model.shop.{name.partition('.')[2]}", name) for name in MARTS),
    edges=(
        ("model.shop.stg_pay", "model.shop.int_pay"),
        ("model.shop.int_pay", "model.shop.payments"),
        ("model.shop.stg_pay", "model.shop.sales"),
        ("model.shop.stg_customers", "model.shop.customers"),
    ),
    deadlines=(("core.sales", 6 * 60, "UTC"), ("core.payments", 7 * 60, "Europe/Berlin")),
    covered=(
        ("model.shop.sales", "core.sales", "a contract", 1),
        ("model.shop.payments", "core.payments", "a contract", 0),
        ("model.shop.customers", "core.customers", "a contract", 0),
        ("model.shop.sales.order_id", "core.sales.order_id", "a check of the column", 2),
    ),
)


def at(day: int, time: str) -> datetime:
    """A time of a day of the story, UTC."""
    hour, minute, second = (int(part) for part in f"{time}:00".split(":")[:3])
    return BEGIN + timedelta(days=day, hours=hour, minutes=minute, seconds=second)


def dues(day: int) -> tuple[datetime, datetime]:
    """When sales and payments are due: at 06:00, and at 07:00 in Berlin, where summer begins on 29 March."""
    return at(day, "06:00"), at(day, "06:00" if day < 83 else "05:00")


def seconds(one: datetime, other: datetime) -> float:
    """From one to the other."""
    return (other - one).total_seconds()


@dataclass
class Shop:
    """What happened so far. `truth` has, by metric, the rows that have to be found: (id, subject) with state and value."""

    entries: list[Entry] = field(default_factory=list)
    truth: dict[str, dict[tuple[str, str], tuple[str, float | None]]] = field(default_factory=lambda: defaultdict(dict))
    down: dict[str, float] = field(default_factory=lambda: dict.fromkeys(MARTS, 0.0))
    now: str | None = None
    commit: str = "commit-0"
    count: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    dice: random.Random = field(default_factory=lambda: random.Random(13))

    def _id(self, word: str) -> str:
        self.count += 1
        return f"{word}-{self.count:04}"

    def move(self, action: str, release: str, when: datetime, why: str | None = None, **more: Any) -> str:
        """An attempt in the trail; the environment is moved where it is done."""
        event = self._id(action)
        known: dict[str, Any] = {"environment": "prod", "from_release_id": self.now, "outcome": "done", "detail": None, **more}
        self.entries.append(
            ReleaseEntry(
                event_id=event, tried_at=when, action=action, release_id=release, actor="a", why=why, seconds=1.0, **known
            )
        )
        if known["outcome"] == "done" and known["environment"] == "prod":
            self.now = release
        return event

    def publish(
        self, release: str, when: datetime, *, kind: str, changed: tuple[str, ...] | None = (), is_committed: bool = True
    ) -> str:
        """A publish; `kind` is what it is in truth."""
        before, previous = self.now, self.commit
        event = self.move("publish", release, when)
        if kind == "code" and is_committed:
            self.commit = f"commit of {release}"
        if kind != "unknown":
            self.entries.append(
                DeploymentEntry(
                    run_id=f"run of {release}", environment="prod", release_id=release, from_release_id=before,
                    code_commit=self.commit, from_code_commit=previous, changed=changed,
                )
            )  # fmt: skip
        if BEGIN <= when < END:
            self.truth["deployments"][event, release] = (kind, None if kind == "unknown" or changed is None else len(changed))
        return event

    def night(self, day: int, time: str | None = None, state: str = "on time", other: str | None = None) -> datetime:
        """A run that publishes data, at some second before the due times or at a given time; on time or late in truth."""
        when = at(day, time) if time else at(day, "04:10") + timedelta(seconds=self.dice.randrange(1200))
        self.run(at(day, "04:00"), when + timedelta(seconds=5), "done")
        self.publish(f"N{day:02}", when, kind="data")
        sales, payments = (seconds(due, when) for due in dues(day))
        self.delivered(day, (state, sales), (other or state, payments))
        return when

    def code(
        self,
        release: str,
        when: datetime,
        changed: tuple[str, ...] | None,
        *,
        ends: tuple[str, float | None] = ("good", None),
        is_rework: bool = False,
        is_committed: bool = True,
    ) -> str:
        """A publish with code; `ends` is how it ended in truth, and after how many seconds."""
        event = self.publish(release, when, kind="code", changed=changed, is_committed=is_committed)
        if when >= BEGIN:
            self.truth["change_fail"][event, release] = ends
            if ends[0] == "failed":
                self.truth["recovery"][event, release] = ("code", ends[1])
            self.truth["rework"][event, release] = ("rework" if is_rework else "planned", 0)
        return event

    def commits(self, event: str, release: str, published: datetime, *hours: float, kind: str = "counted", **more: Any) -> None:
        """Commits of a release, written so many hours before its publish; `kind` is how they count in truth."""
        for number in hours:
            written = published - timedelta(hours=number)
            id_ = more.pop("id", None) or self._id("commit")
            self.carry(release, id_, written, kind, **more)
            if published >= BEGIN:
                self.truth["lead_time"][id_, release] = (kind, number * 3600)
                state, count = self.truth["rework"].get((event, release), ("", 0))
                if state:
                    self.truth["rework"][event, release] = (state, (count or 0) + 1)

    def carry(self, release: str, id_: str, written: datetime, kind: str = "counted", **more: Any) -> None:
        """A commit in the list of a release."""
        subjects = {"merge": "Merge pull request #7 from shop/x", "squashed": "Add a mart (#8)"}
        is_squashed = kind == "squashed"  # its author time is that of the merge, and says nothing: here it is off by a day
        known: dict[str, Any] = {"parents": 2 if kind == "merge" else 1, "incidents": (), "reverts": None, **more}
        self.entries.append(
            CommitEntry(
                run_id="r", environment="prod", release_id=release, code_commit=id_, author="ada",
                authored_at=written - timedelta(days=is_squashed), committed_at=written,
                subject=subjects.get(kind, "Change a model"), pull_request={"merge": 7, "squashed": 8}.get(kind), **known,
            )
        )  # fmt: skip

    def published(self, release: str) -> datetime:
        """When a release was published."""
        return self._publish_of(release).tried_at

    def event_of(self, release: str) -> str:
        """The event of its publish."""
        return self._publish_of(release).event_id

    def _publish_of(self, release: str) -> ReleaseEntry:
        moves = (one for one in self.entries if isinstance(one, ReleaseEntry))
        return next(one for one in moves if one.action == "publish" and one.release_id == release)

    def rollback(self, to: str, when: datetime, why: str) -> str:
        """A rollback."""
        return self.move("rollback", to, when, why)

    def run(self, when: datetime, ended: datetime, outcome: str, detail: str | None = None) -> None:
        """A `sluice run`."""
        self.entries.append(
            RunEntry(
                run_id=self._id("run"), command="run", environment="prod", release_id=None, started_at=when,
                seconds=seconds(when, ended), outcome=outcome, exit_code=int(outcome != "done"), detail=detail, actor="a",
                code_commit=None, is_dirty=None, sluice_version="0",
            )
        )  # fmt: skip

    def failed_step(self, step: str, release: str, when: datetime) -> None:
        """A step in which a check failed."""
        self.entries.append(
            StepEntry(
                run_id="r", step=step, invocation_id=None, environment="prod", release_id=release, started_at=when, seconds=9.0,
                outcome="failed", exit_code=1, detail="1 test failed",
            )
        )  # fmt: skip

    def incident(self, incident: str, event: str, when: datetime, release: str | None, **more: Any) -> None:
        """An event of an incident."""
        known: dict[str, Any] = {"severity": "error", "touches": ("core.sales",), "kind": "data_test", "since": when, **more}
        title = known.pop("title", f"incident {incident[:8]}")
        found = FindingRow(
            node="model.shop.sales", check_name="c", kind=known.pop("kind"), severity=known["severity"], step="build",
            sentence="c", since_at=known.pop("since"),
        )  # fmt: skip
        self.entries.append(
            IncidentEntry(
                event_id=self._id("event"), incident_id=incident, happened_at=when, event=event, run_id="r", environment="prod",
                node="model.shop.sales", family="quality", title=title, owner=None, since_at=when,
                findings=(found,) if event not in ("acknowledged", "closed") else (), release_id=release, **known,
            )
        )  # fmt: skip

    def caught(self, incident: str, release: str | None, state: str) -> None:
        """An error, once, and whether it was caught before or after the publish in truth."""
        self.truth["errors_caught"][incident, release or ""] = (state, 1)

    def detected(self, incident: str, state: str, after: float | None = None, title: str = "") -> None:
        """An incident, and how long after the first wrong row it was opened in truth."""
        self.truth["time_to_detect"][incident, title or f"incident {incident[:8]}"] = (state, after)

    def was_down(self, marts: tuple[str, ...], since: datetime, until: datetime) -> None:
        """A time that no other one overlaps, in which readers of marts had wrong data in truth."""
        for mart in marts:
            self.down[mart] += seconds(since, until)

    def delivered(self, day: int, revenue: tuple[str, float | None], finance: tuple[str, float | None]) -> None:
        """What a day was for the two marts that are due in truth, with the seconds from the deadline."""
        for subject, told in (("core.sales", revenue), ("core.payments", finance)):
            self.truth["on_time"][str(day), subject] = told

    def batch(self, feed: str, when: datetime, rejected: int, reason: str = "not_a_number") -> str:
        """A batch with rejected rows."""
        id_ = self._id("batch")
        reasons = (ReasonCount(reason=reason, rows=rejected),)
        self.entries.append(
            BatchEntry(
                batch_id=id_, run_id="r", feed=feed, loaded_at=when, rows_read=100, rows_landed=100 - rejected,
                rows_quarantined=rejected, bytes_read=1, seconds=1.0, reasons=reasons, files=(), new_columns=(),
            )
        )  # fmt: skip
        if when >= BEGIN:
            self.truth["errors_caught"][id_, feed] = ("rows", rejected)
        return id_

    def reject(self, batch: str, position: int, when: datetime) -> str:
        """A row of a batch in quarantine; its id is made as docs/quarantine.md says."""
        row = hashlib.md5(f"door|{batch}|f.csv|{position}".encode(), usedforsecurity=False).hexdigest()
        self.rejected.append(
            {
                "_batch_id": batch, "_file": "f.csv", "_position": position, "_loaded_at": when, "reason": "not_a_number",
                "detail": "x", "column_name": "amount", "original_text": "x",
            }
        )  # fmt: skip
        return row

    def waited(self, row: str, feed: str, since: datetime, decision: str, hours: float) -> None:
        """How long a row waited for the decision that counts, in truth; decisions before the window are none of it."""
        if since + timedelta(hours=hours) >= BEGIN:
            state = "released" if decision == "corrected" else decision
            self.truth["quarantine_age"][row, feed] = (state, hours * 3600)

    def decide(self, quarantine_id: str, decision: str, when: datetime, batch: str, **more: Any) -> None:
        """A decision about a rejected row."""
        known: dict[str, Any] = {"place": "ingestion", "rule": "not_a_number", **more}
        self.entries.append(
            DecisionEntry(
                decision_id=self._id("decision"), decided_at=when, decision=decision, quarantine_id=quarantine_id,
                feed="shop.orders", entity=None, row_key=None, batch_id=batch,
                source_file="f.csv", source_position=1, decided_by="user:ann", why=None, **known,
            )
        )  # fmt: skip

    def written(self, lake: Path) -> Path:
        """The lake, with everything that happened."""
        write(lake, self.entries)
        (lake / "quarantine" / "shop").mkdir(parents=True)
        write_deltalake(lake / "quarantine" / "shop" / "orders", pa.Table.from_pylist(self.rejected))
        return lake
