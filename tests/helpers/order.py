"""Which tests go to one worker, and which of them begin: no fixture is made twice, and no long file is the last."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml
from xdist.scheduler import LoadScopeScheduling

# Files that share a fixture of the whole session, by its name.
SHARED = {
    "story": ("tests/integration/candidate", ("test_one_command_releases.py", "test_the_shop_is_released.py")),
    "released": ("tests/integration/change", ("test_impact_tells_before_anything_is_built.py", "test_no_edit_is_missed.py")),
    "s3": (
        "tests/integration/gate",
        ("test_death_at_any_moment_is_mended.py", "test_the_way_back_is_as_written.py", "test_trouble_on_disk_moves_nothing.py"),
    ),
    "demo": ("tests/unit/demo", ()),
    "broker": ("tests/integration/stream", ()),
}
# Processor seconds of each file that needs more than a few, as they were measured.
SECONDS: dict[str, float] = yaml.safe_load(Path(__file__).with_name("seconds.yml").read_text(encoding="utf-8"))


def group_of(nodeid: str) -> str:
    """The group of a test: its file, or the fixture that its file shares with others of its folder."""
    file = nodeid.partition("::")[0]
    folder, _, name = file.rpartition("/")
    shared = (fixture for fixture, (place, others) in SHARED.items() if place == folder and name not in others)
    return next(shared, file)


def longest_first(nodeids: Sequence[str]) -> list[int]:
    """The indices of tests, those of the longest group first; within a group their order stays."""
    files = {nodeid.partition("::")[0] for nodeid in nodeids}
    seconds: dict[str, float] = {}
    for file in files:
        seconds[group_of(file)] = seconds.get(group_of(file), 0) + SECONDS.get(file, 0)
    return sorted(range(len(nodeids)), key=lambda index: -seconds[group_of(nodeids[index])])


class ByGroup(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """xdist's scheduler for what belongs together, in the order in which it was collected."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
