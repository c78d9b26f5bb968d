"""The lineage of a column or a model in lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sluice.core.text import columns, plural, wrapped
from sluice.lineage.answer import Answer, Origin, Reach
from sluice.lineage.edges import EVERY, ROWS

_WIDTH = 100
# A line names this many columns or tests; --format json has all.
_SHOWN = 12


def answer_text(found: Answer) -> str:
    """What it is made of, and what would break if it went."""
    width = columns() or _WIDTH
    return "\n".join(line for part in _parts(found) for line in _broken(part, width))


def _broken(line: str, width: int) -> list[str]:
    indent = len(line) - len(line.lstrip()) if line else 0
    return [" " * indent + part for part in wrapped(line.lstrip(), width - indent, "  ")] if line else [""]


def _some(names: Sequence[str]) -> str:
    """Names, or the first of many."""
    shown = ", ".join(map(_word, names[:_SHOWN]))
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown


def _parts(found: Answer) -> Iterator[str]:
    yield f"{found.name}.{found.column}" if found.column else found.name
    if found.description:
        yield f"  {found.description}"
    if found.owner:
        yield f"  owner: {found.owner}"
    yield from _upstream(found)
    yield from _downstream(found)


def _upstream(found: Answer) -> Iterator[str]:
    if found.made_of:
        yield from ("", "made of:")
        yield from _origins(found.made_of, found.column)
    if found.influenced_by:
        yield from ("", "influenced by:")
        yield from _origins(found.influenced_by, found.column)
    if not found.made_of and not found.influenced_by:
        yield from ("", "made of nothing upstream")


def _origins(origins: Sequence[Origin], column: str | None) -> Iterator[str]:
    """Of a column, one line for each relation upstream; of a model, one for each of its columns, with its direct parents."""
    if column:
        for relation in dict.fromkeys(one.relation for one in origins):
            parts = (f"{_word(one.relation_column)} ({', '.join(one.how)})" for one in origins if one.relation == relation)
            yield f"  {relation}: {', '.join(parts)}"
        return
    for name in dict.fromkeys(one.column for one in origins):
        parts = (f"{one.relation}.{_word(one.relation_column)}" for one in origins if one.column == name and one.steps == 1)
        yield f"  {_word(name)}: {', '.join(parts)}"


def _word(column: str) -> str:
    return {ROWS: "its rows", EVERY: "every column"}.get(column, column)


def _downstream(found: Answer) -> Iterator[str]:
    what = "the column" if found.column else "it"
    if not (found.downstream or found.exposures or found.tests):
        yield from ("", f"nothing reads {what}")
        return
    direct = [one for one in found.downstream if one.is_direct]
    yield from ("", f"if {what} went:")
    yield from _listed("would fail, because they read it", direct)
    yield from _listed("would change", [one for one in found.downstream if not one.is_direct])
    if found.exposures:
        yield f"  exposures ({len(found.exposures)}):"
        for one in found.exposures:
            yield f"    {one.name}{f' [{one.owner}]' if one.owner else ''}: reads {', '.join(one.values)}"
    if found.tests:
        yield f"  {plural(len(found.tests), 'test')}: {_some([one.name for one in found.tests])}"
    if found.untraced:
        yield "  not followed column by column:"
        yield from (f"    {name}: {why}" for name, why in found.untraced)
    if found.owners:
        yield from ("", f"ask: {', '.join(found.owners)}")


def _listed(title: str, those: Sequence[Reach]) -> Iterator[str]:
    if those:
        yield f"  {title} ({len(those)}):"
        for one in those:
            yield f"    {one.name}: {'; '.join(_touched(one))}"


def _touched(one: Reach) -> Iterable[str]:
    if one.values:
        yield f"values of {_some(one.values)}"
    if one.influenced:
        yield f"influences {_some(one.influenced)}"
    if one.rows:
        yield "decides about rows"
