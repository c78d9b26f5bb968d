"""Lints contracts of ODCS and runs them, all in one process of datacontract-cli's environment.

    python run_contracts.py lint FOLDER
    python run_contracts.py marts FOLDER DATABASE
    python run_contracts.py sources FOLDER EXTENSIONS

EXTENSIONS is a folder with DuckDB's extension for Delta; paths of the lake are from the current folder. Prints
one JSON object: of each contract, its checks that did not pass, by result.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections import Counter
from pathlib import Path

import duckdb
from datacontract.data_contract import DataContract
from datacontract.model.run import Run

logging.disable(logging.CRITICAL)
WHAT = sys.argv[1]


def judged(path: Path) -> Run:
    """What became of the checks of a contract."""
    if WHAT == "lint":
        return DataContract(data_contract_file=str(path)).lint()
    if WHAT == "marts":
        os.environ["DATACONTRACT_DUCKDB_DATABASE"] = sys.argv[3]
        return DataContract(data_contract_file=str(path)).test()
    with duckdb.connect(config={"extension_directory": sys.argv[3]}) as connection:
        connection.load_extension("delta")
        return DataContract(data_contract_file=str(path), duckdb_connection=connection).test()


def main() -> None:
    """Run those in a folder."""
    counts: Counter[str] = Counter()
    found: dict[str, list[tuple[str, str, str]]] = {}
    for path in sorted(Path(sys.argv[2]).rglob("*.odcs.yaml")):
        checks = [
            (one.result.value if one.result else "not run", one.name or "", one.reason or "") for one in judged(path).checks
        ]
        counts.update(result for result, *_ in checks)
        found[path.name] = [one for one in checks if one[0] != "passed"]
    print(json.dumps({"counts": counts, "found": found}))


if __name__ == "__main__":
    main()
