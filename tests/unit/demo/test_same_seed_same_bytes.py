"""Same seed: same bytes, whatever the threads and the size of the parts. Another seed: other data."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from sluice.demo import DemoOptions, generate, parse_faults

OPTIONS = DemoOptions(orders=1500, days=8, seed=3, faults=parse_faults("default"))


def digests(out: Path) -> dict[str, str]:
    files = sorted(path for path in out.rglob("*") if path.is_file())
    return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    out = tmp_path_factory.mktemp("reference")
    generate(replace(OPTIONS, threads=1), out)
    return digests(out)


@pytest.mark.parametrize(
    "other", [replace(OPTIONS, threads=4), replace(OPTIONS, orders_per_part=150), replace(OPTIONS, memory_limit="1GB")]
)
def test_threads_parts_and_memory_do_not_show(reference: dict[str, str], tmp_path: Path, other: DemoOptions) -> None:
    generate(other, tmp_path)
    assert digests(tmp_path) == reference


def test_another_seed_gives_other_data(reference: dict[str, str], tmp_path: Path) -> None:
    generate(replace(OPTIONS, seed=4), tmp_path)
    other = digests(tmp_path)
    shared = [path for path in other if path in reference and not path.startswith(("truth", "."))]
    assert len(shared) > 40
    assert all(other[path] != reference[path] for path in shared)


def test_faults_change_only_the_rows_they_hit(tmp_path: Path) -> None:
    generate(replace(OPTIONS, faults={}), tmp_path / "clean")
    generate(replace(OPTIONS, faults={"negative_price": 0.05}), tmp_path / "faulty")
    clean, faulty = digests(tmp_path / "clean"), digests(tmp_path / "faulty")
    changed = {path.split("/")[1] for path in clean if faulty[path] != clean[path] and "/" in path}
    assert changed == {"order_items", "faults.csv", "summary.json"}
