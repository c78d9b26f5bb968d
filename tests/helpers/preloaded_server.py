"""The server of preloaded programs: imports what dbt and sluice import, then forks a child for every request.

Run as `python preloaded_server.py <socket> <python> <program> ...`; it says `ready`, and ends when its standard input is closed.
A request for a name that is none of the programs is one for a module. In the children `sys.executable` is that python, so that
a program which starts another finds the preloaded one, too.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import marshal
import os
import runpy
import selectors
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import chdir, suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, NoReturn

# Beside what the programs' entry points import: what they import when they need it.
MODULES = ("dbt.adapters.duckdb.impl", "dbt.include.duckdb", "dbt.task.build", "sluice.quality.expectations.evaluate")

# As in dbt_worker: dbt makes millions of objects that live to the end.
OBJECTS_BEFORE_A_LOOK = 200_000

# A project with one of each: dbt generates the code that reads and writes its classes when it meets them.
TINY = {
    "dbt_project.yml": "{name: tiny, profile: tiny, flags: {send_anonymous_usage_stats: false}, on-run-end: [select 1]}",
    "profiles.yml": "tiny: {target: dev, outputs: {dev: {type: duckdb, path: tiny.duckdb}}}",
    "macros/one.sql": "{% macro one() %}1{% endmacro %}",
    "seeds/seed.csv": "id\n1\n",
    "tests/one.sql": "select * from {{ ref('model') }} where id <> {{ one() }}",
    "models/docs.md": "{% docs text %}Text.{% enddocs %}",
    "models/model.sql": "select 1 as id",
    "models/disabled.sql": "{{ config(enabled=false) }} select 1 as id",
    "models/models.yml": """
groups: [{name: group, owner: {name: Owner}}]
sources:
  - {name: source, tables: [{name: table, columns: [{name: id, data_type: integer}]}]}
  - {name: disabled, config: {enabled: false}, tables: [{name: table}]}
exposures: [{name: exposure, type: dashboard, owner: {name: Owner}, depends_on: ["ref('model', v=1)"]}]
models:
  - name: model
    description: "{{ doc('text') }}"
    latest_version: 1
    versions: [{v: 1, defined_in: model}]
    config: {group: group, access: public, contract: {enforced: true}}
    columns: [{name: id, data_type: integer, data_tests: [unique]}]
unit_tests:
  - name: unit
    model: model
    overrides: {macros: {is_incremental: false}}
    given: [{input: ref('seed'), rows: [{id: 1}]}]
    expect: {rows: [{id: 1}]}
  - {name: disabled, model: disabled, given: [], expect: {rows: [{id: 1}]}}
""",
}


@dataclass(frozen=True)
class Request:
    """A program to be run: its name, arguments, folder, environment, and its standard streams as file descriptors."""

    name: str
    arguments: list[str]
    folder: str
    environment: dict[str, str]
    streams: tuple[int, ...]


@dataclass(frozen=True)
class Child:
    """A process that was forked: its id, the descriptor that tells its end, and the connection of its client."""

    pid: int
    pidfd: int
    connection: socket.socket


def preload(codes: Path, programs: Sequence[str]) -> dict[str, Callable[[], Any]]:
    """Import everything and give the entry points of the programs; `codes` is a folder for quick_dbt.

    Importing duckdb opens a database, and a child would never see its threads end: one without threads takes its place.
    """
    import duckdb
    import quick_dbt  # type: ignore[import-not-found]  # these two are beside this script
    import unsigned  # type: ignore[import-not-found]

    from sluice.quality.expectations.quiet import quiet_gx

    with quiet_gx():
        for name in MODULES:
            importlib.import_module(name)
        entries = {name: entry.load() for name in programs for entry in entry_points(group="console_scripts", name=name)}
        know_sluice()
    quick_dbt.use(codes)
    warm_up()
    duckdb.default_connection().close()
    duckdb.set_default_connection(duckdb.connect(config={"threads": 1}))
    unsigned.use()
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BEFORE_A_LOOK, 20, 100)
    return entries


def know_sluice() -> None:
    """Import what its commands import when they are called, and make their options of their functions once."""
    import typer.main

    import sluice.cli

    for module in walk_packages(sluice.__path__, "sluice."):
        importlib.import_module(module.name)
    typer.main.get_command = cache(typer.main.get_command)
    typer.main.get_command(sluice.cli.app)


def warm_up() -> None:
    """Let dbt parse a project, and read what it has parsed; its static parser would start threads, which no child has."""
    from dbt.cli.main import dbtRunner

    before = threads()
    with tempfile.TemporaryDirectory() as folder:
        for name, text in TINY.items():
            (Path(folder) / name).parent.mkdir(exist_ok=True)
            (Path(folder) / name).write_text(text, encoding="utf-8")
        with chdir(folder):
            for _ in range(2):
                done = dbtRunner().invoke(["--quiet", "--no-static-parser", "parse"])
                assert done.success, done.exception
    assert threads() == before, "dbt has started threads"


def threads() -> int:
    """How many there are in this process, also those that Python knows nothing of."""
    return len(list(Path("/proc/self/task").iterdir()))


def serve(address: str) -> Request | None:
    """Fork a child for each request, and give it there; in the server, give None when it is to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with selectors.DefaultSelector() as selector, socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        selector.register(listening, selectors.EVENT_READ)
        selector.register(sys.stdin, selectors.EVENT_READ)
        print("ready", flush=True)
        while True:
            for key, _ in selector.select():
                if key.fileobj is sys.stdin:
                    return None
                if key.fileobj is listening:
                    request = _accept(listening, selector)
                    if request is not None:
                        return request
                elif key.fd == key.data.pidfd:
                    _ended(key.data, selector)
                else:
                    _left_alone(key.data, selector)


