"""sqlfluff, called as it is: `python scripts/lint/sql.py lint models`.

It makes millions of objects that live until a file is done, and looking for garbage among them takes a third of its time.
"""

from __future__ import annotations

import gc
import sys

from sqlfluff.cli.commands import cli

OBJECTS_BEFORE_A_LOOK = 200_000

if __name__ == "__main__":
    gc.set_threshold(OBJECTS_BEFORE_A_LOOK, 20, 100)
    sys.exit(cli(prog_name="sqlfluff"))
