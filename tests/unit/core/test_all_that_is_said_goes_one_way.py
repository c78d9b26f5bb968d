"""What commands say on stderr goes through sluice.core.log, which alone can make JSON of it and hide secrets."""

from __future__ import annotations

import re

from tests.helpers.project import REPOSITORY

# A bar on a terminal, and a question to somebody at one: with SLUICE_LOG=json there is no bar, and a job is asked nothing.
ON_TERMINALS = {"core/progress.py", "commands/source.py"}
TO_STDERR = re.compile(r"file=sys\.stderr|err=True|sys\.stderr\.write|stderr=True")


def test_nothing_else_writes_to_stderr() -> None:
    package = REPOSITORY / "scripts" / "sluice"
    found = {str(path.relative_to(package)) for path in package.rglob("*.py") if TO_STDERR.search(path.read_text())}
    assert found == {"core/log.py", *ON_TERMINALS}
