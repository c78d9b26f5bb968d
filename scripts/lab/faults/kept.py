"""What has been found so far, in a file: a run that is interrupted goes on where it stopped."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lab.faults.history import Size
from lab.faults.verdict import CleanDays, FaultVerdict
from sluice.core.errors import SluiceError


class Kept:
    """Verdicts and stretches of clean days, one JSON line each, below a line that says of which corpus and demo they are.

    Raises SluiceError where the file is of another corpus or demo. Without a file, nothing is kept.
    """

    def __init__(self, file: Path | None, version: str, size: Size) -> None:
        self._file = file
        self.verdicts: dict[str, FaultVerdict] = {}
        self.clean: dict[int, CleanDays] = {}
        head = {"version": version, "size": asdict(size)}
        if file is None:
            return
        if not file.is_file():
            self._append(head)
            return
        first, *lines = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
        if first != head:
            hint = "name another file: --kept"
            raise SluiceError("it has the results of another corpus or demo", where=str(file), hint=hint)
        for line in lines:
            self._take(line)

    def add(self, result: FaultVerdict | CleanDays, seed: int) -> None:
        """Remember a result; `seed` is that of its demo."""
        line = {"kind": type(result).__name__, "seed": seed, "found": asdict(result)}
        self._append(line)
        self._take(line)

    def _take(self, line: dict[str, Any]) -> None:
        found = line["found"]
        if line["kind"] == "CleanDays":
            self.clean[line["seed"]] = CleanDays(**found)
        else:
            self.verdicts[found["id"]] = FaultVerdict(**{**found, "by": tuple(found["by"])})

    def _append(self, line: dict[str, Any]) -> None:
        if self._file is not None:
            with self._file.open("a", encoding="utf-8") as out:
                out.write(json.dumps(line) + "\n")
