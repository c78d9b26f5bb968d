"""Writes the site into a folder, which is replaced as a whole."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import duckdb

from sluice.core import log
from sluice.core.document import plain
from sluice.core.errors import SluiceError
from sluice.core.progress import Tell, silent
from sluice.site import parts
from sluice.site.context import Asset, DataFile, Json, Page, Site
from sluice.site.frame import OWN, file_of, whole

MARK = ".sluice-site"
# Most make one page; a maker may find that its subject has several.
MakePage = Callable[[Site], Page | Sequence[Page]]


@dataclass(frozen=True)
class PageFile:
    """A page that was written; `trouble` is why it says only that it could not be made."""

    file: str
    title: str
    bytes: int
    seconds: float
    trouble: str = ""


@dataclass(frozen=True)
class Written:
    """A site that was written."""

    out: str
    environment: str
    release_id: str | None
    pages: tuple[PageFile, ...]
    bytes: int
    seconds: float


def write(site: Site, made_by: Sequence[MakePage], out: Path, tell: Tell = silent) -> Written:
    """Write all pages. Raises SluiceError, and writes nothing, where `out` holds something else than a site."""
    started = time.monotonic()
    _must_be_ours(out)
    fresh = out.with_name(f".{out.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    (fresh / "assets").mkdir(parents=True)
    (fresh / "data").mkdir()
    (fresh / MARK).write_text("", encoding="utf-8")
    made: list[tuple[Page, float, str]] = []
    for number, make in enumerate(made_by):
        tell(make.__module__.rpartition(".")[0].rpartition(".")[2], number / len(made_by))
        made += _made(site, make)
    pages = [page for page, _, _ in made]
    for asset in dict.fromkeys((*OWN, *(asset for page in pages for asset in page.assets))):
        _copy(asset, fresh / "assets")
    for page in pages:
        for data in page.data:
            _script(data, fresh / "data" / f"{data.name}.js")
    found = tuple(_page(site, page, pages, fresh, spent, trouble) for page, spent, trouble in made)
    size = sum(path.stat().st_size for path in fresh.rglob("*") if path.is_file())
    _put(fresh, out)
    release = site.shown.release_id if site.shown else None
    return Written(str(out), site.environment, release, found, size, round(time.monotonic() - started, 3))


def _must_be_ours(out: Path) -> None:
    """A folder with other files is not replaced."""
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).exists():
        hint = "name a new folder, or an earlier site"
        raise SluiceError("the folder is not empty, and not a site", where=str(out), hint=hint)
    if out.exists() and not out.is_dir():
        raise SluiceError("this is a file", where=str(out), hint="name a folder: --out site")


def _made(site: Site, make: MakePage) -> list[tuple[Page, float, str]]:
    """Pages, what they took, and why one could not be made; then it says so itself."""
    started = time.monotonic()
    try:
        found = make(site)
        pages = [replace(page, body=tuple(page.body)) for page in ([found] if isinstance(found, Page) else found)]
        return [(page, (time.monotonic() - started) / len(pages), "") for page in pages]
    except (SluiceError, duckdb.Error) as error:
        slug = make.__module__.removeprefix("sluice.site.").partition(".")[0]
        said = error.what if isinstance(error, SluiceError) else str(error).splitlines()[0]
        where = f" ({error.where})" if isinstance(error, SluiceError) and error.where else ""
        log.note(f"the page {slug} could not be made: {said}{where}")
        body = [parts.said(said + where, "bad"), parts.said(error.hint) if isinstance(error, SluiceError) and error.hint else ""]
        failed = Page(slug=slug, title=slug.capitalize(), lead="This page could not be made.", body=body)
        return [(failed, time.monotonic() - started, said)]


def _copy(asset: Asset, folder: Path) -> None:
    (folder / asset.file).write_bytes(files(asset.package).joinpath(asset.file).read_bytes())


def _script(data: DataFile, path: Path) -> None:
    """A script, because a page that is opened from disk may not fetch; no value of it can end the script."""
    known = data.value
    text = known.text if isinstance(known, Json) else json.dumps(plain(known), separators=(",", ":"), ensure_ascii=False)
    value = text.replace("</", "<\\/")
    path.write_text(f"sluice.data({json.dumps(data.name)},{value})\n", encoding="utf-8")


def _page(site: Site, page: Page, pages: Sequence[Page], folder: Path, spent: float, trouble: str) -> PageFile:
    text = whole(site, page, pages)
    name = file_of(page.slug)
    (folder / name).write_text(text, encoding="utf-8")
    return PageFile(name, page.title, len(text.encode()), round(spent, 3), trouble)


def _put(fresh: Path, out: Path) -> None:
    """Put the new folder in the place of the old one."""
    old = out.with_name(f".{out.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    fresh.rename(out)
    shutil.rmtree(old, ignore_errors=True)
