"""From a feed that stands still, through Prometheus and Alertmanager, to a webhook: with the settings in monitoring/."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

import yaml
from tests.helpers.debian import program, root
from tests.helpers.project import REPOSITORY
from tests.helpers.watched import batch, project_in, write

from lab.tiny_releases import ReleaseShop

MONITORING = REPOSITORY / "monitoring"
# Far more than it takes, which is some ten seconds.
SECONDS_TO_WAIT = 120


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def webhook(port: int) -> Iterator[Queue[dict[str, Any]]]:
    """What is sent to the webhook, as it comes."""
    sent: Queue[dict[str, Any]] = Queue()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:
            """Nobody reads it."""

    with HTTPServer(("127.0.0.1", port), Hook) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield sent
        server.shutdown()


@contextmanager
def running(command: Sequence[str], log: Path, **more: Any) -> Iterator[None]:
    """A program that runs until the block ends; it is asked to end, and has to."""
    with log.open("w") as file, subprocess.Popen(command, stdout=file, stderr=file, **more) as process:
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def _moved(text: str, ports: dict[str, int]) -> str:
    for usual, name in (("9469", "metrics"), ("9093", "alerts"), ("9470", "hook")):
        text = text.replace(f"127.0.0.1:{usual}", f"127.0.0.1:{ports[name]}")
    return text


def settings(folder: Path, ports: dict[str, int]) -> None:
    """The settings in monitoring/ with other ports, and with patience of a second in place of minutes."""
    texts = {path.name: _moved(path.read_text(), ports) for path in MONITORING.glob("*/*.yml")}
    prometheus, alertmanager, rules = (yaml.safe_load(texts[f"{name}.yml"]) for name in ("prometheus", "alertmanager", "rules"))
    prometheus["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    alertmanager["route"]["group_wait"] = "1s"
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule.pop("for", None)
    for name, document in (("prometheus", prometheus), ("alertmanager", alertmanager), ("rules", rules)):
        (folder / f"{name}.yml").write_text(yaml.safe_dump(document))


def first(sent: Queue[dict[str, Any]], alert: str, logs: Callable[[], object]) -> dict[str, Any]:
    """The first message about an alert."""
    deadline = time.monotonic() + SECONDS_TO_WAIT
    while time.monotonic() < deadline:
        with suppress(Empty):
            told = sent.get(timeout=1)
            if alert in [one["labels"]["alertname"] for one in told["alerts"]]:
                return told
    raise AssertionError(f"no message about {alert}: {logs()}")


def programs(folder: Path, shop: ReleaseShop, ports: dict[str, int]) -> dict[str, tuple[list[str], dict[str, Any]]]:
    """The three programs by their names: the command of each, and how it is started."""
    prometheus = program("prometheus", "prometheus")
    alertmanager = program("prometheus-alertmanager", "prometheus-alertmanager")
    sluice = str(Path(sys.executable).with_name("sluice"))
    imports = os.pathsep.join(filter(None, sys.path))
    return {
        "sluice": (
            [sluice, "metrics", "--serve", str(ports["metrics"])],
            {"cwd": shop.root, "env": {**shop.environment(), "PYTHONPATH": imports}},
        ),
        "alertmanager": (
            [
                alertmanager,
                f"--config.file={folder / 'alertmanager.yml'}",
                f"--storage.path={folder / 'alertmanager'}",
                f"--web.listen-address=127.0.0.1:{ports['alerts']}",
                "--cluster.listen-address=",
            ],
            {"cwd": root(alertmanager)},
        ),
        "prometheus": (
            [
                prometheus,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'prometheus'}",
                f"--web.listen-address=127.0.0.1:{ports['prometheus']}",
            ],
            {},
        ),
    }


def test_a_feed_that_stands_still_is_reported(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    shop = project_in(tmp_path / "shop")
    now = datetime.now(UTC).replace(tzinfo=None)
    write(shop.context.lake, [batch("shop.orders", now - timedelta(days=4), 100, 0), batch("shop.refunds", now, 3, 0)])
    ports = {name: free_port() for name in ("metrics", "alerts", "hook", "prometheus")}
    settings(tmp_path, ports)
    with ExitStack() as stack:
        sent = stack.enter_context(webhook(ports["hook"]))
        for name, (command, how) in programs(tmp_path, shop, ports).items():
            stack.enter_context(running(command, tmp_path / f"{name}.log", **how))
        told = first(sent, "StaleFeed", lambda: {path.name: path.read_text()[-2000:] for path in tmp_path.glob("*.log")})
    (stale,) = (alert for alert in told["alerts"] if alert["labels"]["alertname"] == "StaleFeed")
    assert (stale["status"], stale["labels"]["feed"], stale["labels"]["severity"]) == ("firing", "shop.orders", "page")
    assert stale["annotations"]["summary"].startswith("No rows of shop.orders for 4d 0h")
    # A feed that is stale is late, too: that is not worth a message of its own.
    assert not [alert for alert in told["alerts"] if alert["labels"]["alertname"] == "LateFeed"]
