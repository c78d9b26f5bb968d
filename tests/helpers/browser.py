"""Chromium as a reader has it: without a network; what it complains about is collected. And the pixels of a picture."""

from __future__ import annotations

import shutil
import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

Colour = tuple[int, int, int]


@dataclass
class Reader:
    """A page that is open, and what was wrong: messages of the console, errors of scripts, requests that left the disk."""

    page: Any
    wrong: list[str] = field(default_factory=list)

    def open(self, file: Path, anchor: str = "") -> None:
        """Open a file."""
        self.page.goto(file.as_uri() + anchor)


@contextmanager
def chromium() -> Iterator[Any]:
    """The machine's own Chromium, started once for several readers. Skips where there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium): the site was parsed, but not drawn")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@contextmanager
def reader(browser: Any, *, width: int = 1280, dark: bool = False, script: bool = True) -> Iterator[Reader]:
    """A reader in Berlin, offline."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        java_script_enabled=script,
        offline=True,
        timezone_id="Europe/Berlin",
        locale="en-GB",
    )
    found = Reader(context.new_page())
    found.page.on("console", lambda said: found.wrong.extend([said.text] * (said.type in ("error", "warning"))))
    found.page.on("pageerror", lambda error: found.wrong.append(str(error)))
    found.page.on("request", lambda asked: found.wrong.extend([asked.url] * (not asked.url.startswith("file:"))))
    found.page.on("requestfailed", lambda asked: found.wrong.append(f"{asked.url} was not read"))
    try:
        yield found
    finally:
        context.close()


def judged(page: Any) -> list[str]:
    """What axe-core finds serious or critical on the page, by its rules."""
    from axe_playwright_python.sync_playwright import Axe

    # Without preload: it would read style sheets by requests, which a page from disk may not make.
    found = Axe().run(page, options={"preload": False}).response["violations"]
    return [
        f"{one['id']}: {node['html'][:160]}" for one in found if one["impact"] in ("serious", "critical") for node in one["nodes"]
    ]


def colours(png: bytes) -> Counter[Colour]:
    """How many pixels of a picture have each colour: PNG as Chromium writes it, eight bits, not interlaced."""
    width, height, depth, kind = struct.unpack(">IIBB", png[16:26])
    assert (depth, kind in (2, 6)) == (8, True)
    size = 3 if kind == 2 else 4
    packed, at = b"", 8
    while at < len(png):
        length, name = struct.unpack(">I4s", png[at : at + 8])
        packed += png[at + 8 : at + 8 + length] if name == b"IDAT" else b""
        at += length + 12
    raw, row = zlib.decompress(packed), bytes(width * size)
    found: Counter[Colour] = Counter()
    for line in range(height):
        start = line * (width * size + 1)
        row = _unfiltered(raw[start], raw[start + 1 : start + 1 + width * size], row, size)
        found.update(zip(row[0::size], row[1::size], row[2::size], strict=True))
    return found


def _unfiltered(kind: int, line: bytes, above: bytes, size: int) -> bytes:
    """A line of a PNG, of which each byte is the difference to a guess from its neighbours."""
    if kind == 0:
        return line
    out = bytearray(line)
    for at, value in enumerate(line):
        left = out[at - size] if at >= size else 0
        corner = above[at - size] if at >= size else 0
        up = above[at]
        guess = {1: left, 2: up, 3: (left + up) // 2}.get(kind)
        if guess is None:
            straight = left + up - corner
            guess = min((left, up, corner), key=lambda one: abs(straight - one))
        out[at] = (value + guess) & 255
    return bytes(out)
