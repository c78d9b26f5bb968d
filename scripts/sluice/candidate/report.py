"""What was built, rebuilt or verified, for people."""

from __future__ import annotations

from sluice.candidate.build import Candidate
from sluice.candidate.rebuild import Comparison
from sluice.candidate.verify import Difference, Verified
from sluice.environments.acknowledgements import how_to_answer


def built_as_text(built: Candidate) -> str:
    """A candidate: what it was built from, how long it took, and what comes next."""
    made = built.record
    began = "from scratch" if made.full_refresh else f"from {made.parent}"
    if not built.is_good:
        refused = f"refused: candidate {made.release_id}, built {began}; it is kept for inspection in {built.folder}"
        return "\n".join([refused, *how_to_answer(built.failing, made.release_id)])
    seconds = sum(made.seconds.values())
    lines = [f"candidate {made.release_id}, built {began} in {seconds:.1f} s: {len(made.relations)} relations"]
    if made.left_out:
        lines.append(
            f"{len(made.left_out)} public views read something outside of the file and are left out, such as {made.left_out[0]}"
        )
    return "\n".join([*lines, f"next: sluice audit {made.release_id}"])


def comparison_as_text(compared: Comparison) -> str:
    """A rebuilt release: whether its marts are equal, and which are not."""
    count = f"{compared.release_id} built again: {len(compared.marts)} marts"
    if not compared.differences:
        return f"{count}, all equal to the release's"
    head = f"{count}, {len(compared.differences)} differ from the release's"
    return "\n".join([head, *_lines(compared.differences), f"the rebuilt file is kept in {compared.kept}"])


def verified_as_text(verified: Verified) -> str:
    """A verified release: whether it is as recorded, and what is not."""
    differing = verified.differences
    result = f"{len(differing)} differ from the record" if differing else "all as recorded"
    remark = [f"note: {verified.remark}"] if verified.remark else []
    return "\n".join([f"{verified.release_id}: {verified.relations} relations, {result}", *_lines(differing), *remark])


def _lines(differences: tuple[Difference, ...]) -> list[str]:
    return [f"  {difference.name}: {difference.what}" for difference in differences]
