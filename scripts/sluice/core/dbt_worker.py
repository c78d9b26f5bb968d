"""A process in which dbt runs one command after another: what it imports, and the files that it has parsed, serve them all.

Each line on stdin is a command: {"arguments": [...], "environment": {...}}. dbt's log, as JSON, goes to stdout; then a line
{"ended": {...}} with the exit code that dbt's own command line would have. It ends where stdin ends. With --about it says what
its Python has, and runs nothing.

The project's Python runs this file, which may have neither Sluice nor its packages, and be older: nothing but the standard
library of Python 3.9 and dbt is imported here.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, Any

# dbt makes millions of objects that live to the end: looking for garbage among them takes a fifth of its time.
_OBJECTS_BEFORE_A_LOOK = 200_000


def about() -> dict[str, Any]:
    """The versions of this Python, of dbt, its adapter and DuckDB (empty if missing), and the packages that it imports from."""
    packages = {path.name for place in sys.path for path in Path(place or ".").glob("*.dist-info")}
    return {
        "python": sys.version,
        **{key: _version(name) for key, name in (("dbt", "dbt-core"), ("adapter", "dbt-duckdb"), ("duckdb", "duckdb"))},
        "packages": sorted(packages),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def main() -> None:
    """Run the commands on stdin, or say what this Python has."""
    if Path(sys.path[0]).resolve() == Path(__file__).resolve().parent:
        del sys.path[0]  # the modules beside this file are not those that dbt means
    if sys.argv[1:] == ["--about"]:
        print(json.dumps(about()))
        return
    gc.set_threshold(_OBJECTS_BEFORE_A_LOOK, 20, 100)
    json.dump = _dump  # type: ignore[assignment]  # called as dbt calls it
    first = dict(os.environ)
    # While the other process prepares the first command.
    import dbt.adapters.duckdb
    import dbt.cli.main  # noqa: F401

    for line in sys.stdin:
        command = json.loads(line)
        os.environ.clear()
        os.environ.update({**first, **command["environment"]})
        ended = _run(command["arguments"])
        print(json.dumps({"ended": ended}), flush=True)
    _end()


def _run(arguments: list[str]) -> dict[str, Any]:
    from dbt.cli.main import dbtRunner

    done = dbtRunner().invoke(arguments)
    code = 0 if done.success else 1 if done.exception is None else 2
    listed = done.result if isinstance(done.result, list) else []
    return {"code": code, "error": str(done.exception or ""), "listed": [line for line in listed if isinstance(line, str)]}


def _dump(document: Any, file: IO[str], **more: Any) -> None:
    """json.dump, which encodes piece by piece in Python, in one piece in C: dbt writes its manifest twice in every build."""
    file.write(json.dumps(document, **more))


def _end() -> None:
    """End at once: to free every object takes as long as a small build."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
