"""The files of a proposal, as text: the feed, the contract, staging models and what describes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sluice.core.text import plural
from sluice.source.contract import is_complete
from sluice.source.mapping import own_id, quoted
from sluice.source.project import MODELS, DbtProject
from sluice.source.proposal import CommonColumn, Proposal, RawColumn, RawTable, Staging
from sluice.source.variables import entry_lines
from sluice.source.vocabulary import plain, singular, vocabulary, words
from sluice.source.yaml_text import comment, flow, item

# What begins a comment about something that a person has to decide; `sluice source check` lists those that are left.
DECIDE = "DECIDE"
_MOST_NAMED = 8


def folder(source: str) -> Path:
    """The folder of a source's contract and staging models."""
    return MODELS / "staging" / source


def feed_file(source: str) -> Path:
    """The feeds file of a source."""
    return Path("feeds") / f"{source}.yml"


def contract_file(source: str) -> Path:
    """The file with a source's contracts."""
    return folder(source) / f"_{source}__sources.yml"


def model_file(source: str, name: str) -> Path:
    """The file of a staging model."""
    return folder(source) / f"stg_{source}__{name}.sql"


def files(proposal: Proposal, project: DbtProject) -> dict[Path, str]:
    """The text of each file that is to be written, by path."""
    source = proposal.source
    found = {feed_file(source): _feeds(proposal), contract_file(source): _contract(proposal, project)}
    if proposal.stagings:
        found[folder(source) / f"_{source}__models.yml"] = _models(proposal, project)
    for table in proposal.tables:
        if _has_base(proposal, table):
            found[model_file(source, table.name)] = _base(source, table, project)
    for one in proposal.stagings:
        found[model_file(source, one.entity)] = _staging(proposal, one, project)
    return found


def _text(*lines: str | Iterator[str]) -> str:
    return "\n".join(line for part in lines for line in ([part] if isinstance(part, str) else part)) + "\n"


# --- the feed ---------------------------------------------------------------------------------------------------------


def _feeds(proposal: Proposal) -> str:
    head = f"Feeds of {proposal.source}, proposed from its data: docs/ingest.md says what each key means."
    start = "feeds:" if any(map(is_complete, proposal.tables)) else "feeds: []"
    return _text(comment(head, 0), start, *(_feed(proposal.source, table) for table in proposal.tables))


def _feed(source: str, table: RawTable) -> Iterator[str]:
    """An entry of the feeds; as a comment where it lacks a key that a person has to name."""
    columns = {column.name: dict(column.feed) for column in table.columns if column.feed}
    entry: dict[str, Any] = {"source": source, "table": table.name, **table.facts.feed}
    yield from (line for note in table.facts.notes for line in comment(f"{DECIDE} {note}", 2))
    lines = item({**entry, "columns": columns} if columns else entry, 2)
    yield from lines if is_complete(table) else (f"  # {line[2:]}" for line in lines)


# --- the contract -----------------------------------------------------------------------------------------------------


def _contract(proposal: Proposal, project: DbtProject) -> str:
    source = proposal.source
    owner = [f"        owner: {project.owner}"] if project.owner else []
    return _text(
        "version: 2",
        "",
        "sources:",
        f"  - name: {source}",
        f"    description: {plural(len(proposal.tables), 'raw table')} of {source}.",
        f"    schema: {source}",
        "    config:",
        "      meta:",
        *owner,
        f"        external_location: \"delta_scan('{{{{ env_var('SLUICE_LAKE', 'lake') }}}}/raw/{source}/{{name}}')\"",
        "      loaded_at_field: _loaded_at",
        "      freshness: {warn_after: {count: 36, period: hour}}",
        "    tables:",
        *(_table(proposal, table) for table in proposal.tables),
    )


def _grain(proposal: Proposal, table: RawTable) -> str:
    """What a row of a raw table is: of the entity it holds, else of what the table is called."""
    entities = [one.entity for one in proposal.of(table)]
    return singular(entities[0] if entities else table.name).replace("_", " ")


def _table(proposal: Proposal, table: RawTable) -> Iterator[str]:
    yield from comment(_looked_at(table), 6)
    yield f"      - name: {table.name}"
    yield f"        description: One row per {_grain(proposal, table)}."
    if table.key:
        yield f"        config: {{meta: {{key: {flow(table.key)}}}}}"
    yield "        columns:"
    for column in table.columns:
        yield from _contract_column(column)


def _looked_at(table: RawTable) -> str:
    rows = f"the first {table.facts.rows:,} rows" if table.facts.is_sample else f"all {table.facts.rows:,} rows"
    key = f"The key is {table.facts.key_sure}" if table.key else f"No key was found: {table.facts.key_sure}"
    partly = [column.name for column in table.facts.columns if column.files < table.facts.files]
    more = f" Not in every file, and left out: {', '.join(partly)}." if partly else ""
    return f"Types are from {rows} of {plural(table.facts.files, 'file')}. {key}.{more}"


def _contract_column(column: RawColumn) -> Iterator[str]:
    if column.ask:
        yield from comment(f"{DECIDE} {column.ask}", 10)
    yield from comment(f"{column.sure}; {filling(column)}", 10)
    entry: dict[str, Any] = {"name": column.name, "data_type": column.type}
    if column.required:
        entry["constraints"] = [{"type": "not_null"}]
    yield from item({**entry, "description": _description(column)}, 10)


def filling(column: RawColumn) -> str:
    """How often a column has no value, in words."""
    return f"{column.facts.empty:,} empty" if column.facts.empty else "never empty"


