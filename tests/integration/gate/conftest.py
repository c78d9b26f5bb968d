"""Shops whose releases are in a folder and on S3; an S3 server on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.helpers import preloaded

from lab.tiny_releases import ReleaseShop, shop_in
from sluice.store.s3 import Bucket


@pytest.fixture(scope="module", autouse=True)
def preloaded_sluice() -> Iterator[None]:
    """Commands that are started from within this process start preloaded."""
    with preloaded.found_by_this_process():
        yield


@pytest.fixture
def shop(tmp_path: Path) -> ReleaseShop:
    """A shop whose releases are in a folder."""
    return shop_in(tmp_path)


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """Address (host:port) of an S3 server with the bucket `releases`; the AWS_ variables lead to it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    host, port = address.split(":")
    command = [str(Path(sys.executable).parent / "moto_server"), "-H", host, "-p", port]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    own = {"AWS_ENDPOINT_URL": f"http://{address}", "AWS_REGION": "us-east-1"}
    own |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "NO_PROXY": "127.0.0.1"}
    with pytest.MonkeyPatch.context() as patched:
        for name, value in own.items():
            patched.setenv(name, value)
        _make_bucket(f"http://{address}/releases", server)
        yield address
    server.kill()
    server.wait()


def _make_bucket(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(urllib.request.Request(url, method="PUT"), timeout=5)  # noqa: S310  # loopback
        except (urllib.error.URLError, ConnectionError):
            assert server.poll() is None, "the S3 server ended"
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the S3 server does not answer")


@pytest.fixture
def bucket(s3: str, tmp_path: Path) -> Bucket:
    """A place on S3 that no other test uses."""
    assert s3
    return Bucket(f"s3://releases/{tmp_path.name}-{os.getpid()}", tmp_path / "warehouse" / "cache")


@pytest.fixture(params=["folder", "s3"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> ReleaseShop:
    """A shop in a folder, and one on S3: the same has to hold."""
    return shop_in(tmp_path) if request.param == "folder" else ReleaseShop(tmp_path, request.getfixturevalue("bucket"))
