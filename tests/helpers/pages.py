"""HTML pages as tests look at them: whole, without anything to fetch, and as wide as a phone."""

from __future__ import annotations

import re
import shutil
import subprocess
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import pytest

PHONE = 360
# What makes a browser fetch. A link (<a href>) does not.
FETCHED = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src", "video": "src", "object": "data"}
_WITHOUT_END = {"meta", "link", "br", "input"}


class Page(HTMLParser):
    """The tags of a page, those left open, its ids, and what it links to and fetches."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.seen.append(tag)
        self.ids += [str(given["id"])] if "id" in given else []
        self.links += [str(given["href"])] if tag == "a" else []
        self.fetched += [str(given[FETCHED[tag]])] if given.get(FETCHED.get(tag, "")) else []
        if tag not in _WITHOUT_END:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _WITHOUT_END:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def assert_whole(text: str) -> None:
    """Every tag is closed, no id is there twice, every link leads somewhere on the page, and nothing is fetched or run."""
    page = Page(text)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert page.fetched == []
    assert "script" not in page.seen
    assert not re.search(r"url\(|@import", text)


def width_on_a_phone(text: str, folder: Path) -> tuple[int, int]:
    """The width of the page and of the window, where that is that of a phone. Skips without a Chromium."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium): the page was parsed, but not drawn")
    place = folder / "on_a_phone.html"
    measured = "<script>parent.document.title = document.documentElement.scrollWidth + ' of ' + innerWidth</script>"
    inner = text.replace("<details", "<details open").replace("</body>", f"{measured}</body>")
    # A window of Chromium is never that narrow; a frame is.
    frame = f'<iframe width="{PHONE}" height="800" style="border:0" srcdoc="{escape(inner, quote=True)}"></iframe>'
    place.write_text(f'<!doctype html><meta charset="utf-8"><title>none</title>{frame}', encoding="utf-8")
    offline = ["--headless=new", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"]
    command = [browser, *offline, "--hide-scrollbars", "--dump-dom", f"file://{place}"]
    drawn = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    found = re.search(r"<title>(\d+) of (\d+)</title>", drawn)
    assert found, drawn[:500]
    return int(found[1]), int(found[2])
