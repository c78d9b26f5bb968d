"""Great Expectations' Data Docs of an audit, as files that open without a network.

GX renders the pages. They would fetch style sheets, scripts, fonts and a logo from seven hosts; those tags are removed, and
two small files (static/) replace what the pages need of them. Charts become bars beside their figures.
"""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import great_expectations as gx
from great_expectations.core import ExpectationSuite, ExpectationSuiteValidationResult, ExpectationValidationResult
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext
from great_expectations.data_context.types.resource_identifiers import ExpectationSuiteIdentifier, ValidationResultIdentifier
from great_expectations.expectations.expectation import Expectation
from great_expectations.validator.validation_statistics import calc_validation_statistics

from sluice.core.errors import SluiceError
from sluice.quality.expectations.declared import AuditedModel

Run = tuple[AuditedModel, Sequence[Expectation], Mapping[str, ExpectationValidationResult]]
_OWN_FILES = Path(__file__).parent / "static"
_SITE = "audit"
_FETCHING = re.compile(
    r"<script[^>]*\bsrc=[\"'](?:https?:)?//[^>]*>\s*</script>"
    r"|<link[^>]*\bhref=[\"'](?:https?:)?//[^>]*>"
    # Scripts for jQuery, which static/docs.js replaces, and advertisements.
    r"|<footer>.*?</footer>"
    r"|<script>(?:(?!</script>).)*?\$\((?:(?!</script>).)*</script>",
    re.DOTALL | re.IGNORECASE,
)
_LOGO = re.compile(r"https://great-expectations-web-assets[^\"')]*")


# GX writes a wrong number of ../
_STATIC = re.compile(r"(?:\.\./)+static/")


def write_docs(folder: Path, file: Path, checked_at: datetime, runs: Iterable[Run]) -> None:
    """Write one page per suite and per result, an index, and every file that they need. Existing docs are replaced.

    Raises SluiceError where the folder cannot be written, or holds something else.
    """
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / "static" / "docs.css").exists())):
        raise SluiceError(
            "the folder contains something other than Data Docs", where=str(folder), hint="name a new or an empty folder"
        )
    context = gx.get_context(mode="ephemeral")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for site in list(context.get_site_names()):
            context.delete_data_docs_site(site)
        context.add_data_docs_site(_SITE, _site(folder))
        run_id = RunIdentifier(run_name=file.name, run_time=checked_at.replace(tzinfo=UTC))
        for model, expectations, results in runs:
            context.suites.add(ExpectationSuite(_named(model.relation), expectations=list(expectations)))
            _store(context, model.relation, list(results.values()), run_id)
        context.build_data_docs()
        _make_self_contained(folder)
    except OSError as error:
        raise SluiceError(f"Data Docs cannot be written: {error.strerror}", where=str(folder)) from error


def _named(relation: str) -> str:
    """The suite's name, without dots: GX makes folders of them, and then a wrong number of `../`."""
    return relation.replace(".", "-")


def _site(folder: Path) -> Any:
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder.absolute())},
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder", "show_cta_footer": False},
    }


def _store(
    context: EphemeralDataContext, relation: str, results: list[ExpectationValidationResult], run_id: RunIdentifier
) -> None:
    statistics = calc_validation_statistics(results)
    suite = ExpectationSuiteIdentifier(name=_named(relation))
    batch = {"datasource_name": "warehouse", "data_connector_name": "duckdb", "data_asset_name": relation}
    context.validation_results_store.store_validation_results(
        suite_validation_result=ExpectationSuiteValidationResult(
            results=results,
            success=statistics.success,
            suite_name=_named(relation),
            statistics=statistics._asdict(),
            meta={
                "run_id": run_id,
                "validation_time": run_id.run_time,
                "great_expectations_version": gx.__version__,
                "active_batch_definition": {**batch, "batch_identifiers": {}},
                "batch_spec": {},
                "batch_markers": {},
            },
            batch_id=relation,
        ),
        suite_validation_result_identifier=ValidationResultIdentifier(suite, run_id, batch_identifier=relation),
        expectation_suite_identifier=suite,
    )


def _make_self_contained(folder: Path) -> None:
    for own in _OWN_FILES.iterdir():
        shutil.copyfile(own, folder / "static" / own.name)
    for style in folder.rglob("*.css"):
        style.write_text(_LOGO.sub("../images/logo-long.png", style.read_text(encoding="utf-8")), encoding="utf-8")
    for page in [*folder.glob("validations/**/*.html"), *folder.glob("expectations/**/*.html")]:
        page.write_text(_self_contained(page.read_text(encoding="utf-8"), _up(page, folder)), encoding="utf-8")
    (folder / "index.html").write_text(_index(folder), encoding="utf-8")


def _up(page: Path, folder: Path) -> str:
    return "../" * (len(page.relative_to(folder).parts) - 1)


def _self_contained(page: str, up: str) -> str:
    kept = _LOGO.sub(f"{up}static/images/logo-long.png", _FETCHING.sub("", page))
    kept = _STATIC.sub(f"{up}static/", kept)
    own = f'<link rel="stylesheet" href="{up}static/docs.css"><script src="{up}static/docs.js"></script>'
    return kept if own in kept else kept.replace("<head>", f"<head>{own}", 1)


def _index(folder: Path) -> str:
    """The index; GX's own needs a library from the network."""
    results = sorted(folder.glob("validations/**/*.html"), key=lambda page: page.name)
    rows = "".join(_row(page, folder) for page in results)
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Data Docs</title>'
        '<link rel="shortcut icon" href="static/images/favicon.ico"><link rel="stylesheet" href="static/docs.css"></head>'
        '<body><div class="container-fluid"><h4>Data Docs</h4>'
        f"<table><tr><th>checked at</th><th>warehouse</th><th>model</th><th>result</th></tr>{rows}</table></div></body></html>\n"
    )


def _row(page: Path, folder: Path) -> str:
    failed = 'fa-times text-danger" aria-hidden="true"></i> Failed' in page.read_text(encoding="utf-8")
    mark = "fa-times text-danger" if failed else "fa-check-circle text-success"
    run, moment = page.parent.parent.name, datetime.strptime(page.parent.name, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)
    link = f'<a href="{html.escape(str(page.relative_to(folder)))}">{html.escape(page.stem)}</a>'
    cells = (f"{moment:%Y-%m-%d %H:%M:%S} UTC", html.escape(run), link, f'<i class="fas {mark}"></i>')
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
