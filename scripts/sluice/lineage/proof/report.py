"""The proof of a lineage as text and as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from sluice.core.markdown import code, plain
from sluice.core.text import plural, table
from sluice.lineage.edges import ROWS
from sluice.lineage.proof.result import (
    CONFIRMED,
    NOT_COMPARED,
    NOT_EXERCISED,
    UNCONFIRMED,
    Claim,
    Effect,
    ModelProof,
    Pair,
    Proof,
    precision,
    recall,
)

_Row = tuple[str, ...]
_KINDS = (
    "a value flows (direct)",
    "a column influences another (indirect)",
    "a column decides about rows",
    "rows upstream decide",
)
_LISTED = 200


def _kind(claim: Claim) -> str:
    """Which of the kinds an edge is."""
    if claim.pair.parent_column == ROWS:
        return _KINDS[3]
    if claim.pair.child_column == ROWS:
        return _KINDS[2]
    return _KINDS[0] if claim.kind == "direct" else _KINDS[1]


def proof_text(proof: Proof) -> str:
    """The figures, and every miss and unconfirmed edge."""
    lines = [
        *_summary(proof),
        "",
        *table(["edges", ">static", ">confirmed", ">unconfirmed", ">not exercised", ">not compared"], _by_kind(proof)),
    ]
    for title, rows in (("misses: seen, and not in the lineage", _misses(proof)), ("unconfirmed", _unconfirmed(proof))):
        if rows:
            lines += ["", f"{title} ({len(rows)}):", *(f"  {parent} -> {child}: {what}" for parent, child, what in rows)]
    skipped = [f"  {model.label}: {model.skipped}" for model in proof.models if model.skipped]
    return "\n".join([*lines, *(["", "not run:", *skipped] if skipped else [])])


def proof_markdown(proof: Proof, command: str, about: str) -> str:
    """The same as a page; `command` made it, `about` says on which release."""
    lines = [
        "# Lineage: what was proved",
        "",
        f"Written by `{command}`; do not edit. {about}",
        "[docs/lineage.md](lineage.md) says how it is done and how edges are counted.",
        "",
        *(f"- {line}" for line in _summary(proof)),
        "",
        *_table(["edges", ">static", ">confirmed", ">unconfirmed", ">not exercised", ">not compared"], _by_kind(proof)),
        "",
        "## By way of influence",
        "",
        *_table(["how", ">judged", ">confirmed", ">not exercised"], _by_how(proof)),
        "",
        *_part("Misses", "Effects that were seen and that the lineage does not have.", _misses(proof)),
        *_part(
            "Unconfirmed", "Edges of the lineage that no change showed, although the column was changed.", _unconfirmed(proof)
        ),
        *_part("Not exercised", "Edges into columns that no change of anything moved.", _still(proof)),
        "## By model",
        "",
        *_table(["model", ">edges", ">confirmed", ">unconfirmed", ">effects", ">misses", ">runs", "remark"], _by_model(proof)),
    ]
    return "\n".join(lines) + "\n"


def _summary(proof: Proof) -> list[str]:
    effects, claims, run = proof.effects, proof.claims, [model for model in proof.models if not model.skipped]
    alone = [effect for effect in effects if effect.covered != "rows"]
    runs, failed = sum(model.runs for model in run), sum(model.failed for model in run)
    found, by_rows = len(effects) - len(proof.misses), len(effects) - len(alone)
    confirmed, unconfirmed = _count(claims, CONFIRMED), _count(claims, UNCONFIRMED)
    judged = f"{confirmed:,} of {confirmed + unconfirmed:,} edges that the rows exercise were confirmed"
    still, unstable = _count(claims, NOT_EXERCISED), _count(claims, NOT_COMPARED)
    return [
        f"{plural(len(run), 'model')} run {runs:,} times on changed parents; {failed:,} times the SQL stopped",
        f"recall {_percent(recall(effects))}: {found:,} of {len(effects):,} effects are in the lineage",
        f"recall {_percent(recall(alone))} without the {by_rows:,} effects that only an edge to all rows explains",
        f"precision {_percent(precision(claims))}: {judged}",
        f"{still:,} edges not exercised, {unstable:,} into columns that differ in every run",
    ]


def _count(claims: Iterable[Claim], status: str) -> int:
    return sum(claim.status == status for claim in claims)


def _percent(share: float | None) -> str:
    """Rounded down: 99.96 % is not 100 %."""
    return "of nothing" if share is None else f"{int(share * 10000) / 100:g} %"


def _by_kind(proof: Proof) -> Iterator[_Row]:
    for title in _KINDS:
        those = [claim for claim in proof.claims if _kind(claim) == title]
        yield (title, *map(str, (len(those), *(_count(those, status) for status in _STATUSES))))
    yield ("all", *map(str, (len(proof.claims), *(_count(proof.claims, status) for status in _STATUSES))))


_STATUSES = (CONFIRMED, UNCONFIRMED, NOT_EXERCISED, NOT_COMPARED)


def _by_how(proof: Proof) -> Iterator[_Row]:
    counts: Counter[tuple[str, str]] = Counter((how, claim.status) for claim in proof.claims for how in claim.hows)
    for how in dict.fromkeys(how for how, _ in sorted(counts)):
        judged = counts[how, CONFIRMED] + counts[how, UNCONFIRMED]
        yield (how, str(judged), str(counts[how, CONFIRMED]), str(counts[how, NOT_EXERCISED]))


def _names(proof: Proof, pair: Pair) -> tuple[str, str]:
    label: Callable[[str], str] = lambda name: proof.labels.get(name, name)  # noqa: E731
    return f"{label(pair.parent)}.{pair.parent_column}", f"{label(pair.child)}.{pair.child_column}"


def _misses(proof: Proof) -> list[_Row]:
    return [(*_names(proof, effect.pair), effect.by) for effect in proof.misses]


def _unconfirmed(proof: Proof) -> list[_Row]:
    return [(*_names(proof, claim.pair), ", ".join(claim.hows)) for claim in proof.claims if claim.status == UNCONFIRMED]


def _still(proof: Proof) -> list[_Row]:
    return [(*_names(proof, claim.pair), ", ".join(claim.hows)) for claim in proof.claims if claim.status == NOT_EXERCISED]


def _by_model(proof: Proof) -> Iterator[_Row]:
    for model in proof.models:
        remark = model.skipped or (f"differ in every run: {', '.join(model.unstable)}" if model.unstable else "")
        counts = (len(model.claims), _count(model.claims, CONFIRMED), _count(model.claims, UNCONFIRMED))
        yield (model.label, *map(str, (*counts, *_effects_of(model), model.runs)), remark)


def _effects_of(model: ModelProof) -> tuple[int, int]:
    missed: list[Effect] = [effect for effect in model.effects if not effect.covered]
    return len(model.effects), len(missed)


def _part(title: str, text: str, rows: Sequence[_Row]) -> Iterator[str]:
    yield from (f"## {title}", "", f"{text} {'None.' if not rows else ''}".rstrip(), "")
    if rows:
        yield from _table(["from", "to", "how"], [(code(one), code(other), plain(what)) for one, other, what in rows[:_LISTED]])
        yield from [f"| … and {len(rows) - _LISTED} more | | |"] if len(rows) > _LISTED else []
        yield ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(name.removeprefix('>') for name in head)} |"
    yield f"| {' | '.join('---:' if name.startswith('>') else '---' for name in head)} |"
    for row in rows:
        yield f"| {' | '.join(row)} |"
