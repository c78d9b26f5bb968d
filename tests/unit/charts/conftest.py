"""Series for the charts' tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest


@pytest.fixture
def series_file(tmp_path: Path) -> Callable[..., str]:
    """A CSV file with one value a day from 2026-01-01, a Thursday; None is a day without a row."""

    def write(values: Sequence[float | None], name: str = "series.csv", denominators: Sequence[float] | None = None) -> str:
        from datetime import date, timedelta

        lines = ["day,value" + (",denominator" if denominators else "")]
        for at, value in enumerate(values):
            more = f",{denominators[at]}" if denominators else ""
            if value is not None:
                lines.append(f"{date(2026, 1, 1) + timedelta(days=at)},{value}{more}")
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return str(path)

    return write
