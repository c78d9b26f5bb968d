"""`make screenshots`: the pictures of README, in docs/images: the site, a diff, a comment on a pull request, the terminal.

They are taken of a demo shop whose third night is refused, which takes some minutes to build. --keep FOLDER keeps the shop, and
takes it as it is when it is there already. It needs a Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from html import escape
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from lab.places import REPOSITORY
from lab.screenshots.shop import Shop, made

WIDTH, HEIGHT = 1200, 760
TERMINAL = (
    "body{margin:0;background:#0d1117;color:#e6edf3}pre{font:14px/1.45 'DejaVu Sans Mono',monospace;padding:18px;margin:0;"
    "white-space:pre-wrap}"
)
COMMENT = (
    "body{font:15px/1.5 'DejaVu Sans',sans-serif;margin:0;padding:20px 28px;color:#1f2328}code{background:#eff1f3}"
    "table{border-collapse:collapse}td,th{border:1px solid #d1d9e0;padding:.25rem .6rem}"
)


def main() -> None:
    """Build the shop, and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--out", type=Path, default=REPOSITORY / "docs" / "images")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="screenshots-") as folder:
        root = (options.keep or Path(folder)).absolute()
        shop, refused = made(root)
        for name, file, anchor, height in _pages(shop, refused):
            _take(file, anchor, height, options.out / f"{name}.png")


def _pages(shop: Shop, refused: str) -> list[tuple[str, Path, str, int]]:
    """What is taken: the picture's name, the page, and the part and the height of it that are seen."""
    site, pages = shop.root / "site", shop.root / "pages"
    pages.mkdir(exist_ok=True)
    shop.sluice("report", "--out", str(site))
    candidate = max((shop.root / "warehouse" / "candidates").glob("2*")).name
    shop.sluice("diff", "prod", candidate, "--format", "html", "--out", str(pages / "diff.html"))
    comment = shop.sluice("diff", "prod", candidate, "--format", "markdown")
    rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(comment)
    (pages / "comment.html").write_text(f"<!doctype html><meta charset=utf-8><style>{COMMENT}</style>{rendered}")
    lines = [line for line in refused.splitlines() if line.strip()][-34:]
    shown = escape("\n".join(["$ sluice run feeds/demo.yml", *lines]))
    (pages / "terminal.html").write_text(f"<!doctype html><meta charset=utf-8><style>{TERMINAL}</style><pre>{shown}</pre>")
    return [
        ("site-today", site / "index.html", "", HEIGHT),
        ("site-health", site / "health.html", "", HEIGHT),
        ("site-series", site / "health.html", "#s0", HEIGHT),
        ("site-shop", site / "shop.html", "", HEIGHT),
        ("diff", pages / "diff.html", "", HEIGHT),
        ("comment", pages / "comment.html", "", HEIGHT),
        ("terminal", pages / "terminal.html", "", HEIGHT),
    ]


def _take(file: Path, anchor: str, height: int, picture: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("no Chromium on this machine: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        chromium: Any = driver.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        page = chromium.new_page(viewport={"width": WIDTH, "height": height}, timezone_id="Europe/Berlin", locale="en-GB")
        page.goto(file.as_uri() + anchor)
        if anchor:
            page.wait_for_selector("dialog[open] svg")
        picture.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(picture))
        chromium.close()
    print(f"{picture.relative_to(Path.cwd()) if picture.is_relative_to(Path.cwd()) else picture}")


if __name__ == "__main__":
    main()
