"""A folder: a file a day, a line of JSON for each alert."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sluice.alerts.channels.protocol import Strict, UnsentError
from sluice.alerts.message import Message


@dataclass(frozen=True)
class FileChannel(Strict):
    """`folder` is made where it does not exist."""

    folder: Path

    def send(self, message: Message, timeout: float) -> None:
        """Append a line, in one write and down to the disk."""
        del timeout
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / f"{message.at[:10]}.jsonl").open("ab", buffering=0) as file:
                file.write((message.as_json() + "\n").encode())
                os.fsync(file.fileno())
        except OSError as error:
            raise UnsentError(f"the file cannot be written: {error.strerror or error}", is_final=True) from None
