"""What was built, rebuilt or verified, said for people and for machines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sluice.candidate.build import Candidate
from sluice.candidate.rebuild import Comparison
from sluice.candidate.verify import Difference, Verified
from sluice.store import record


def built_as_json(built: Candidate, tests: Mapping[str, Any] | None) -> str:
    """A candidate: where it is, its record, and, where they were run, the tests that failed."""
    said = {"folder": str(built.folder), "is_good": built.is_good, "removed": built.removed}
    return json.dumps({**said, "record": json.loads(record.dumps(built.record)), "dbt": tests}, indent=2)


def built_as_text(built: Candidate) -> str:
    """A candidate: what it began as, how long it took, and what to do with it."""
    made = built.record
    began = "from nothing" if made.full_refresh else f"from {made.parent}"
    if not built.is_good:
        return f"\ncandidate {made.release_id}, built {began}, is refused: it stays in {built.folder} for a look"
    seconds = sum(made.seconds.values())
    lines = [f"candidate {made.release_id}, built {began} in {seconds:.1f} s: {len(made.relations)} relations"]
    if made.left_out:
        lines.append(f"{len(made.left_out)} views read something outside and are not in it, such as {made.left_out[0]}")
    return "\n".join([*lines, f"next: sluice audit {made.release_id}"])


def comparison_as_text(compared: Comparison) -> str:
    """A rebuilt release: whether its marts are equal, and which are not."""
    count = f"{compared.release_id} built again: {len(compared.marts)} marts"
    if not compared.differences:
        return f"{count}, all are equal to the release's"
    head = f"{count}, {len(compared.differences)} differ from the release's"
    return "\n".join([head, *_lines(compared.differences), f"the rebuilt file stays in {compared.kept}"])


def verified_as_text(verified: Verified) -> str:
    """A verified release: whether it is as recorded, and what is not."""
    differing = verified.differences
    told = f"{len(differing)} differ from the record" if differing else "all are as recorded"
    remark = [f"note: {verified.remark}"] if verified.remark else []
    return "\n".join([f"{verified.release_id}: {verified.relations} relations, {told}", *_lines(differing), *remark])


def as_json(found: Comparison | Verified) -> str:
    """Everything, for machines."""
    return json.dumps(asdict(found), indent=2)


def _lines(differences: tuple[Difference, ...]) -> list[str]:
    return [f"  {difference.name}: {difference.what}" for difference in differences]
