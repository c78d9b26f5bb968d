"""The page Catalog: every node with its owner as a list that reads without a script, and what its script opens."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from sluice.catalog.describe import describe
from sluice.catalog.evidence import Evidence
from sluice.catalog.facts import Catalog, Node
from sluice.catalog.files import data_files
from sluice.core.manifest import folded, is_relation, relation_of
from sluice.core.text import plural
from sluice.lineage.edges import column_edges
from sluice.site import parts
from sluice.site.catalog.gather import evidence
from sluice.site.context import Asset, DataFile, Page, Site

_SCRIPTS = ("catalog-dom.js", "catalog-search.js", "catalog-graph.js", "catalog-impact.js", "catalog-node.js", "catalog.js")
_SENTENCE = 110  # characters of a description in the list
LEAD = "What every source, model and column is, who owns it, what checks it, and what would break if it went."


def page(site: Site) -> Page:
    """The page. Before the first build it says what would fill it."""
    if not site.manifest["nodes"]:
        body = [parts.nothing("No model is known yet.", "sluice run")]
        return Page(slug="catalog", title="Catalog", lead=LEAD, body=body)
    known = evidence(site)
    lineage = column_edges(site.manifest, known=_columns(site, known))
    return catalog_page(describe(site.manifest, known, lineage))


def _columns(site: Site, known: Evidence) -> dict[str, list[str]]:
    """The columns that the warehouse has, by unique id: those of relations that the YAML does not describe, too."""
    nodes = {one: node for one, node in site.manifest["nodes"].items() if is_relation(node)}
    there = {one: known.columns.get(folded(relation_of(node))) for one, node in nodes.items()}
    return {one: [name for name, _ in columns] for one, columns in there.items() if columns}


def catalog_page(catalog: Catalog) -> Page:
    """The page of a catalog."""
    return Page(
        slug="catalog",
        title="Catalog",
        lead=LEAD,
        body=list(_body(catalog)),
        data=[DataFile(f"catalog-{name}", value) for name, value in data_files(catalog)],
        assets=[Asset("sluice.site.catalog", file) for file in ("catalog.css", *_SCRIPTS)],
    )


def _body(catalog: Catalog) -> Iterator[str]:
    yield _tools()
    yield '<p id="catalog-said" class="visually-hidden" role="status"></p>'
    yield '<div id="catalog-results" hidden></div><div id="catalog-view" hidden></div>'
    yield '<div id="catalog-list">'
    yield f'<p id="catalog-count" class="quiet" role="status">{plural(len(catalog.nodes), "node")}</p>'
    yield _list(catalog)
    yield "</div>"


def _tools() -> str:
    """The search and the filters: hidden until the script can answer them."""
    choices = "".join(
        f'<label>{name}<select id="catalog-{name}"><option value="">all</option></select></label>'
        for name in ("layer", "schema", "owner", "tag")
    )
    words = (
        '<label class="words">Search names, columns, descriptions, owners, tags (press /)'
        '<input id="catalog-search" type="search" autocomplete="off" spellcheck="false"></label>'
    )
    return f'<form id="catalog-tools" class="tools" role="search" hidden>{words}{choices}</form>'


def _list(catalog: Catalog) -> str:
    """Every node, by layer and name."""
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("name", "layer", "owner", "description"))
    layers = list(dict.fromkeys(node.layer for node in catalog.nodes))
    rows = "".join(_row(node) for node in sorted(catalog.nodes, key=lambda node: (_rank(node, layers), node.name)))
    box = '<div class="box" role="region" tabindex="0" aria-label="All nodes">'
    return f"{box}<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"


def _rank(node: Node, layers: list[str]) -> tuple[int, int]:
    """What is read first comes first: exposures, then models from the last layer back, then the rest."""
    kinds = ("exposure", "model", "snapshot", "source", "seed")
    return kinds.index(node.kind), -layers.index(node.layer)


def _row(node: Node) -> str:
    anchor = escape(node.anchor, quote=True)
    owner = escape(node.owner.partition(" <")[0]) or '<span class="warn">nobody</span>'
    failed = [one for one in node.checks if one.status in ("fail", "error")]
    mark = f' <span class="bad">{plural(len(failed), "check")} failed</span>' if failed else ""
    open_ones = f' <span class="bad">{plural(len(node.incidents), "open incident")}</span>' if node.incidents else ""
    cells = f"<td>{escape(node.layer)}</td><td>{owner}</td><td>{escape(_sentence(node.description))}{mark}{open_ones}</td>"
    return f'<tr id="{anchor}"><th scope="row"><a href="#{anchor}">{escape(node.name)}</a></th>{cells}</tr>'


def _sentence(text: str) -> str:
    """The first sentence, or as much of it as fits."""
    first = " ".join(text.split()).split(". ")[0].rstrip(".")
    return first if len(first) <= _SENTENCE else f"{first[: _SENTENCE - 1].rsplit(' ', 1)[0]} …"
