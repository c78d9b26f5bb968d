"""`make sites`: write a site over 400 days, 300 models and 2,000 series, and open it; prints what it took as Markdown.

Without a Chromium, or without playwright, it is not opened. --keep FOLDER keeps the project and its site.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from lab.places import BIN
from lab.sites.shop import project_in

TRIES = 3


def main() -> None:
    """Make it, measure it, print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--models", type=int, default=300)
    parser.add_argument("--series", type=int, default=2000)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sites-") as folder:
        root = options.keep or Path(folder)
        shop = project_in(root, options.days, options.models, options.series)
        print(f"{options.days} days, {options.models} models, {options.series:,} series\n")
        print("| what | measured |\n| --- | ---: |")
        for what, measured in _rows(root, shop.environment()):
            print(f"| {what} | {measured} |")


def _rows(root: Path, environment: dict[str, str]) -> Iterator[tuple[str, str]]:
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [str(BIN / "sluice"), "report", "--out", "site"]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    yield "writing it, processor seconds", f"{used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime:.1f}"
    yield "writing it, seconds", f"{time.monotonic() - started:.1f}"
    site = root / "site"
    yield "all files, MB", f"{sum(path.stat().st_size for path in site.rglob('*') if path.is_file()) / 1e6:.2f}"
    for page in sorted(site.glob("*.html")):
        yield f"{page.name}, MB", f"{page.stat().st_size / 1e6:.2f}"
    yield from _opened(site)


def _opened(site: Path) -> Iterator[tuple[str, str]]:
    """The best of several tries, from the command to open a page until it is drawn, in a Chromium that runs already."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        browser = None
    if browser is None:
        return
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        for page in sorted(site.glob("*.html")):
            taken = []
            for _ in range(TRIES):
                context = chromium.new_context(offline=True)
                tab = context.new_page()
                started = time.monotonic()
                tab.goto(page.as_uri(), wait_until="load")
                tab.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
                taken.append(time.monotonic() - started)
                context.close()
            yield f"opening {page.name}, seconds", f"{min(taken):.2f}"
        chromium.close()


if __name__ == "__main__":
    main()
