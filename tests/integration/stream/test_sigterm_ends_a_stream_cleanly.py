"""`sluice stream` in a project: it lands, ends with 0 after SIGTERM, and leaves a row in the history."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import yaml
from tests.helpers.kafka import a_topic, send
from tests.helpers.preloaded import BIN
from tests.helpers.schemas import document

from lab.broker.broker import Broker
from sluice.core.duck import connect

SOURCES = {"sources": [{"name": "web", "tables": [{"name": "events", "columns": [{"name": "id", "data_type": "bigint"}]}]}]}


def count(project: Path, table: str, where: str = "true") -> int:
    folder = project / "lake" / table
    if not (folder / "_delta_log").exists():
        return 0
    with connect(extensions=["delta"]) as connection:
        row = connection.execute(f"select count(*) from delta_scan('{folder}') where {where}").fetchone()
    return int(row[0]) if row else 0


def test_it_lands_and_ends_with_0(broker: Broker, tmp_path: Path) -> None:
    topic = a_topic(broker)
    (tmp_path / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "sources.yml").write_text(yaml.safe_dump(SOURCES))
    feed = {"source": "web", "table": "events", "format": "kafka", "brokers": "${BROKERS}", "topic": topic, "batch_seconds": 0.2}
    (tmp_path / "feeds.yml").write_text(yaml.safe_dump({"feeds": [feed]}))
    environment = {**os.environ, "BROKERS": broker.bootstrap}
    for name in ("SLUICE_LAKE", "SLUICE_WAREHOUSE"):
        environment.pop(name, None)
    command = [str(BIN / "sluice"), "stream", "feeds.yml", "--format", "json"]
    send(broker, topic, [json.dumps({"id": number}) for number in range(7)])
    with subprocess.Popen(command, cwd=tmp_path, env=environment, text=True, stdout=subprocess.PIPE) as process:
        until = time.monotonic() + 120
        while count(tmp_path, "raw/web/events") < 7 and process.poll() is None and time.monotonic() < until:
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        told, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    (report,) = document(command[1:], told)["feeds"]
    assert (report["feed"], report["rows_landed"], report["refused"]) == ("web.events", 7, [])
    assert count(tmp_path, "ops/runs", "command = 'stream' and outcome = 'done'") == 1
    assert count(tmp_path, "ops/streams", "rows_landed = 7 and lag = 0") == 1
    assert count(tmp_path, "ops/batches") > 0
