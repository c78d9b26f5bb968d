"""Prints what a catalog of thousands of models weighs, and what each key of its search costs in a browser.

    python -m lab.catalog [--models 3000] [--columns 20] [--out FOLDER]

Types words as people do, letter by letter, with mistakes and several at once, into the page in Debian's chromium (CHROMIUM names
another one), and waits after each key until what was found is laid out; the best of TIMES counts. `processor` is what a key took
of the page's thread, twice its search included; `milliseconds` is what passed meanwhile, which says little on a busy machine.
Exit code 1 where a key takes more of the processor than LIMIT.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.catalog.alone import write_site
from lab.catalog.synthetic import Size, manifest_of
from sluice.catalog.describe import describe
from sluice.catalog.evidence import Evidence

LIMIT = 50.0  # milliseconds of the processor
WORDS = (
    "payments",
    "currency_code",
    "mar_finance__refunds",
    "team logistics",
    "order amount net",
    "curency",
    "cutsomer",
    "handbook chapter",
    "daily marts sales",
    "valid_from",
    "id",
    "zzzz",
)
# Types a text, and waits until the page has laid out what was found.
_KEY = """
async (text) => {
  const { work } = await window.sluiceCatalog.measure(text);
  const input = document.getElementById("catalog-search");
  const started = performance.now();
  input.value = text;
  input.dispatchEvent(new Event("input"));
  await window.sluiceCatalog.settled();
  document.body.getBoundingClientRect();
  return {text, milliseconds: performance.now() - started, ...work};
}
"""
_OPENED = "performance.getEntriesByName('catalog-ready')[0].startTime"
TIMES = 5  # each key is typed so often: other programs on the machine take their share


def made(size: Size, out: Path) -> dict[str, float]:
    """Write the site of a synthetic project; return what it took and weighs."""
    manifest, lineage = manifest_of(size)
    before = _cpu()
    write_site(describe(manifest, Evidence(), lineage), out)
    weights = {path.name: path.stat().st_size for path in out.rglob("*") if path.is_file()}
    data = sum(weight for name, weight in weights.items() if name.startswith("catalog-") and (out / "data" / name).exists())
    return {"CPU seconds": _cpu() - before, "page": weights["catalog.html"], "data": data, "nodes": weights["catalog-nodes.js"]}


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


def keys(browser: Any, out: Path, words: Sequence[str]) -> list[dict[str, Any]]:
    """What each key costs: milliseconds, and the terms, postings and documents that it has touched."""
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto((out / "catalog.html").absolute().as_uri())
    page.wait_for_selector("body[data-catalog=ready]")
    print(f"ready to search {page.evaluate(_OPENED):,.0f} ms after it was opened from disk")
    cpu = context.new_cdp_session(page)
    cpu.send("Performance.enable", {"timeDomain": "threadTicks"})
    found: list[dict[str, Any]] = []
    for word in words:
        tried = [[_key(page, cpu, word[:length]) for length in range(1, len(word) + 1)] for _ in range(TIMES)]
        found += (min(tries, key=lambda one: one["processor"]) for tries in zip(*tried, strict=True))
    context.close()
    return found


def _key(page: Any, cpu: Any, text: str) -> dict[str, Any]:
    """One key, with what it took of the page's thread: other programs do not count."""

    def spent() -> float:
        return next(float(one["value"]) for one in cpu.send("Performance.getMetrics")["metrics"] if one["name"] == "TaskDuration")

    before = spent()
    found = dict(page.evaluate(_KEY, text))
    return {**found, "processor": 1000 * (spent() - before)}


def told(typed: Sequence[dict[str, Any]]) -> list[str]:
    """The keys in a few lines."""
    slowest = max(typed, key=lambda one: one["processor"])
    return [
        *(f"{len(typed)} keys, {name}: {_spread([one[name] for one in typed])}" for name in ("processor", "milliseconds")),
        f"slowest: {slowest}",
        f"most postings of a key: {max(one['postings'] for one in typed):,}",
    ]


def _spread(spent: Sequence[float]) -> str:
    ordered = sorted(spent)
    most = f"95 of 100 within {ordered[int(0.95 * len(ordered))]:.1f} ms, all within {ordered[-1]:.1f} ms"
    return f"median {statistics.median(ordered):.1f} ms, {most}"


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=3000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = given.out or Path(folder) / "site"
        figures = made(Size(given.models, given.columns), out)
        print(f"{given.models:,} models, {given.models * given.columns:,} columns")
        print(
            "\n".join(
                f"{name}: {value:,.1f}" if name.startswith("CPU") else f"{name}: {value:,} bytes"
                for name, value in figures.items()
            )
        )
        with chromium() as browser:
            typed = keys(browser, out, WORDS)
    print("\n".join(told(typed)))
    return int(max(one["processor"] for one in typed) > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
