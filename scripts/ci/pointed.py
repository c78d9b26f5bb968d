"""Print the release that an environment points to, as an output of a workflow's step: what was reviewed is what is promoted.

    PYTHONPATH=scripts .venv/bin/python -m ci.pointed staging >> "$GITHUB_OUTPUT"

Exit code 0, with an empty value where it points to none.
"""

from __future__ import annotations

import sys

from sluice.core.errors import SluiceError
from sluice.core.log import explain
from sluice.environments.context import here

if __name__ == "__main__":
    try:
        print(f"release={here().store.pointer(sys.argv[1]).release_id or ''}")
    except SluiceError as error:
        sys.exit(explain(error))
