"""Spark's side of (j): its environment, its jars, and one run on a topic."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from lab.broker import jars
from lab.broker.broker import Broker
from lab.places import BIN, REPOSITORY

POM = Path(__file__).with_name("pom.xml")
LOCK = REPOSITORY / "requirements" / "spark.txt"


def spark_landed(running: Broker, topic: str, events: int, batch: int, root: Path) -> dict[str, Any]:
    """What Spark needs for the topic, its first batch left out. `root` is scratch, in which its environment is kept."""
    table, packages = root / "spark-table", jars.once("spark", POM, _get)
    shutil.rmtree(table, ignore_errors=True)
    program = [str(_python(root / "spark")), str(Path(__file__).with_name("program.py"))]
    command = [*program, running.bootstrap, topic, str(packages), str(table), str(batch)]
    environment = {**os.environ, "PYTHONPATH": "", "SPARK_LOCAL_IP": "127.0.0.1"}
    done = subprocess.run(command, env=environment, check=True, text=True, stdout=subprocess.PIPE)
    found = DeltaTable(str(table / "table")).to_pyarrow_dataset().count_rows()
    if found != events:
        raise SystemExit(f"benchmark stopped: Spark landed {found} of {events} events")
    shutil.rmtree(table)
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def _get(folder: Path) -> None:
    arguments = ("-DincludeScope=runtime", "-DexcludeTransitive=true")
    jars.maven(POM, "dependency:copy-dependencies", f"-DoutputDirectory={folder}", *arguments)


def _python(folder: Path) -> Path:
    """A Python that has Spark, as requirements/spark.txt pins it."""
    python = folder / "bin" / "python"
    if not python.exists():
        uv, env = str(BIN / "uv"), {**os.environ, "UV_SYSTEM_CERTS": "1", "VIRTUAL_ENV": str(folder)}
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], env=env, check=True)
        subprocess.run([uv, "pip", "sync", "--quiet", str(LOCK)], env=env, check=True)
    return python
