"""Nights whose sender is killed at random and started again, and what of their alerts has arrived."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lab.places import REPOSITORY
from lab.sender.child import URL
from lab.sender.receiver import Receiver, receiving
from sluice.core.progress import Tell, silent

# Nights in one lake: the history of more makes each night slower, and shows nothing else.
NIGHTS = 20
_KILLED = -9


@dataclass
class Arrived:
    """How many senders were killed of how many, and by what of an incident was lost or came more than once.

    An alert that came twice has the same id both times, by which a receiver drops it.
    """

    senders: int = 0
    kills: int = 0
    expected: int = 0
    lost: list[str] = field(default_factory=list)
    twice: int = 0
    other_ids: int = 0
    out_of_order: list[str] = field(default_factory=list)


class Starter:
    """Starts the sender of a night, and kills it before a step; gives its exit code and the steps that it took."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, lake: Path, number: int, left: int) -> tuple[int, int]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{lake} {left} {number}\n")
        self._process.stdin.flush()
        code, steps = self._process.stdout.readline().split()
        return int(code), int(steps)


def killed(kills: int, root: Path, seed: int, tell: Tell = silent) -> Arrived:
    """Kill senders until that many were, each at a random step of its night; every night is carried out at last."""
    chance, arrived = random.Random(seed), Arrived()
    with receiving() as receiver, _senders(receiver) as start:
        while arrived.kills < kills:
            tell("killed senders", arrived.kills / kills)
            lake = root / f"lake-{arrived.senders}"
            _carried_out(lake, start, chance, kills, arrived)
            compare(receiver, arrived)
            receiver.bodies.clear()
    return arrived


def _carried_out(lake: Path, start: Starter, chance: random.Random, kills: int, arrived: Arrived) -> None:
    """Nights in one lake; the last one only resolves what the one before has opened."""
    steps = start(lake, 0, 10_000)[1]
    arrived.senders += 1
    for number in range(1, NIGHTS):
        for _ in range(chance.randint(1, 3)):
            if arrived.kills >= kills:
                break
            code, _ = start(lake, number, chance.randrange(steps + steps // 2))
            arrived.senders += 1
            arrived.kills += code == _KILLED
        code, steps = start(lake, number, 10_000)
        arrived.senders += 1
        assert code == 0, f"a sender that was not killed ended with {code}"
    arrived.expected += 2 * NIGHTS - 1


def compare(receiver: Receiver, arrived: Arrived) -> None:
    """Compare what came with what was to come: the begin of every night's incident, and its end the night after."""
    came = Counter((str(one["node"]), str(one["action"])) for one in receiver.bodies)
    ids = Counter(one["alert_id"] for one in receiver.bodies)
    wanted = [(f"model.shop.m{number}", action) for number in range(NIGHTS) for action in ("trigger", "resolve")]
    arrived.lost += [f"{node} {action}" for node, action in wanted[:-1] if not came[(node, action)]]
    arrived.twice += len(receiver.bodies) - len(came)
    arrived.other_ids += len(ids) - len(came)
    first = {(one["node"], one["action"]): place for place, one in reversed(list(enumerate(receiver.bodies)))}
    arrived.out_of_order += [
        node
        for node, action in wanted
        if action == "resolve" and first.get((node, action), 1e9) < first.get((node, "trigger"), 1e9)
    ]


@contextmanager
def _senders(receiver: Receiver) -> Iterator[Starter]:
    command = [sys.executable, "-m", "lab.sender.child"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "scripts"), URL: receiver.url}
    with subprocess.Popen(command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Starter(process)
        process.communicate()
