"""Every link from one page of the project to another, or to a heading, leads to something."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.helpers.project import REPOSITORY

PAGES = [*sorted(REPOSITORY.glob("*.md")), *sorted((REPOSITORY / "docs").rglob("*.md"))]


def prose(page: Path) -> str:
    """The text of a page without its blocks of code and HTML comments."""
    return re.sub(r"^ *(```|~~~).*?^ *\1|<!--.*?-->", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in re.findall(r"^#+ +(.+?) *$", prose(page), flags=re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def broken(page: Path) -> Iterator[str]:
    """The links of a page, other than those to the web, that lead nowhere."""
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if re.match(r"\w+:", link):
            continue
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    assert list(broken(page)) == []


def test_a_link_that_leads_nowhere_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# What `x.yml` does\n\n## Twice\n\n## Twice\n\n```sh\n# no heading\n```\n")
    page = tmp_path / "page.md"
    page.write_text(
        "# Here\n[1](other.md) [2](#here) [3](other.md#what-xyml-does) [4](other.md#twice-1) [5](https://shop.example/#x)\n"
        "[6](gone.md) [7](#gone) [8](other.md#no-heading) [9](other.md#twice-2) [10](gone.md#here)\n"
    )
    assert list(broken(page)) == ["gone.md", "#gone", "other.md#no-heading", "other.md#twice-2", "gone.md#here"]
