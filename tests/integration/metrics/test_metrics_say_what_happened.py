"""`sluice metrics` says of each feed, run, release, check and disk what lake/ops and the store of releases say."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.helpers.debian import program
from tests.helpers.schemas import document
from tests.helpers.watched import FIRST, SECOND, labels, project_in, samples, two_nights
from typer.testing import CliRunner, Result

from lab.tiny_releases import ReleaseShop
from sluice.cli import app
from sluice.metrics.families import BUILD_INFO, MEASURED_AT, PARTS, PREFIX, SUCCESS


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReleaseShop:
    made = project_in(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    return made


def metrics(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["metrics", *arguments])


def seconds(moment: datetime) -> float:
    return moment.replace(tzinfo=UTC).timestamp()


def test_every_figure_is_that_of_the_history(shop: ReleaseShop) -> None:
    release_id = two_nights(shop)
    done = metrics()
    found = samples(done.stdout)
    assert done.exit_code == 0
    orders, refunds, prod = labels(feed="shop.orders"), labels(feed="shop.refunds"), labels(environment="prod")
    assert found["sluice_feed_rows_landed_total"] == {orders: 220, refunds: 7}
    assert found["sluice_feed_rows_rejected_total"] == {orders: 6, refunds: 0}
    assert found["sluice_feed_batches_total"] == {orders: 2, refunds: 1}
    assert found["sluice_feed_files_refused_total"] == {orders: 0, refunds: 1}
    assert found["sluice_feed_last_rows_timestamp_seconds"] == {orders: seconds(SECOND), refunds: seconds(FIRST)}
    # Two rows were dropped, and the decision about one of them has expired since.
    assert found["sluice_feed_quarantine_open_rows"] == {orders: 5, refunds: 0}
    # The source says 36 hours and 3 days; one of its tables has no limit.
    limit = {labels(feed="shop.orders", severity="warn"): 129600, labels(feed="shop.orders", severity="error"): 259200}
    assert found["sluice_feed_freshness_limit_seconds"] == limit
    # The environment of a pull request is left out: there is a new one for each.
    run, ingest = labels(environment="prod", command="run"), labels(environment="", command="ingest")
    publish = labels(environment="prod", command="publish")
    assert found["sluice_last_run_success"] == {run: 0, ingest: 1, publish: 1}
    done_at = found["sluice_last_success_timestamp_seconds"]
    assert (done_at[run], done_at[ingest]) == (seconds(FIRST) + 90, seconds(SECOND) + 90)
    build, audit = labels(environment="prod", step="build"), labels(environment="prod", step="audit")
    assert [found["sluice_last_step_duration_seconds"][step] for step in (build, audit)] == [55, 8]
    assert [found["sluice_last_step_success"][step] for step in (build, audit)] == [1, 0]
    assert {dict(key)["status"]: value for key, value in found["sluice_checks"].items() if ("kind", "data_test") in key} == {
        "pass": 2, "warn": 0, "fail": 0, "error": 0, "skipped": 0, "not_run": 0,
    }  # fmt: skip
    assert found["sluice_checks"][labels(environment="prod", kind="expectation", status="fail")] == 1
    # Of the newest audit; the first one had a signal that blocked.
    assert found["sluice_chart_signals_blocking"] == {
        labels(environment="prod", severity="warn"): 0, labels(environment="prod", severity="error"): 0,
    }  # fmt: skip
    assert found["sluice_chart_signals"][labels(environment="prod", severity="warn")] == 2
    # One is open, one is acknowledged, and one was resolved; dev has none.
    not_over = {tuple(sorted(key)): value for key, value in found["sluice_incidents"].items() if value}
    assert not_over == {
        (("environment", "prod"), ("severity", "error"), ("state", "open")): 1,
        (("environment", "prod"), ("severity", "error"), ("state", "acknowledged")): 1,
    }
    team = labels(channel="team")
    assert [found[f"sluice_messages_{name}"] for name in ("sent_total", "dropped_total", "waiting")] == [{team: 1}] * 3
    table = labels(environment="prod", relation="core.orders")
    assert found["sluice_table_rows"] == {table: 220}
    assert found["sluice_table_newest_data_timestamp_seconds"] == {table: seconds(FIRST) - 3 * 3600}
    record = shop.store.record(release_id)
    assert record.built_at is not None
    assert found["sluice_release_built_timestamp_seconds"] == {prod: datetime.fromisoformat(record.built_at).timestamp()}
    (info,) = found["sluice_release_info"]
    assert dict(info) == {"environment": "prod", "release_id": release_id, "commit": "0" * 40}
    assert found["sluice_disk_size_bytes"][labels(folder="lake")] == shutil.disk_usage(shop.root).total
    used = subprocess.run(["du", "--summarize", "--block-size=1", str(shop.root / "lake")], capture_output=True, check=True)
    folders = sum(path.is_dir() for path in [shop.root / "lake", *(shop.root / "lake").rglob("*")])
    assert found["sluice_disk_used_bytes"][labels(folder="lake")] == pytest.approx(
        int(used.stdout.split()[0]), abs=4096 * folders
    )


def test_programs_get_the_same_as_json(shop: ReleaseShop) -> None:
    two_nights(shop)
    done = metrics("--format", "json")
    found = document(["metrics"], done.stdout)
    assert done.exit_code == 0
    landed = {row["feed"]: row["rows_landed"] for row in found["rows"]["feeds"]}
    assert landed == {"shop.orders": 220, "shop.refunds": 7}


def test_prometheus_accepts_the_text(shop: ReleaseShop) -> None:
    two_nights(shop)
    text = metrics().stdout
    checked = subprocess.run(
        [program("promtool", "prometheus"), "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    known = {PREFIX + one.name for one in (BUILD_INFO, MEASURED_AT, SUCCESS, *(one for part in PARTS for one in part.metrics))}
    assert {line.split()[2].removesuffix("_total") for line in text.splitlines() if line.startswith("# HELP")} == {
        name.removesuffix("_total") for name in known
    }


def test_a_project_without_a_lake_has_metrics_too(shop: ReleaseShop) -> None:
    done = metrics()
    found = samples(done.stdout)
    assert (done.exit_code, done.stderr) == (0, "")
    assert set(found[PREFIX + SUCCESS.name].values()) == {1}
    assert "sluice_feed_rows_landed_total" not in found
    assert not (shop.root / "lake").exists()


def test_what_is_damaged_is_missing_and_named_and_the_rest_is_there(shop: ReleaseShop) -> None:
    two_nights(shop)
    for log in (shop.root / "lake" / "ops" / "runs" / "_delta_log").glob("*.json"):
        log.write_text("{")
    for data in (shop.root / "lake" / "ops" / "checks").glob("*.parquet"):
        data.unlink()
    link = shop.store.link("prod")
    assert link is not None
    link.unlink()
    link.write_text("not a link")
    done = metrics()
    found = samples(done.stdout)
    parts = {dict(key)["part"] for key, value in found[PREFIX + SUCCESS.name].items() if not value}
    assert parts == {"runs", "outcomes", "checks", "checked", "releases", "release_info"}
    assert done.exit_code == 2
    assert {line.partition(" cannot be read: ")[0].removeprefix("note: ") for line in done.stderr.splitlines()} == parts
    assert "The log" not in done.stdout
    assert found["sluice_feed_rows_landed_total"][labels(feed="shop.orders")] == 220


def test_more_feeds_than_anybody_has_are_cut_off(shop: ReleaseShop, monkeypatch: pytest.MonkeyPatch) -> None:
    two_nights(shop)
    monkeypatch.setattr("sluice.metrics.measure.MOST", 1)
    monkeypatch.setattr("sluice.metrics.history.MOST", 1)
    done = metrics()
    assert done.exit_code == 2
    assert len(samples(done.stdout)["sluice_feed_rows_landed_total"]) == 1
    assert "feeds cannot be read" in done.stderr


def test_a_file_is_replaced_whole_and_others_may_read_it(shop: ReleaseShop) -> None:
    out = shop.root / "sluice.prom"
    out.write_text("before")
    with out.open() as opened:
        done = metrics("--out", str(out))
        assert opened.read() == "before"
    assert (done.exit_code, done.stdout) == (0, "")
    assert samples(out.read_text())["sluice_build_info"]
    assert out.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in shop.root.glob("*.prom*")] == ["sluice.prom"]
    nowhere = metrics("--out", str(shop.root / "no" / "sluice.prom"))
    assert nowhere.exit_code != 0
