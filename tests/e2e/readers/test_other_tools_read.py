"""The shell, a notebook, JDBC and Superset read as docs/connect.md says, through publishes. `make readers` runs them."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.preloaded import BIN
from tests.helpers.project import REPOSITORY

from lab.tiny_releases import ReleaseShop

Through = Callable[[Callable[[], int]], list[int]]
Block = Callable[..., str]

pytestmark = pytest.mark.skipif("SLUICE_READERS" not in os.environ, reason="installs Superset and others: make readers")


@pytest.fixture
def bash(shop: ReleaseShop) -> Callable[..., str]:
    """Run a block where the recipes run: the warehouse, the requirements, and uv on the path."""
    (shop.root / "requirements").symlink_to(REPOSITORY / "requirements")

    def run(code: str) -> str:
        done = subprocess.run(["bash", "-euc", code], env=environment(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{code}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    return run


def environment() -> dict[str, str]:
    """With uv on the path, and a Python for it that is not one of an environment."""
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "UV_PYTHON": f"{sys.version_info[0]}.{sys.version_info[1]}", "VIRTUAL_ENV": ""}


def test_the_shell(through_publishes: Through, block: Block, bash: Callable[..., str]) -> None:
    install, ask = block("DuckDB's shell", "bash").splitlines()
    bash(install)
    assert through_publishes(lambda: int(bash(ask).split()[-1])) == [1, 4, 3]


def test_a_notebook(shop: ReleaseShop, through_publishes: Through, block: Block, bash: Callable[..., str]) -> None:
    bash(block("A notebook", "bash"))
    *cells, last = block("A notebook", "python").strip().split("\n\n\n")
    written: list[dict[str, Any]] = [
        {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": source}
        for source in [*cells, last]
    ]
    notebook = shop.root / "orders.ipynb"
    notebook.write_text(json.dumps({"cells": written, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))

    def ask() -> int:
        bash("notebook/bin/jupyter nbconvert --to notebook --execute --output done.ipynb orders.ipynb")
        (output,) = json.loads((shop.root / "done.ipynb").read_text())["cells"][-1]["outputs"]
        return int("".join(re.findall(r"\d+", "".join(output["data"]["text/plain"]))))

    assert through_publishes(ask) == [1, 4, 3]


def test_jdbc(shop: ReleaseShop, through_publishes: Through, block: Block, bash: Callable[..., str]) -> None:
    bash(block("JDBC", "bash"))
    (shop.root / "Orders.java").write_text(block("JDBC", "java"))
    assert through_publishes(lambda: int(bash("java -cp 'drivers/*' Orders.java"))) == [1, 4, 3]


def test_superset(shop: ReleaseShop, block: Block, bash: Callable[..., str], monkeypatch: pytest.MonkeyPatch,
                  through_publishes: Through) -> None:  # fmt: skip
    shop_address = settings(shop, monkeypatch)
    bash(block("Apache Superset", "bash", 0))
    (shop.root / "superset_config.py").write_text(block("Apache Superset", "python", 0))
    bash(block("Apache Superset", "bash", 1))
    names: dict[str, Any] = {}

    def ask() -> int:
        if "dataset" not in names:
            exec(block("Apache Superset", "python", 1), names)  # noqa: S102  # it is what the page tells people to run
        return int(names["ask"](names["dataset"])[0]["orders"])

    with served(block("Apache Superset", "bash", 2), shop_address):
        assert through_publishes(ask) == [1, 4, 3]
        without_token = names["requests"].post(
            f"{shop_address}/api/v1/database/",
            json={"database_name": "forged", "sqlalchemy_uri": "duckdb://"},
            headers={"Authorization": names["session"].headers["Authorization"]},
        )
    assert (without_token.status_code, "CSRF" in without_token.text) == (400, True)


def settings(shop: ReleaseShop, monkeypatch: pytest.MonkeyPatch) -> str:
    """Set the variables that the recipe names; the address of the server to be."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{free.getsockname()[1]}"
    own = {"SUPERSET_CONFIG_PATH": str(shop.root / "superset_config.py"), "SUPERSET_HOME": str(shop.root)}
    own |= {"SUPERSET_SECRET_KEY": "a key of forty-two letters for this one test", "SUPERSET_PASSWORD": "secret"}
    own |= {
        "SUPERSET_BIND": bind,
        "SUPERSET": f"http://{bind}",
        "NO_PROXY": "127.0.0.1",
        "FLASK_APP": "superset.app:create_app()",
    }
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    return f"http://{bind}"


@contextmanager
def served(code: str, address: str) -> Iterator[None]:
    """The server while the block runs."""
    with Path("server.log").open("w", encoding="utf-8") as log:
        server = subprocess.Popen(["bash", "-euc", code], env=environment(), stdout=log, stderr=log)
    try:
        _wait_for(f"{address}/health", server)
        yield
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=60)


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(url, timeout=5)  # noqa: S310  # loopback
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            assert server.poll() is None, Path("server.log").read_text()[-3000:]
            time.sleep(0.2)
        else:
            return
    raise AssertionError("Superset does not answer")
