"""`sluice metrics --serve` answers at /metrics, a few requests at a time, until SIGTERM."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

import pytest

from sluice.core.errors import SluiceError
from sluice.metrics.server import REQUESTS, address, serve
from sluice.metrics.text import CONTENT_TYPE


def ask(url: str, method: str = "GET", path: str | None = None) -> tuple[int, str, HTTPResponse]:
    parts = urlsplit(url)
    connection = HTTPConnection(str(parts.hostname), parts.port, timeout=30)
    connection.request(method, path or parts.path)
    response = connection.getresponse()
    return response.status, response.read().decode(), response


def served(work: Callable[[str], object], make: Callable[[], str] = lambda: "m 1\n") -> object:
    """What `work` gives, which is called with the address while it is served; then SIGTERM ends it."""
    with ThreadPoolExecutor(1) as beside:

        def ready(url: str) -> None:
            done.append(beside.submit(_then_end, work, url))

        done: list[object] = []
        serve(("127.0.0.1", 0), make, ready)
        return done[0].result()  # type: ignore[attr-defined]


def _then_end(work: Callable[[str], object], url: str) -> object:
    try:
        return work(url)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)


def test_metrics_are_at_one_path_and_are_only_read() -> None:
    def work(url: str) -> None:
        status, text, response = ask(url)
        assert (status, text, response.getheader("Content-Type")) == (200, "m 1\n", CONTENT_TYPE)
        assert ask(url, "HEAD")[:2] == (200, "")
        assert ask(url, path="/metrics?x=1")[0] == 200
        assert ask(url, path="/")[0] == 404
        assert ask(url, path="/../environments.yml")[0] == 404
        assert ask(url, "POST")[0] == 501
        assert urlsplit(url).hostname == "127.0.0.1"

    before = signal.getsignal(signal.SIGTERM)
    served(work)
    assert signal.getsignal(signal.SIGTERM) is before


def test_many_requests_measure_once() -> None:
    made = []

    def make() -> str:
        made.append(1)
        return f"m {len(made)}\n"

    def work(url: str) -> list[str]:
        return [ask(url)[1] for _ in range(20)]

    assert served(work, make) == ["m 1\n"] * 20


def test_who_holds_connections_gets_no_more_of_them() -> None:
    def work(url: str) -> list[int]:
        parts = urlsplit(url)
        silent = [socket.create_connection((str(parts.hostname), parts.port or 0)) for _ in range(REQUESTS)]
        turned_away = ask(url)[0]
        for one in silent:
            one.close()
        while ask(url)[0] == 503:  # until the server has seen that they are gone
            pass
        return [turned_away, ask(url)[0]]

    assert served(work) == [503, 200]


def test_a_port_that_is_taken_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SluiceError, match=f"cannot listen at 127.0.0.1:{port}: Address already in use"):
            serve(("127.0.0.1", port), lambda: "", lambda _: None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9469", ("127.0.0.1", 9469)),
        (":9469", ("127.0.0.1", 9469)),
        ("build.example:80", ("build.example", 80)),
        ("[::1]:80", ("::1", 80)),
    ],
)
def test_the_host_is_loopback_unless_it_is_named(text: str, expected: tuple[str, int]) -> None:
    assert address(text) == expected


@pytest.mark.parametrize("text", ["", "host", "host:", "70000", "127.0.0.1:-1", "1e3"])
def test_what_is_not_a_port_is_an_error(text: str) -> None:
    with pytest.raises(SluiceError, match="is not a port to listen at"):
        address(text)
