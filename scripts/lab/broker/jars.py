"""What the broker, the registry and Spark are made of: taken once from Maven, by poms with pinned versions."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

from lab.places import REPOSITORY
from sluice.core.errors import SluiceError

POM = Path(__file__).with_name("pom.xml")
OLDEST_JAVA = 17


def java() -> str:
    """The program java, of JAVA_HOME or of PATH. Raises SluiceError where there is none, or one that is too old."""
    home = os.environ.get("JAVA_HOME")
    program = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if program is None:
        raise SluiceError("java was not found", hint=f"install Java {OLDEST_JAVA}")
    said = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr
    version = said.partition('"')[2].partition(".")[0].partition('"')[0]
    if not version.isdigit() or int(version) < OLDEST_JAVA:
        raise SluiceError(f"java is {version or said.strip()}, {OLDEST_JAVA} is needed", where=program)
    return program


def kafka() -> Path:
    """The folder with the jars of Kafka. Raises SluiceError where they are not there and Maven cannot get them."""
    return once("kafka", POM, _get_kafka)


def registry() -> Path:
    """The folder with the registry's program. Raises SluiceError where it is not there and Maven cannot get it."""
    return once("registry", POM, _get_registry)


def _get_kafka(folder: Path) -> None:
    maven(POM, "dependency:copy-dependencies", f"-DoutputDirectory={folder}", "-DincludeScope=runtime")


def _get_registry(folder: Path) -> None:
    maven(POM, "dependency:copy", f"-DoutputDirectory={folder}")
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    archive.unlink()


def maven(pom: Path, *arguments: str) -> None:
    """Run Maven. Raises SluiceError where it is missing or fails."""
    program = shutil.which("mvn")
    if program is None:
        raise SluiceError("mvn was not found", hint="install Maven, which gets what is needed once")
    ended = subprocess.run([program, "-q", "-B", "-f", str(pom), *arguments], capture_output=True, text=True, check=False)
    if ended.returncode:
        said = next((line for line in ended.stdout.splitlines() if "ERROR" in line), ended.stderr.strip())
        raise SluiceError(f"Maven did not get the broker: {said}", where=str(pom), hint="check the network, or Maven's settings")


def once(name: str, pom: Path, get: Callable[[Path], None]) -> Path:
    """The folder of that name in the cache, which `get` fills once for each version of the pom; others wait meanwhile."""
    root = Path(os.environ.get("SLUICE_JARS") or REPOSITORY / ".jars")
    root.mkdir(parents=True, exist_ok=True)
    folder = root / f"{name}-{hashlib.sha256(pom.read_bytes()).hexdigest()[:12]}"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            part = folder.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            get(part)
            part.replace(folder)
    return folder
