"""Payments and events of the demo shop land through a broker as they do from files: the same rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.broker import shop
from lab.broker.broker import Broker
from lab.places import REPOSITORY
from sluice.core.duck import connect
from sluice.demo import DemoOptions, generate
from sluice.ingest.feeds import load_feeds
from sluice.ingest.run import run
from sluice.lake.contracts import load_contracts

TABLES = ("payments/transactions", "web/events")


def test_the_rows_are_the_same(broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    demo, memory = tmp_path / "demo", tmp_path / "sent.json"
    generate(DemoOptions(orders=60, days=3, seed=1), demo)
    sent = shop.send(broker, demo, memory)
    assert sent > 60
    assert shop.send(broker, demo, memory) == 0
    monkeypatch.setenv("DEMO", str(demo))
    monkeypatch.setenv("BROKERS", broker.bootstrap)
    contracts = load_contracts(REPOSITORY)
    chosen = {name.replace("/", "."): contracts[name.replace("/", ".")] for name in TABLES}
    for name in ("demo", "demo_stream"):
        feeds = [feed for feed in load_feeds([REPOSITORY / f"feeds/{name}.yml"], contracts=contracts) if feed.name in chosen]
        reports = list(run(feeds, chosen, tmp_path / name, run_id="x"))
        assert [report.refused for report in reports] == [(), ()]
        assert sum(report.rows_read for report in reports) == sent
    with connect(extensions=["delta"]) as connection:
        for table in TABLES:
            files, stream = (
                f"(select * exclude (_file, _position, _batch_id, _loaded_at) from delta_scan('{tmp_path / name}/raw/{table}'))"
                for name in ("demo", "demo_stream")
            )
            for one, other in ((files, stream), (stream, files)):
                assert connection.execute(f"select count(*) from ({one} except all {other})").fetchone() == (0,)