def _accept(listening: socket.socket, selector: selectors.BaseSelector) -> Request | None:
    """Fork a child for a new connection; gives its request in the child."""
    connection, _ = listening.accept()
    size, streams, _, _ = socket.recv_fds(connection, 8, 3)
    left, parts = int.from_bytes(size, "big"), []
    while left:
        parts.append(connection.recv(min(left, 1 << 16)))
        left -= len(parts[-1])
    name, arguments, folder, environment = marshal.loads(b"".join(parts))  # noqa: S302  # of our own client
    request = Request(name, arguments, folder, environment, tuple(streams))
    child = os.fork()
    if not child:
        _close(connection, selector)
        return request
    for stream in streams:
        os.close(stream)
    connection.sendall(child.to_bytes(8, "big", signed=True))
    started = Child(child, os.pidfd_open(child), connection)
    selector.register(started.pidfd, selectors.EVENT_READ, started)
    selector.register(connection, selectors.EVENT_READ, started)
    return None


def _close(connection: socket.socket, selector: selectors.BaseSelector) -> None:
    """Close, in a child, what belongs to its brothers."""
    connection.close()
    for key in list(selector.get_map().values()):
        if key.data:
            os.close(key.fd)


def _ended(child: Child, selector: selectors.BaseSelector) -> None:
    """Tell the client how its child ended."""
    selector.unregister(child.pidfd)
    os.close(child.pidfd)
    _, status = os.waitpid(child.pid, 0)
    with suppress(KeyError):
        selector.unregister(child.connection)
    with child.connection, suppress(OSError):
        child.connection.sendall(os.waitstatus_to_exitcode(status).to_bytes(8, "big", signed=True))


def _left_alone(child: Child, selector: selectors.BaseSelector) -> None:
    """The client was killed, and nobody waits for the child any more."""
    selector.unregister(child.connection)
    os.kill(child.pid, signal.SIGKILL)


def become(request: Request) -> None:
    """Take over what makes a process of its own of this child."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, stream in enumerate(request.streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(request.environment)
    time.tzset()
    os.chdir(request.folder)
    sys.argv = [os.path.join(os.path.dirname(sys.executable), request.name), *request.arguments]  # noqa: PTH118, PTH120


def run(name: str, entries: dict[str, Callable[[], Any]]) -> Any:
    """Run a program, or a module as `python -m` does."""
    if name in entries:
        return entries[name]()
    if name == "bin.sluice":
        return run_of_a_checkout()
    sys.modules.pop(name, None)  # one that was imported is run again, and runpy would warn
    runpy.run_module(name, run_name="__main__", alter_sys=True)
    return None


def run_of_a_checkout() -> Any:
    """Run the sluice that PYTHONPATH names: its code need not be the one that was imported before."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "sluice"]:
        del sys.modules[name]
    sys.path[:0] = [str(Path(folder).resolve()) for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder]
    return importlib.import_module("sluice.cli").main()


def end(code: Any) -> NoReturn:
    """End as Python does, but without freeing every object: that takes as long as a small command."""
    threading._shutdown()  # type: ignore[attr-defined]
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit((code or 0) & 0xFF)


def main() -> int:
    """Serve, and in a child, run what was asked for."""
    address, sys.executable, *programs = sys.argv[1:]
    entries = preload(Path(address).with_name("codes"), programs)
    request = serve(address)
    if request is None:
        return 0
    become(request)
    try:
        code = run(request.name, entries)
    except SystemExit as ended:
        code = ended.code
    end(code)


if __name__ == "__main__":
    sys.exit(main())
