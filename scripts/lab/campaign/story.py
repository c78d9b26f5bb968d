"""What happens to the readers: publishes, rollbacks, refusals, and killed publishers, in an order determined by a seed."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import duckdb
import pytest

from lab.campaign.reader import fill
from lab.campaign.readers import Truth
from lab.tiny_releases import NODES, Killer, ReleaseShop, results
from sluice.core.errors import RefusedError
from sluice.core.progress import Tell, silent
from sluice.store.record import FILE, load

ROWS = 100_000
NEVER = 1_000_000  # steps that no command has
# A publish has about thirty file operations; a number beyond the last one kills nothing.
STEPS = 40


@dataclass(frozen=True)
class CampaignPlan:
    """How often each step happens; `commands` is the share that runs as a `sluice` command.

    A process that has already imported everything runs the rest, faster than any command line.
    """

    publishes: int
    rollbacks: int
    kills: int
    refusals: int
    commands: float
    seed: int = 1

    def steps(self) -> list[str]:
        """The order of the steps; the first two are publishes, so that there is something to read and to roll back to."""
        dice = random.Random(self.seed)
        rest = ["publish"] * (self.publishes - 2) + ["rollback"] * self.rollbacks
        rest += ["kill"] * self.kills + ["refusal"] * self.refusals
        dice.shuffle(rest)
        return ["publish", "publish", *rest]


@dataclass
class Story:
    """Runs a plan on a shop and records the truth; a step with an unexpected result ends it (AssertionError)."""

    shop: ReleaseShop
    plan: CampaignPlan
    killer: Killer
    truth: Truth = field(default_factory=Truth)
    done: dict[str, int] = field(default_factory=dict)
    stack: list[str] = field(default_factory=list)  # the releases that rollbacks go back through
    seconds: dict[str, list[float]] = field(default_factory=dict)
    ready: list[tuple[int, str]] = field(default_factory=list)  # candidates that were made in advance, and their numbers

    def __post_init__(self) -> None:
        """Use separate random numbers, because those of the plan determine the order alone; mark every row of a release."""
        self.dice = random.Random(self.plan.seed + 1)
        self.shop.fill = fill

    def prepare(self, steps: list[str]) -> None:
        """Make candidates in advance, so that only moves happen while readers run."""
        for step in steps:
            if step != "rollback":
                release_id = self.shop.candidate(rows=ROWS)
                self.ready.append((self.shop.made, release_id))

    def tell(self, steps: list[str], tell: Tell = silent) -> None:
        """Run all steps."""
        acts: dict[str, Callable[[], None]] = {
            "publish": self.publish, "rollback": self.rollback, "kill": self.kill, "refusal": self.refusal,
        }  # fmt: skip
        for number, step in enumerate(steps):
            tell(step, number / len(steps))
            acts[step]()
            assert self.shop.store.pointer("prod").release_id == self.stack[-1], step

    def publish(self) -> None:
        """Publish a good candidate."""
        _, candidate = self._candidate()
        self._run("publish", candidate)
        self.stack.append(candidate)
        self._count("publish")

    def rollback(self) -> None:
        """Roll back by one; if there is no previous release, publish first, as a shop would."""
        if len(self.stack) < 2:
            self.publish()
        self._run("rollback", "prod")
        self.stack.pop()
        self._count("rollback")

    def kill(self) -> None:
        """Kill a publish, or sometimes a rollback, before one of its steps; repeat it if it was not done."""
        if self.dice.random() < 0.25 and len(self.stack) > 2:
            has_died = self._kill("rollback", self.stack[-2])
            self.stack.pop()
        else:
            _, candidate = self._candidate()
            has_died = self._kill("publish", candidate)
            self.stack.append(candidate)
        if not has_died:
            self.kill()

    def refusal(self) -> None:
        """Try to publish what the gate has to refuse."""
        spoil, reason = SPOILS[self._count("refusal") % len(SPOILS)]
        number, candidate = self._candidate()
        self.truth.refused.add(number)
        spoil(self.shop, candidate)
        if self.dice.random() < self.plan.commands:
            tried = self.shop.sluice("publish", candidate)
            assert tried.returncode == 1, tried.stderr
            assert reason in tried.stderr, tried.stderr
            return
        with pytest.raises(RefusedError, match=reason):
            self.shop.publish(candidate)

    def _candidate(self) -> tuple[int, str]:
        """Number and id of a candidate that was built from the current release."""
        if not self.ready:
            self.prepare(["publish"])
        number, candidate = self.ready.pop(0)
        self.shop.amend(candidate, parent=self.shop.store.pointer("prod").release_id)
        self.truth.begun[number] = time.monotonic()
        return number, candidate

    def _run(self, verb: str, name: str) -> None:
        """Run it to the end: by the command line, or in a child process that is not killed."""
        started = time.monotonic()
        way = "command" if self.dice.random() < self.plan.commands else "child"
        if way == "command":
            done = self.shop.sluice(verb, name, *(["--why", "bad"] if verb == "rollback" else []))
            assert done.returncode == 0, done.stderr
        else:
            assert self.killer.run(self.shop.root, NEVER, verb, name) == 0
        self.seconds.setdefault(f"{verb} by {way}", []).append(time.monotonic() - started)

    def _kill(self, verb: str, wanted: str) -> bool:
        """Whether it was killed; another process then does the same."""
        before = self.shop.store.pointer("prod").release_id
        code = self.killer.run(self.shop.root, self.dice.randrange(STEPS), verb, wanted)
        now = self.shop.store.pointer("prod").release_id
        assert code in (0, -9)
        assert now in (before, wanted)
        if now != wanted:
            assert self.killer.run(self.shop.root, NEVER, verb, wanted) == 0
        if code:
            self._count(f"{verb} killed {'before' if now == before else 'after'} the pointer moved")
        return code != 0

    def _count(self, step: str) -> int:
        self.done[step] = self.done.get(step, 0) + 1
        return self.done[step]


def _without_audit(shop: ReleaseShop, candidate: str) -> None:
    shop.amend(candidate, audit=None)


def _with_failed_audit(shop: ReleaseShop, candidate: str) -> None:
    audit = load(shop.context.candidates / candidate).audit
    assert audit is not None
    shop.amend(candidate, audit=replace(audit, status="fail", failed=1))


def _with_failed_test(shop: ReleaseShop, candidate: str) -> None:
    nodes = [*NODES, {"unique_id": "test.shop.broken", "status": "fail"}]
    (shop.context.candidates / candidate / "run_results.json").write_text(json.dumps(results(nodes)))


def _changed_after_audit(shop: ReleaseShop, candidate: str) -> None:
    file = shop.context.candidates / candidate / FILE
    with duckdb.connect(str(file)) as connection:
        connection.execute("create table core.added as select 1 as one")


def _stale(shop: ReleaseShop, candidate: str) -> None:
    shop.amend(candidate, parent="20200101T000000Z-000000")


SPOILS: tuple[tuple[Callable[[ReleaseShop, str], None], str], ...] = (
    (_without_audit, "has not been audited"),
    (_with_failed_audit, "the audit did not pass"),
    (_with_failed_test, "test.shop.broken"),
    (_changed_after_audit, "it was not audited"),
    (_stale, "the candidate was built from"),
)