def _description(column: RawColumn) -> str:
    text = " ".join(words(column.name)).capitalize()
    is_same = plain(column.facts.name) == plain(column.name)
    return f"{text}." if is_same else f"{text}, in the source {column.facts.name}."


# --- staging ----------------------------------------------------------------------------------------------------------


def _has_base(proposal: Proposal, table: RawTable) -> bool:
    """Whether several models read the table: then one model reads the source, and they read that one."""
    return len(proposal.of(table)) > 1


def _base(source: str, table: RawTable, project: DbtProject) -> str:
    columns = [f"        {quoted(column.name)}" for column in table.columns]
    columns += [f"        {vocabulary().lineage.get(name, name)} as {name}" for name in project.lineage]
    return _text(_import("source", f"source('{source}', '{table.name}')"), "", "renamed as (", "    select",
                 ",\n".join(columns), "    from source", ")", "", "select * from renamed")  # fmt: skip


def _import(name: str, called: str, *conditions: str) -> str:
    where = "".join(f"\n    where {condition}" for condition in conditions)
    return f"with\n\n{name} as (\n    select * from {{{{ {called} }}}}{where}\n),"


def _staging(proposal: Proposal, one: Staging, project: DbtProject) -> str:
    source, table = proposal.source, one.table
    has_base = _has_base(proposal, table)
    own = next((column for column in one.columns if column.name == own_id(one.entity)), None)
    conditions = [f"{quoted(own.used[0])} is not null"] if one.is_derived and own else []
    called = f"ref('stg_{source}__{table.name}')" if has_base else f"source('{source}', '{table.name}')"
    origin = "source" if not has_base else "delivered"
    lines = [line for column in one.columns for line in _select(column, has_base=has_base)]
    lines += [name if has_base else f"{vocabulary().lineage.get(name, name)} as {name}" for name in project.lineage]
    return _text(
        _head(one),
        _import(origin, called, *conditions),
        "",
        "renamed as (",
        "    select",
        *_with_commas(lines),
        f"    from {origin}",
        ")",
        "",
        "select * from renamed",
    )


def _head(one: Staging) -> Iterator[str]:
    if one.is_derived:
        yield from comment(f"Each row of {one.table.name} is a version of its {singular(one.entity)}.", 0, "--")
    if one.unused:
        yield from comment(f"Not taken over: {', '.join(one.unused)}.", 0, "--")


def _select(column: CommonColumn, *, has_base: bool) -> Iterator[str]:
    """The lines of a column: what is to be decided, why, and the expression."""
    if column.ask:
        yield from comment(f"{DECIDE} {column.ask}{'' if column.ask.endswith('?') else '.'}", 0, "--")
    elif column.why:
        yield from comment(column.why, 0, "--")
    sql = column.sql
    if has_base:
        sql = next((name for name, raw in vocabulary().lineage.items() if raw == sql), sql)
    yield sql if sql == column.name else f"{sql} as {column.name}"


def _with_commas(lines: list[str]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        needs_comma = number < len(lines) and not line.startswith("--")
        yield f"        {line}{',' if needs_comma else ''}"


# --- what describes the models ----------------------------------------------------------------------------------------


def _models(proposal: Proposal, project: DbtProject) -> str:
    bases = [table for table in proposal.tables if _has_base(proposal, table)]
    return _text(
        "version: 2",
        "",
        "models:",
        *(_base_model(proposal, table) for table in bases),
        *(_model(proposal.source, one, project) for one in proposal.stagings),
    )


def _base_model(proposal: Proposal, table: RawTable) -> Iterator[str]:
    yield f"  - name: stg_{proposal.source}__{table.name}"
    yield f"    description: One row per {_grain(proposal, table)}, as delivered."
    yield "    columns:"
    for column in [one for one in table.columns if one.required] or table.columns[:1]:
        tests = {"data_tests": ["not_null"]} if column.required else {}
        yield from item({"name": column.name.lower(), "description": _description(column), **tests}, 6)


def _model(source: str, one: Staging, project: DbtProject) -> Iterator[str]:
    """The id is tested, and what is never null because ingest refuses a row without it."""
    yield f"  - name: stg_{source}__{one.entity}"
    yield f"    description: One row per {singular(one.entity).replace('_', ' ')} and delivery."
    yield "    columns:"
    required = {column.name for column in one.table.columns if column.required}
    for column in one.columns:
        if column.name == own_id(one.entity) or (column.used and required.issuperset(column.used) and "case" not in column.sql):
            yield from item({"name": column.name, "description": _described(column.name, project), "data_tests": ["not_null"]}, 6)


def _described(name: str, project: DbtProject) -> str:
    return f"{{{{ doc('{name}') }}}}" if name in project.documented else " ".join(words(name)).capitalize() + "."


def entry(proposal: Proposal) -> Mapping[str, Any]:
    """What vars.yml says of the source: its entities, and the raw tables that are none; those with a key can be looked up."""
    lookup = [table.name for table in proposal.side_tables if table.key]
    extra = [table.name for table in proposal.side_tables if not table.key]
    supplies = {"entities": list(proposal.entities), "lookup": lookup, "extra": extra}
    found = {key: names for key, names in supplies.items() if names or key == "entities"}
    return {proposal.source: found if lookup or extra else list(proposal.entities)}


def entry_text(proposal: Proposal) -> str:
    """The same as text of vars.yml."""
    return "\n".join(entry_lines(entry(proposal), 0))
