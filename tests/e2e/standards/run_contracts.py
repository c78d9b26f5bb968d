"""Lints contracts of ODCS and runs them, all in one process of datacontract-cli's environment.

    python run_contracts.py FOLDER [DATABASE]

Without DATABASE, contracts are only linted. Prints one JSON object: of each contract, its checks that did not pass, by result.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections import Counter
from pathlib import Path

from datacontract.data_contract import DataContract

logging.disable(logging.CRITICAL)


def main() -> None:
    """Run those in a folder."""
    if len(sys.argv) > 2:
        os.environ["DATACONTRACT_DUCKDB_DATABASE"] = sys.argv[2]
    counts: Counter[str] = Counter()
    found: dict[str, list[tuple[str, str, str]]] = {}
    for path in sorted(Path(sys.argv[1]).rglob("*.odcs.yaml")):
        contract = DataContract(data_contract_file=str(path))
        run = contract.test() if len(sys.argv) > 2 else contract.lint()
        counts.update(check.result.value for check in run.checks)
        bad = [
            (check.result.value, check.name or "", check.reason or "") for check in run.checks if check.result.value != "passed"
        ]
        found[path.name] = bad
    print(json.dumps({"counts": counts, "found": found}))


if __name__ == "__main__":
    main()
